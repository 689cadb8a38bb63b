//! Keys and tokens as API objects, without secrets.

use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Subject, end_reason, mode};
use super::time::ApiTime;
use crate::domain::credential::EndReason;
use crate::domain::static_secret::Mode;
use crate::services::api_keys::{CreatedCredential, Rotated};
use crate::services::credential_names::NamedCredential;

/// A personal token. An API key has the same and more.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonalToken {
    id: String,
    name: String,
    /// Granted scopes. The effective ones never exceed the owner's.
    scopes: Vec<String>,
    /// First characters of the secret.
    prefix: String,
    /// The last four characters of the secret.
    last_four: String,
    created_at: ApiTime,
    created_by: Subject,
    #[schema(required)]
    expires_at: Option<ApiTime>,
    /// When it was last used, to the minute.
    #[schema(required)]
    last_used_at: Option<ApiTime>,
    #[schema(required)]
    last_used_ip: Option<String>,
    #[schema(required)]
    revoked_at: Option<ApiTime>,
    /// Why it was revoked; `leaked` if it was reported as leaked.
    #[schema(schema_with = end_reason, required)]
    revoked_reason: Option<&'static str>,
}

/// A personal token with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedToken {
    #[serde(flatten)]
    shown: PersonalToken,
    /// The secret. No other response has it.
    token: String,
}

/// An API key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKey {
    #[serde(flatten)]
    shown: PersonalToken,
    #[schema(schema_with = mode, required)]
    mode: Option<&'static str>,
    /// Whether it is unrestricted: it has all permissions of its owner.
    unrestricted: bool,
    /// The owner, whose role bounds its scopes.
    owner: Subject,
    /// Addresses and networks from which it may be used; `null` for any.
    #[schema(required)]
    allowed_addresses: Option<Vec<String>>,
    /// The key that replaced it in a rotation.
    #[schema(required)]
    replaced_by: Option<String>,
}

/// An API key with its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedKey {
    #[serde(flatten)]
    shown: ApiKey,
    /// The secret. No other response has it.
    api_key: String,
}

/// The new key of a rotation, with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct RotatedKey {
    #[serde(flatten)]
    created: CreatedKey,
    replaces: Replaced,
}

/// The replaced key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Replaced {
    id: String,
    /// When it stops working.
    expires_at: ApiTime,
}

impl PersonalToken {
    pub(super) fn new(named: &NamedCredential) -> Self {
        let credential = &named.credential;
        Self {
            id: credential.id.clone(),
            name: credential.name.clone(),
            scopes: credential.granted.named().iter().map(str::to_owned).collect(),
            prefix: credential.display_prefix.clone(),
            last_four: credential.last_four.clone(),
            created_at: ApiTime(credential.created_at),
            created_by: Subject::new(&credential.created_by, &named.creator_name),
            expires_at: credential.ends_at.map(ApiTime),
            last_used_at: credential.last_used_at.map(ApiTime),
            last_used_ip: credential.last_used_ip.clone(),
            revoked_at: credential.revoked_at.map(ApiTime),
            revoked_reason: credential.revoked_reason.map(EndReason::as_str),
        }
    }
}

impl CreatedToken {
    pub(super) fn new(created: &CreatedCredential) -> Self {
        Self { shown: PersonalToken::new(&created.named), token: created.secret.expose().to_owned() }
    }
}

impl ApiKey {
    pub(super) fn new(named: &NamedCredential) -> Self {
        let credential = &named.credential;
        Self {
            shown: PersonalToken::new(named),
            mode: credential.kind.mode().map(Mode::as_str),
            unrestricted: credential.granted.is_unrestricted(),
            owner: Subject::new(&credential.owner, &named.owner_name),
            allowed_addresses: credential.allowed_addresses.as_ref().map(|list| list.iter().collect()),
            replaced_by: credential.replaced_by.clone(),
        }
    }
}

impl CreatedKey {
    pub(super) fn new(created: &CreatedCredential) -> Self {
        Self { shown: ApiKey::new(&created.named), api_key: created.secret.expose().to_owned() }
    }
}

impl RotatedKey {
    pub(super) fn new(rotated: &Rotated) -> Self {
        let replaces = Replaced { id: rotated.old_id.clone(), expires_at: ApiTime(rotated.old_ends_at) };
        Self { created: CreatedKey::new(&rotated.created), replaces }
    }
}
