//! Responses of OAuth endpoints, with the extensions of Keystile to them.

use std::fmt;
use std::time::Duration;

use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenType};
use oauth2::{ErrorResponse, ExtraTokenFields, StandardTokenResponse, TokenResponse as _};
use serde::{Deserialize, Serialize};

use crate::duration;
use crate::error::ErrorKind;

/// A successful token response.
pub(crate) type TokenSet = StandardTokenResponse<SessionLifetimes, BasicTokenType>;

/// The lifetime of the access token; 5 minutes if the server does not say.
pub(crate) fn lifetime(tokens: &TokenSet) -> Duration {
    tokens.expires_in().unwrap_or(Duration::from_secs(300)).min(duration::LONGEST)
}

/// The lifetimes of the session that a refresh token belongs to, in seconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct SessionLifetimes {
    /// Without a refresh.
    #[serde(default)]
    refresh_token_timeout: Option<u64>,
    /// Absolute.
    #[serde(default)]
    authorization_expires_in: Option<u64>,
}

impl ExtraTokenFields for SessionLifetimes {}

impl SessionLifetimes {
    /// How long the session lives without a refresh.
    pub(crate) fn idle(self) -> Option<Duration> {
        let seconds = match (self.refresh_token_timeout, self.authorization_expires_in) {
            (Some(idle), Some(absolute)) => Some(idle.min(absolute)),
            (idle, absolute) => idle.or(absolute),
        };
        seconds.map(duration::seconds)
    }
}

/// An OAuth error response (RFC 6749, section 5.2), with the `error_code` of Keystile.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct OauthErrorResponse {
    #[serde(flatten)]
    standard: BasicErrorResponse,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
}

impl ErrorResponse for OauthErrorResponse {}

impl fmt::Display for OauthErrorResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.standard.fmt(formatter)
    }
}

impl OauthErrorResponse {
    /// Whether the error is `invalid_grant`.
    pub(crate) fn is_invalid_grant(&self) -> bool {
        matches!(self.standard.error(), BasicErrorResponseType::InvalidGrant)
    }

    /// The standard error code.
    pub(super) fn code(&self) -> &str {
        self.standard.error().as_ref()
    }

    pub(crate) fn into_kind(self) -> ErrorKind {
        refused(OauthError {
            code: self.standard.error().as_ref().to_owned(),
            description: self.standard.error_description().cloned(),
            error_code: self.error_code,
            organization: self.organization,
            settings_url: None,
        })
    }
}

/// An OAuth error from a response or a callback.
pub(crate) struct OauthError {
    pub(crate) code: String,
    pub(crate) description: Option<String>,
    /// The non-standard `error_code` of Keystile, more detailed than `code`.
    pub(crate) error_code: Option<String>,
    /// The organization that refused.
    pub(crate) organization: Option<String>,
    /// The page of its settings.
    pub(crate) settings_url: Option<String>,
}

/// Maps an OAuth error to an error kind.
pub(crate) fn refused(refusal: OauthError) -> ErrorKind {
    let OauthError { code, description, error_code, organization, settings_url } = refusal;
    match (code.as_str(), error_code.as_deref()) {
        (_, Some("personal_tokens_disabled")) => {
            ErrorKind::TokensDisabled { organization, settings_url, request_id: None }
        }
        ("access_denied", Some(detail)) => ErrorKind::LoginRefused { code: detail.to_owned(), description },
        ("access_denied", None) => ErrorKind::AccessDenied,
        (_, _) => ErrorKind::LoginRefused { code, description },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> OauthErrorResponse {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_detailed_code_takes_precedence() {
        let off = refusal(
            r#"{"error":"access_denied","error_code":"personal_tokens_disabled","organization":"Analytical"}"#,
        );
        let organization = Some("Analytical".into());
        let disabled = ErrorKind::TokensDisabled { organization, settings_url: None, request_id: None };
        assert_eq!(off.into_kind(), disabled);
        assert_eq!(refusal(r#"{"error":"access_denied"}"#).into_kind(), ErrorKind::AccessDenied);
        let codes_off = refusal(
            r#"{"error":"access_denied","error_code":"device_flow_disabled","error_description":"No codes."}"#,
        );
        assert_eq!(
            codes_off.into_kind(),
            ErrorKind::LoginRefused {
                code: "device_flow_disabled".into(),
                description: Some("No codes.".into())
            }
        );
        let grant = refusal(r#"{"error":"invalid_grant"}"#);
        assert!(grant.is_invalid_grant());
        assert_eq!(
            grant.into_kind(),
            ErrorKind::LoginRefused { code: "invalid_grant".into(), description: None }
        );
    }

    #[test]
    fn the_shorter_lifetime_of_the_session_counts() {
        let times =
            |text| serde_json::from_str::<SessionLifetimes>(text).unwrap().idle().map(|span| span.as_secs());
        assert_eq!(times(r#"{"refresh_token_timeout":90,"authorization_expires_in":60}"#), Some(60));
        assert_eq!(times(r#"{"refresh_token_timeout":90}"#), Some(90));
        assert_eq!(times("{}"), None);
    }
}
