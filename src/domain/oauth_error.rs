//! OAuth errors: what is sent to the client, and what is only logged.

use std::borrow::Cow;

use super::time::Time;

/// The error codes of RFC 6749 and its extensions that this server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthCode {
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InsufficientScope,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    ServerError,
    SlowDown,
    TemporarilyUnavailable,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
}

impl OAuthCode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::ExpiredToken => "expired_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::ServerError => "server_error",
            Self::SlowDown => "slow_down",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// The organization does not allow personal tokens. Sent as `error_code` in addition to `access_denied`.
pub const PERSONAL_TOKENS_DISABLED: &str = "personal_tokens_disabled";

/// The organization does not allow API keys.
pub const API_KEYS_DISABLED: &str = "api_keys_disabled";

/// The organization accepts personal tokens of owners and admins only.
pub const PERSONAL_TOKENS_ADMINS_ONLY: &str = "personal_tokens_admins_only";

/// The API key was used from an address that it does not allow.
pub const ADDRESS_NOT_ALLOWED: &str = "address_not_allowed";

/// The API key is limited to some addresses, so it cannot be exchanged for a token.
pub const ADDRESS_BOUND_KEY: &str = "address_bound_key";

/// The organization does not allow sign-in with a device code.
pub const DEVICE_FLOW_DISABLED: &str = "device_flow_disabled";

/// The organization does not allow copied codes.
pub const COPIED_CODES_DISABLED: &str = "copied_codes_disabled";

/// Too many requests came from one address.
pub const RATE_LIMITED: &str = "rate_limited";

/// The refresh token is genuine and was replaced by a newer one.
pub const REFRESH_TOKEN_REPLACED: &str = "refresh_token_replaced";

/// The user left the organization of the session, or was removed from it.
pub const MEMBERSHIP_ENDED: &str = "membership_ended";

/// Details for the holder of a replaced refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// When the session was last refreshed.
    pub last_rotation: Time,
    /// Whether the last refresh replaced this token; otherwise an earlier one did.
    pub by_last_rotation: bool,
    /// Whether the same installation made the last refresh; `None` unless both are identified.
    pub same_device: Option<bool>,
}

/// An OAuth error. `description` is sent to the client; `reason` is only logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    pub code: OAuthCode,
    /// A more specific code of this server.
    pub error_code: Option<&'static str>,
    /// The name of the organization whose policy forbids the request.
    pub organization: Option<String>,
    /// Set for a replaced refresh token.
    pub replaced: Option<Replaced>,
    pub description: Cow<'static, str>,
    pub reason: Cow<'static, str>,
}

impl OAuthError {
    pub fn new(
        code: OAuthCode,
        description: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code,
            error_code: None,
            organization: None,
            replaced: None,
            description: description.into(),
            reason: reason.into(),
        }
    }

    /// A malformed request. The description is logged too.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        Self::new(OAuthCode::InvalidRequest, description.clone(), description)
    }

    /// `invalid_grant`, with the same description for every reason.
    pub fn invalid_grant(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            OAuthCode::InvalidGrant,
            "The grant has ended, was already used, or was never issued.",
            reason,
        )
    }

    /// `invalid_grant` for a genuine refresh token that was replaced.
    pub fn refresh_token_replaced(replaced: Replaced, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            error_code: Some(REFRESH_TOKEN_REPLACED),
            replaced: Some(replaced),
            ..Self::new(
                OAuthCode::InvalidGrant,
                "This refresh token was replaced by a newer one. Sign in again.",
                reason,
            )
        }
    }

    /// `invalid_grant` for a genuine refresh token of a user who is no longer a member.
    pub fn membership_ended(organization: &str, reason: &'static str) -> Self {
        let description = format!(
            "The session ended with your membership in {organization}. Your other organizations are untouched."
        );
        Self {
            error_code: Some(MEMBERSHIP_ENDED),
            organization: Some(organization.to_owned()),
            ..Self::new(OAuthCode::InvalidGrant, printable(&description), reason)
        }
    }

    /// Failed client authentication. The description does not say what failed.
    pub fn invalid_client(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(OAuthCode::InvalidClient, "Client authentication failed.", reason)
    }

    /// The organization does not allow personal tokens.
    pub fn personal_tokens_disabled(organization: &str) -> Self {
        Self {
            code: OAuthCode::AccessDenied,
            error_code: Some(PERSONAL_TOKENS_DISABLED),
            organization: Some(organization.to_owned()),
            replaced: None,
            description: printable(&personal_tokens_off(organization)).into(),
            reason: "the organization does not allow personal tokens".into(),
        }
    }

    /// A policy of the organization, or a limit of the credential, forbids its use.
    pub fn forbidden(error_code: &'static str, description: &str) -> Self {
        Self {
            error_code: Some(error_code),
            ..Self::new(OAuthCode::AccessDenied, printable(description), error_code)
        }
    }

    /// The user could not approve: their role includes none of the requested scopes, or they are not a member of any
    /// organization.
    pub fn cannot_approve(has_organization: bool) -> Self {
        let description = if has_organization {
            "The user's role includes none of the requested scopes."
        } else {
            "The user is not a member of any organization."
        };
        Self::new(OAuthCode::AccessDenied, description, "the user could not approve")
    }

    /// The organization does not allow device codes, or not from the network where this one was entered.
    pub fn device_flow_disabled(organization: &str) -> Self {
        Self {
            code: OAuthCode::AccessDenied,
            error_code: Some(DEVICE_FLOW_DISABLED),
            organization: Some(organization.to_owned()),
            replaced: None,
            description: printable(&format!(
                "{organization} does not allow this sign-in with a device code. Sign in with a browser on the same computer, or ask an organization admin about Settings > API access > Device codes."
            ))
            .into(),
            reason: "the organization's policy on device codes".into(),
        }
    }
}

/// The description for clients if the organization does not allow personal tokens.
pub fn personal_tokens_off(organization: &str) -> String {
    format!(
        "{organization} does not allow personal tokens. An organization admin can turn them on at Settings > API access > Personal tokens."
    )
}

/// Replaces characters that RFC 6749 section 5.2 does not allow in `error_description`.
fn printable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '?' }).collect()
}
