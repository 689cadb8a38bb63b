//! Checks and output of the fields of a client.

use serde_json::{Value, json};

use super::AdminError;
use crate::config::Config;
use crate::domain::client::{Client, ClientKind};
use crate::domain::policy::PASTE_PATH;
use crate::domain::redirect_uri::RedirectUri;
use crate::domain::scope::ScopeSet;
use crate::services::accounts;

/// Maximum number of redirect URIs of a client.
const MAX_REDIRECT_URIS: usize = 20;

pub(super) fn unknown_client(id: &str) -> AdminError {
    AdminError::Refused(format!("There is no client {id}. `keystiled client list` shows them."))
}

pub(super) fn checked_name(name: &str) -> Result<String, AdminError> {
    let name = name.trim();
    // Bidirectional control characters could make a name read as another.
    let turned =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let fits = (1..=accounts::MAX_NAME).contains(&name.chars().count());
    if fits && !name.chars().any(|c| c.is_control() || turned(c)) {
        return Ok(name.to_owned());
    }
    Err(AdminError::Refused("--name needs 1 to 100 characters that can be seen.".to_owned()))
}

/// The redirect URI of the page that shows a code to copy.
pub(super) fn copied_code_uri(config: &Config) -> RedirectUri {
    RedirectUri::from_stored(config.server.public_url.join(PASTE_PATH))
}

/// What to register for `uris`. A native client can always use the page that shows a code to copy, because each
/// organization decides by itself whether codes may be copied.
pub(super) fn with_copied_codes(
    mut uris: Vec<RedirectUri>,
    kind: ClientKind,
    copied_code: &RedirectUri,
) -> Vec<RedirectUri> {
    if kind == ClientKind::Native && !uris.contains(copied_code) {
        uris.push(copied_code.clone());
    }
    uris
}

pub(super) fn checked_uris(texts: &[String]) -> Result<Vec<RedirectUri>, AdminError> {
    if texts.len() > MAX_REDIRECT_URIS {
        return Err(AdminError::Refused(format!(
            "A client may have at most {MAX_REDIRECT_URIS} redirect URIs."
        )));
    }
    texts
        .iter()
        .map(|text| {
            RedirectUri::register(text)
                .map_err(|why| AdminError::Refused(format!("{text} cannot be a redirect URI: {why}.")))
        })
        .collect()
}

pub(super) fn checked_scopes(config: &Config, ids: Vec<String>) -> Result<Option<ScopeSet>, AdminError> {
    if let Some(unknown) = ids.iter().find(|id| !config.catalog.contains(id)) {
        let known: Vec<&str> = config.catalog.ids().collect();
        return Err(AdminError::Refused(format!(
            "There is no scope {unknown}. The scopes are: {}.",
            known.join(", ")
        )));
    }
    Ok((!ids.is_empty()).then(|| ids.into_iter().collect()))
}

pub(super) fn to_json(client: &Client) -> Value {
    json!({
        "client_id": client.id,
        "name": client.name,
        "kind": client.kind.as_str(),
        "redirect_uris": client.redirect_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
        "scope": client.scopes.as_ref().map(ToString::to_string),
        "access_seconds": client.access.map(|access| access.num_seconds()),
        "created_at": client.created_at,
        "old_secret_ends_at": client.old_secret.map(|old| old.ends_at),
    })
}

pub(super) fn line(client: &Client) -> String {
    let uris: Vec<&str> = client.redirect_uris.iter().map(RedirectUri::as_str).collect();
    format!("{}  {}  {}  {}", client.id, client.kind.as_str(), client.name, uris.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ru_24_a_client_has_twenty_redirect_uris_at_most() {
        let uris = |count: usize| (0..count).map(|n| format!("https://app.example/{n}")).collect::<Vec<_>>();
        assert_eq!(MAX_REDIRECT_URIS, 20);
        assert_eq!(checked_uris(&uris(20)).map(|uris| uris.len()).ok(), Some(20));
        for too_many in [21, 50] {
            let refused = checked_uris(&uris(too_many)).unwrap_err().to_string();
            assert!(refused.contains("20 redirect URIs"), "{refused}");
        }
    }
}
