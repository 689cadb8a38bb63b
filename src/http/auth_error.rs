//! Maps authentication errors to responses: one table for the management API, the token endpoint, userinfo and
//! introspection.

use actix_web::HttpResponseBuilder;
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};

use super::RETRY_SECONDS;
use super::api::error_code::ErrorCode;
use crate::domain::oauth_error::{
    ADDRESS_NOT_ALLOWED, API_KEYS_DISABLED, OAuthCode, PERSONAL_TOKENS_ADMINS_ONLY, PERSONAL_TOKENS_DISABLED,
    personal_tokens_off,
};
use crate::services::auth_error::AuthError;
use crate::store::{StoreError, TxError};
use crate::web::request_id;

/// A row of the table.
pub(super) struct Row {
    pub(super) status: StatusCode,
    /// `error.code` of the management API.
    pub(super) api_code: ErrorCode,
    /// `error` of the OAuth endpoints (RFC 6750 section 3.1); they send no body without one.
    pub(super) oauth_code: Option<OAuthCode>,
    /// `error_code` of the OAuth endpoints, where it says more than `error`.
    pub(super) error_code: Option<&'static str>,
    pub(super) challenge: Challenge,
    pub(super) message: String,
    /// One more header.
    header: Option<(String, String)>,
}

/// The form of `WWW-Authenticate` (RFC 6750 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Challenge {
    /// No header: the response would be the same with another credential.
    None,
    /// No credential was presented, so no error is named.
    Realm,
    Error,
    ErrorAndDescription,
    /// The error, and the required scopes.
    ErrorAndScope,
}

