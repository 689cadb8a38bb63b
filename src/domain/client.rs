//! OAuth clients.

use chrono::TimeDelta;

use super::oauth_error::{OAuthCode, OAuthError};
use super::redirect_uri::{MatchedRedirectUri, RedirectUri};
use super::scope::{Catalog, ScopeSet};
use super::secret::Digest;
use super::text_enum::text_enum;
use super::time::Time;

/// Client id of the companion CLI, which every deployment has.
pub const COMPANION: &str = "keystile-cli";

text_enum! {
    /// Client types of RFC 6749 section 2.1, by how the client runs.
    ClientKind {
        Native = "native",
        Browser = "browser",
        Confidential = "confidential",
        Metadata = "metadata",
    }
}

text_enum! {
    /// Grants that a client can be registered for.
    Grant {
        AuthorizationCode = "authorization_code",
        RefreshToken = "refresh_token",
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
    }
}

/// A client secret that was rotated out and is still accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldSecret {
    pub digest: Digest,
    pub ends_at: Time,
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    pub name: String,
    pub kind: ClientKind,
    /// Set for confidential clients only.
    pub secret: Option<Digest>,
    /// The secret before the last rotation, accepted until its end.
    pub old_secret: Option<OldSecret>,
    pub redirect_uris: Vec<RedirectUri>,
    /// Scopes that the client may request; `None` means all of the catalog.
    pub scopes: Option<ScopeSet>,
    pub grants: Vec<Grant>,
    /// The command that a user runs to sign in with this tool.
    pub command: Option<String>,
    /// Lifetime of its access tokens; `None` means the deployment's.
    pub access: Option<TimeDelta>,
    pub created_at: Time,
    pub disabled_at: Option<Time>,
    /// Increases with every change, so that cached copies can be recognized as outdated.
    pub version: i64,
}

impl Client {
    /// Whether the client has no secret.
    pub fn is_public(&self) -> bool {
        match self.kind {
            ClientKind::Native | ClientKind::Browser | ClientKind::Metadata => true,
            ClientKind::Confidential => false,
        }
    }

    /// Whether this is the digest of the current secret, or of the previous one while that is accepted. Always compares
    /// both, so that the time does not reveal which one matched.
    pub fn accepts_secret(&self, presented: Digest, now: Time) -> bool {
        let is_current = self.secret.is_some_and(|secret| secret == presented);
        let is_old = self.old_secret.is_some_and(|old| old.digest == presented && now < old.ends_at);
        is_current | is_old
    }

    pub fn allows(&self, grant: Grant) -> bool {
        self.grants.contains(&grant)
    }

    /// Rejects a grant that the client is not registered for, with `unauthorized_client`.
    pub fn permit(&self, grant: Grant) -> Result<(), OAuthError> {
        if self.allows(grant) { Ok(()) } else { Err(Self::not_permitted(grant)) }
    }

    /// The `unauthorized_client` error for this grant.
    pub fn not_permitted(grant: Grant) -> OAuthError {
        let description = match grant {
            Grant::AuthorizationCode => "This client may not use authorization codes.",
            Grant::RefreshToken => "This client may not use refresh tokens.",
            Grant::DeviceCode => "This client may not use device codes.",
        };
        OAuthError::new(OAuthCode::UnauthorizedClient, description, "grant not allowed")
    }

    /// The response target, if `requested` matches a registered redirect URI.
    pub fn match_redirect_uri(&self, requested: &str) -> Option<MatchedRedirectUri> {
        self.redirect_uris.iter().find_map(|registered| registered.match_requested(requested))
    }

    /// Scopes that the client may request.
    pub fn allowed_scopes(&self, catalog: &Catalog) -> ScopeSet {
        match &self.scopes {
            Some(scopes) => scopes.clone(),
            None => catalog.ids().map(str::to_owned).collect(),
        }
    }

    /// The scopes in effect: granted ∩ of the owner's role ∩ allowed for the client.
    pub fn effective_scopes(&self, catalog: &Catalog, granted: &ScopeSet, role: &str) -> ScopeSet {
        granted.intersection(&catalog.held_by(role)).intersection(&self.allowed_scopes(catalog))
    }

    /// Scopes of a request without `scope`.
    pub fn default_scopes(&self, catalog: &Catalog) -> ScopeSet {
        self.scopes.clone().unwrap_or_else(|| catalog.defaults())
    }
}

#[cfg(test)]
impl Client {
    /// A public client for unit tests.
    pub(crate) fn sample(id: &str, kind: ClientKind) -> Self {
        Self {
            id: id.to_owned(),
            name: "Site".to_owned(),
            kind,
            secret: None,
            old_secret: None,
            redirect_uris: Vec::new(),
            scopes: None,
            grants: Vec::new(),
            command: None,
            access: None,
            created_at: super::time::of_system_clock(),
            disabled_at: None,
            version: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ca_03_an_old_secret_is_accepted_until_it_ends() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000).unwrap();
        let (new, old) = (Digest::of("new"), Digest::of("old"));
        let client = Client {
            secret: Some(new),
            old_secret: Some(OldSecret { digest: old, ends_at: at(100) }),
            ..Client::sample("site", ClientKind::Confidential)
        };
        assert!(client.accepts_secret(new, at(99)) && client.accepts_secret(new, at(100)));
        assert!(client.accepts_secret(old, at(99)) && !client.accepts_secret(old, at(100)));
        assert!(!client.accepts_secret(Digest::of("other"), at(0)));
        let without = Client { secret: None, old_secret: None, ..client };
        assert!(!without.accepts_secret(Digest::of(""), at(0)));
    }
}
