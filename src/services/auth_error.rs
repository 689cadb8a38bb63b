//! Errors of authentication: the credential is missing, not valid, or not sufficient.

use crate::config::Config;
use crate::domain::scope::ScopeSet;
use crate::store::RefusalReason;
use crate::store::organizations::Organization;

/// An authentication error. One table, in `http/auth_error.rs`, maps them to HTTP responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// No credential was presented.
    Missing,
    /// Several credentials were presented, and they differ.
    Ambiguous,
    /// A credential was presented in the query of the URL.
    InQuery,
    /// The credential was not issued by this server.
    Invalid,
    Expired,
    /// Revoked, or its owner or its client is gone.
    Revoked,
    /// The organization does not allow personal tokens.
    PersonalTokensOff {
        organization: String,
        slug: String,
        settings_url: String,
    },
    /// The organization allows personal tokens for owners and admins only.
    PersonalTokensAdminsOnly {
        organization: String,
    },
    /// The organization does not allow API keys.
    ApiKeysOff {
        organization: String,
    },
    /// The key may not be used from the address of the request.
    AddressNotAllowed,
    /// The credential is valid, but does not have these scopes.
    InsufficientScope {
        required: ScopeSet,
        /// The name of the response header that lists them.
        header: String,
    },
}

impl RefusalReason for AuthError {}

impl AuthError {
    pub(super) fn personal_tokens_off(config: &Config, organization: &Organization) -> Self {
        let Organization { name, slug, .. } = organization;
        Self::PersonalTokensOff {
            organization: name.clone(),
            slug: slug.clone(),
            settings_url: config.server.public_url.join(&format!("/o/{slug}/settings/api-access")),
        }
    }

    /// The credential does not have these scopes.
    pub fn insufficient_scope(config: &Config, required: ScopeSet) -> Self {
        Self::InsufficientScope { required, header: format!("{}-Required-Scopes", config.brand.header) }
    }
}
