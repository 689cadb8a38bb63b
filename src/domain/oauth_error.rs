//! Refusals of the OAuth endpoints: what is sent, and what is only logged.

use std::borrow::Cow;

use super::time::Time;

/// The error codes of RFC 6749 and its extensions that this server answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthCode {
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
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
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
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

/// The organization's switch is off: the one refusal that says more than RFC 6749 has a code for.
pub const PERSONAL_TOKENS_DISABLED: &str = "personal_tokens_disabled";

/// The organization does not allow API keys.
pub const API_KEYS_DISABLED: &str = "api_keys_disabled";

/// The organization allows personal tokens to its owners and admins alone.
pub const PERSONAL_TOKENS_ADMINS_ONLY: &str = "personal_tokens_admins_only";

/// The API key may not be used from where it was used.
pub const ADDRESS_NOT_ALLOWED: &str = "address_not_allowed";

/// The API key works from some addresses only, so nothing is given in exchange for it.
pub const ADDRESS_BOUND_KEY: &str = "address_bound_key";

/// The organization does not let its members sign in with a device code.
pub const DEVICE_FLOW_DISABLED: &str = "device_flow_disabled";

/// The organization does not allow codes to be copied.
pub const COPIED_CODES_DISABLED: &str = "copied_codes_disabled";

/// Too many requests came from one address.
pub const RATE_LIMITED: &str = "rate_limited";

/// The refresh token is genuine, and a newer one has replaced it.
pub const REFRESH_TOKEN_REPLACED: &str = "refresh_token_replaced";

/// What the holder of a replaced refresh token learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// When the session was refreshed the last time.
    pub last_rotation: Time,
    /// Whether that refresh replaced this very token; otherwise an earlier one did.
    pub by_last_rotation: bool,
    /// Whether the same installation made that refresh; `None` unless both said which they are.
    pub same_device: Option<bool>,
}

/// A refusal. `description` is sent; `reason` is for the log alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    pub code: OAuthCode,
    /// A code of our own, where it says more than `code`.
    pub error_code: Option<&'static str>,
    /// The name of the organization that refuses, where one does.
    pub organization: Option<String>,
    /// For a refresh token that a newer one has replaced.
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

    /// A malformed request. What is wrong with it is no secret.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        Self::new(OAuthCode::InvalidRequest, description.clone(), description)
    }

    /// A grant that gives nothing. All of them read the same from outside.
    pub fn invalid_grant(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            OAuthCode::InvalidGrant,
            "The grant has ended, was already used, or was never issued.",
            reason,
        )
    }

    /// A grant that gives nothing because its genuine refresh token is an old one.
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

    /// Failed client authentication. Which part failed is not said.
    pub fn invalid_client(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(OAuthCode::InvalidClient, "Client authentication failed.", reason)
    }

    /// Personal tokens are off in this organization.
    pub fn personal_tokens_disabled(organization: &str) -> Self {
        Self {
            code: OAuthCode::AccessDenied,
            error_code: Some(PERSONAL_TOKENS_DISABLED),
            organization: Some(organization.to_owned()),
            replaced: None,
            description: printable(&format!(
                "{organization} does not allow personal tokens. An organization admin can turn them on at Settings > API access > Personal tokens."
            ))
            .into(),
            reason: "the organization's switch is off".into(),
        }
    }

    /// What the organization or the credential itself has against its use.
    pub fn forbidden(error_code: &'static str, description: &str) -> Self {
        Self {
            error_code: Some(error_code),
            ..Self::new(OAuthCode::AccessDenied, printable(description), error_code)
        }
    }

    /// The person who was asked could not approve: no role of theirs holds what was requested, or they have none.
    pub fn cannot_approve(has_organization: bool) -> Self {
        let description = if has_organization {
            "The role of the person does not hold what was requested."
        } else {
            "The person belongs to no organization here."
        };
        Self::new(OAuthCode::AccessDenied, description, "the person could not approve")
    }

    /// The organization does not allow device codes, or not from where this one was entered.
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

/// Replaces what RFC 6749 section 5.2 does not allow in `error_description`.
fn printable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '?' }).collect()
}