impl Row {
    fn new(
        status: StatusCode,
        api_code: ErrorCode,
        oauth: (Option<OAuthCode>, Option<&'static str>),
        challenge: Challenge,
        message: impl Into<String>,
    ) -> Self {
        let (oauth_code, error_code) = oauth;
        Self { status, api_code, oauth_code, error_code, challenge, message: message.into(), header: None }
    }

    /// Adds the headers of the row.
    pub(super) fn add_headers(&self, answer: &mut HttpResponseBuilder) {
        if let Some(challenge) = self.challenge() {
            answer.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Some((name, value)) = &self.header {
            answer.insert_header((name.as_str(), value.as_str()));
        }
    }

    fn challenge(&self) -> Option<String> {
        const REALM: &str = r#"Bearer realm="api""#;
        let error = self.oauth_code.map_or("", OAuthCode::as_str);
        match self.challenge {
            Challenge::None => None,
            Challenge::Realm => Some(REALM.to_owned()),
            Challenge::Error => Some(format!(r#"{REALM}, error="{error}""#)),
            Challenge::ErrorAndDescription => {
                Some(format!(r#"{REALM}, error="{error}", error_description="{}""#, self.message))
            }
            Challenge::ErrorAndScope => {
                let scope = self.header.as_ref().map_or("", |(_, scopes)| scopes);
                Some(format!(r#"{REALM}, error="{error}", scope="{scope}""#))
            }
        }
    }
}

/// The table.
pub(super) fn row(error: &AuthError) -> Row {
    use Challenge::{Error, ErrorAndDescription, ErrorAndScope, Realm};
    use OAuthCode::{AccessDenied, InsufficientScope, InvalidRequest, InvalidToken};

    const BAD_REQUEST: StatusCode = StatusCode::BAD_REQUEST;
    const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;

    match error {
        AuthError::Missing => Row::new(
            UNAUTHORIZED,
            ErrorCode::MissingCredential,
            (None, None),
            Realm,
            "No credential was presented.",
        ),
        AuthError::Ambiguous => Row::new(
            BAD_REQUEST,
            ErrorCode::AmbiguousCredentials,
            (Some(InvalidRequest), None),
            Error,
            "More than one credential was presented. Send one, in one place.",
        ),
        AuthError::InQuery => Row::new(
            BAD_REQUEST,
            ErrorCode::CredentialInQuery,
            (Some(InvalidRequest), None),
            Error,
            "A credential does not belong in a URL. Send it in a header.",
        ),
        AuthError::Invalid => Row::new(
            UNAUTHORIZED,
            ErrorCode::InvalidApiKey,
            (Some(InvalidToken), None),
            ErrorAndDescription,
            "The credential is not valid.",
        ),
        AuthError::Expired => Row::new(
            UNAUTHORIZED,
            ErrorCode::ExpiredApiKey,
            (Some(InvalidToken), None),
            ErrorAndDescription,
            "The credential has expired.",
        ),
        AuthError::Revoked => Row::new(
            UNAUTHORIZED,
            ErrorCode::RevokedApiKey,
            (Some(InvalidToken), None),
            ErrorAndDescription,
            "The credential was revoked.",
        ),
        AuthError::PersonalTokensOff { organization, .. } => Row::new(
            FORBIDDEN,
            ErrorCode::PersonalTokensDisabled,
            (Some(AccessDenied), Some(PERSONAL_TOKENS_DISABLED)),
            Challenge::None,
            personal_tokens_off(organization),
        ),
        AuthError::PersonalTokensAdminsOnly { organization } => Row::new(
            FORBIDDEN,
            ErrorCode::PersonalTokensAdminsOnly,
            (Some(AccessDenied), Some(PERSONAL_TOKENS_ADMINS_ONLY)),
            Challenge::None,
            format!("{organization} allows personal tokens for owners and admins only."),
        ),
        AuthError::ApiKeysOff { organization } => Row::new(
            FORBIDDEN,
            ErrorCode::ApiKeysDisabled,
            (Some(AccessDenied), Some(API_KEYS_DISABLED)),
            Challenge::None,
            format!("{organization} does not allow API keys. An organization admin can turn them on."),
        ),
        AuthError::AddressNotAllowed => Row::new(
            FORBIDDEN,
            ErrorCode::AddressNotAllowed,
            (Some(AccessDenied), Some(ADDRESS_NOT_ALLOWED)),
            Challenge::None,
            "The API key may not be used from this address. Use it from an allowed address, or create a key that allows this one.",
        ),
        AuthError::InsufficientScope { required, header } => {
            let message = format!("The credential does not have the required scope: {required}.");
            let header = Some((header.clone(), required.to_string()));
            let oauth = (Some(InsufficientScope), None);
            Row { header, ..Row::new(FORBIDDEN, ErrorCode::InsufficientScope, oauth, ErrorAndScope, message) }
        }
    }
}

/// The row for a store failure, after which the credential could not be checked.
pub(super) fn store_row(error: &StoreError) -> Row {
    match error {
        StoreError::Unavailable(_) => Row {
            header: Some((RETRY_AFTER.to_string(), RETRY_SECONDS.to_owned())),
            ..Row::new(
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::TemporarilyUnavailable,
                (Some(OAuthCode::TemporarilyUnavailable), None),
                Challenge::None,
                "The server is temporarily unavailable. Try again; repeat a POST with the same Idempotency-Key.",
            )
        },
        StoreError::Conflict(_) | StoreError::Failed(_) => Row::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::InternalError,
            (Some(OAuthCode::ServerError), None),
            Challenge::None,
            "Something went wrong on the server.",
        ),
    }
}

/// The row for a failed authentication.
pub(super) fn row_of(error: &TxError<AuthError>) -> Row {
    match error {
        TxError::Refused(error) => row(error),
        TxError::Store(error) => store_row(error),
    }
}

/// Logs the reason; the response has only what the client may know.
pub(super) fn log(error: &TxError<AuthError>, row: &Row) {
    match error {
        TxError::Refused(_) => log_refused(row),
        TxError::Store(error) => log_store(error),
    }
}

pub(super) fn log_refused(row: &Row) {
    tracing::info!(request_id = request_id::current(), reason = row.message, "refused");
}

pub(super) fn log_store(error: &StoreError) {
    let request_id = request_id::current();
    match error {
        StoreError::Unavailable(_) => tracing::warn!(request_id, %error, "the request cannot be served now"),
        StoreError::Conflict(_) | StoreError::Failed(_) => tracing::error!(request_id, %error, "failed"),
    }
}

#[cfg(test)]
mod tests;
