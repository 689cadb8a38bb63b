//! Keys and tokens as the API shows them: everything but their secrets.

use serde_json::{Value, json};

use crate::domain::static_secret::StaticKind;
use crate::domain::subject::SubjectId;
use crate::services::api_keys::Created;
use crate::services::named::Named;

/// A key or a token. Keys say besides whose they are, whether live or test, and from where they may be used.
pub(super) fn credential(named: &Named) -> Value {
    let credential = &named.credential;
    let mut shown = json!({
        "id": credential.id,
        "name": credential.name,
        "scopes": credential.granted.named().iter().collect::<Vec<_>>(),
        "prefix": credential.display_prefix,
        "lastFour": credential.last_four,
        "createdAt": credential.created_at,
        "createdBy": subject(&credential.created_by, &named.creator_name),
        "expiresAt": credential.ends_at,
        "lastUsedAt": credential.last_used_at,
        "lastUsedIp": credential.last_used_ip,
        "revokedAt": credential.revoked_at,
    });
    match credential.kind {
        StaticKind::PersonalToken => {}
        StaticKind::ApiKey(mode) => {
            let addresses = credential.allowed_addresses.as_ref();
            shown["mode"] = json!(mode.as_str());
            shown["unrestricted"] = json!(credential.granted.is_unrestricted());
            shown["owner"] = subject(&credential.owner, &named.owner_name);
            shown["allowedAddresses"] = json!(addresses.map(|list| list.iter().collect::<Vec<_>>()));
            shown["replacedBy"] = json!(credential.replaced_by);
        }
    }
    shown
}

/// The same with the secret, this once.
pub(super) fn created(created: &Created) -> Value {
    let mut shown = credential(&created.named);
    let field = match created.named.credential.kind {
        StaticKind::ApiKey(_) => "apiKey",
        StaticKind::PersonalToken => "token",
    };
    shown[field] = json!(created.secret.expose());
    shown
}

fn subject(subject: &SubjectId, name: &str) -> Value {
    json!({ "kind": subject.kind(), "id": subject.as_str(), "name": name })
}
