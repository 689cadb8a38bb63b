//! Presenting a credential: what stands behind it right now.
//!
//! A signature says what was true when a token was issued, and a row what was true when a key was made. Whether it still
//! lives, who its owner is today and what the organization allows is read at every use.

mod session;
mod static_secret;

pub use session::{check_access, check_refresh};

use std::net::IpAddr;

use super::bounds::Bounds;
use super::refusal::Refusal;
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::credential::CredentialKind;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Digest;
use crate::domain::static_secret::Mode;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::domain::usage::CredentialRef;
use crate::keys::jwt::AccessClaims;
use crate::store::batched::credential_holders::HeldCredential;
use crate::store::organizations::Organization;
use crate::store::service_accounts::ServiceAccount;
use crate::store::users::User;
use crate::store::{Conn, RefusalReason, TxError};

/// What was presented, once its form holds.
#[derive(Debug)]
pub enum PresentedToken {
    /// An access token whose signature holds: of a CLI session, or given in exchange for a key or a token.
    Access(AccessClaims),
    /// The digest of an API key or a personal token whose checksum holds.
    Static(Digest),
}

/// Which audiences of access tokens are accepted. Keys and personal tokens have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// This server.
    Issuer,
    /// The resource with this id, as it is configured.
    Resource(String),
    /// All that this server makes tokens for.
    Any,
}

impl Audience {
    fn accepts(&self, config: &Config, aud: &str) -> bool {
        let is_issuer = aud == config.server.public_url.as_str();
        match self {
            Self::Issuer => is_issuer,
            Self::Resource(id) => aud == id,
            Self::Any => is_issuer || config.resources.iter().any(|resource| resource.id == aud),
        }
    }
}

/// Who calls, with what, and what that allows at this moment.
#[derive(Debug, Clone)]
pub struct Principal {
    pub credential: CredentialInfo,
    pub subject: Subject,
    pub organization: Organization,
    /// The role of the subject, today.
    pub role: String,
    /// The tool that holds a CLI session; keys and tokens belong to none.
    pub client: Option<Client>,
    /// Granted ∩ role ∩ organization ∩ client.
    pub scopes: ScopeSet,
}

/// The credential behind a call, whichever kind it is.
#[derive(Debug, Clone)]
pub struct CredentialInfo {
    pub id: String,
    pub kind: CredentialKind,
    /// Of API keys alone.
    pub mode: Option<Mode>,
    /// Whether it works from some addresses only.
    pub bound_to_addresses: bool,
    pub name: String,
    pub created_at: Time,
    pub ends_at: Option<Time>,
    pub last_used_at: Option<Time>,
}

/// On whose behalf a credential acts.
#[derive(Debug, Clone)]
pub enum Subject {
    User(User),
    ServiceAccount(ServiceAccount),
}

impl Subject {
    pub fn id(&self) -> SubjectId {
        match self {
            Self::User(user) => SubjectId::User(user.id.clone()),
            Self::ServiceAccount(account) => SubjectId::ServiceAccount(account.id.clone()),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => &user.name,
            Self::ServiceAccount(account) => &account.name,
        }
    }

    pub fn user(&self) -> Option<&User> {
        match self {
            Self::User(user) => Some(user),
            Self::ServiceAccount(_) => None,
        }
    }
}

/// Why a credential gives nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It was never one of ours.
    Invalid,
    Expired,
    /// Revoked, or its owner or its client is gone.
    Revoked,
    /// The organization does not allow personal tokens.
    SwitchedOff {
        name: String,
        slug: String,
    },
    /// It allows those of its owners and admins alone.
    AdminsOnly {
        name: String,
    },
    /// It does not allow API keys.
    KeysOff {
        name: String,
    },
    /// The key may not be used from there.
    Address,
}

impl RefusalReason for Refused {}

/// What is left of a credential.
pub struct RecheckedCredential {
    pub scopes: ScopeSet,
    pub bounds: Bounds,
}

/// Looks at a credential that was presented before, inside the transaction of what it asks for. `role` is its owner's.
pub fn recheck(
    conn: &mut Conn,
    config: &Config,
    organization: &Organization,
    role: &str,
    credential: (CredentialKind, &str),
    now: Time,
) -> Result<RecheckedCredential, TxError<Refusal>> {
    let left = match credential {
        (CredentialKind::CliSession, id) => session::recheck(conn, organization, id, now)
            .map(|scopes| RecheckedCredential { scopes, bounds: Bounds::default() }),
        (CredentialKind::ApiKey | CredentialKind::PersonalToken, _) => {
            let policy = organization.key_policy(&config.organizations);
            static_secret::recheck(conn, config, organization, role, credential, now).map(|credential| {
                RecheckedCredential {
                    scopes: policy.effective_scopes(&credential.granted, &config.catalog, role),
                    bounds: Bounds::of(&credential),
                }
            })
        }
    };
    left.map_err(|error| error.map(Refusal::Credential))
}

/// What stands behind a token.
#[derive(Debug)]
pub struct CheckResult {
    /// The credential that was presented, let in or not. `None` if it was never one of ours.
    pub credential: Option<CredentialRef>,
    pub verdict: Result<Principal, Refused>,
}

/// Judges what was found behind a secret.
pub fn check_static(
    config: &Config,
    found: Option<HeldCredential>,
    address: Option<IpAddr>,
    now: Time,
) -> CheckResult {
    match found {
        Some(held) => static_secret::check(config, held, address, now),
        None => CheckResult { credential: None, verdict: Err(Refused::Invalid) },
    }
}
