//! Error codes of the API. A code determines status, family and remedy.

use actix_web::http::StatusCode;
use serde::{Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::answer::one_of;
use crate::domain::text_enum::text_enum;

text_enum! {
    /// The family of an error.
    ErrorType {
        InvalidRequest = "invalid_request",
        AuthError = "auth_error",
        PermissionError = "permission_error",
        NotFound = "not_found",
        Conflict = "conflict",
        RateLimitError = "rate_limit_error",
        ApiError = "api_error",
    }
}

text_enum! {
    ErrorCode {
        InvalidRequest = "invalid_request",
        AmbiguousCredentials = "ambiguous_credentials",
        CredentialInQuery = "credential_in_query",
        MissingCredential = "missing_credential",
        InvalidApiKey = "invalid_api_key",
        ExpiredApiKey = "expired_api_key",
        RevokedApiKey = "revoked_api_key",
        InsufficientScope = "insufficient_scope",
        NotPermitted = "not_permitted",
        NeedsPerson = "needs_person",
        ApiKeysDisabled = "api_keys_disabled",
        PersonalTokensDisabled = "personal_tokens_disabled",
        PersonalTokensAdminsOnly = "personal_tokens_admins_only",
        AddressNotAllowed = "address_not_allowed",
        NotFound = "not_found",
        Ended = "ended",
        LastOwner = "last_owner",
        IdempotencyConflict = "idempotency_conflict",
        TooLarge = "too_large",
        UnsupportedMediaType = "unsupported_media_type",
        InvalidParameter = "invalid_parameter",
        RateLimited = "rate_limited",
        InternalError = "internal_error",
        TemporarilyUnavailable = "temporarily_unavailable",
    }
}

impl ErrorCode {
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::AmbiguousCredentials | Self::CredentialInQuery => {
                StatusCode::BAD_REQUEST
            }
            Self::MissingCredential | Self::InvalidApiKey | Self::ExpiredApiKey | Self::RevokedApiKey => {
                StatusCode::UNAUTHORIZED
            }
            Self::InsufficientScope
            | Self::NotPermitted
            | Self::NeedsPerson
            | Self::ApiKeysDisabled
            | Self::PersonalTokensDisabled
            | Self::PersonalTokensAdminsOnly
            | Self::AddressNotAllowed => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Ended | Self::LastOwner | Self::IdempotencyConflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidParameter => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub fn family(self) -> ErrorType {
        match self {
            Self::InvalidRequest
            | Self::AmbiguousCredentials
            | Self::CredentialInQuery
            | Self::TooLarge
            | Self::UnsupportedMediaType
            | Self::InvalidParameter => ErrorType::InvalidRequest,
            Self::MissingCredential | Self::InvalidApiKey | Self::ExpiredApiKey | Self::RevokedApiKey => {
                ErrorType::AuthError
            }
            Self::InsufficientScope
            | Self::NotPermitted
            | Self::NeedsPerson
            | Self::ApiKeysDisabled
            | Self::PersonalTokensDisabled
            | Self::PersonalTokensAdminsOnly
            | Self::AddressNotAllowed => ErrorType::PermissionError,
            Self::NotFound => ErrorType::NotFound,
            Self::Ended | Self::LastOwner | Self::IdempotencyConflict => ErrorType::Conflict,
            Self::RateLimited => ErrorType::RateLimitError,
            Self::InternalError | Self::TemporarilyUnavailable => ErrorType::ApiError,
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::InvalidRequest => "Correct the request; the message says what is wrong with it.",
            Self::AmbiguousCredentials => "Send one credential, in one header.",
            Self::CredentialInQuery => {
                "Send the credential in a header. Replace the one that was in the URL: it may be in logs."
            }
            Self::MissingCredential => "Send Authorization: Bearer or X-API-Key.",
            Self::InvalidApiKey => "Check that the credential is complete and was issued by this server.",
            Self::ExpiredApiKey => "Create a new credential, or sign in again.",
            Self::RevokedApiKey => {
                "Create a new credential, or sign in again; the audit log says who revoked it."
            }
            Self::InsufficientScope => "Use a credential with the scopes in required_scopes.",
            Self::NotPermitted => "Ask an owner or admin of the organization.",
            Self::NeedsPerson => "Do it in a browser, signed in as an owner.",
            Self::ApiKeysDisabled => "Ask an owner or admin to turn API keys on.",
            Self::PersonalTokensDisabled => "Ask an owner or admin to turn personal tokens on.",
            Self::PersonalTokensAdminsOnly => {
                "Ask an owner or admin to allow personal tokens for all members."
            }
            Self::AddressNotAllowed => {
                "Use the API key from an allowed address, or create one that allows this address."
            }
            Self::NotFound => "Check the id, and that it belongs to the credential's organization.",
            Self::Ended => "Create a new one; one that has ended cannot be changed.",
            Self::LastOwner => "Make another member an owner first.",
            Self::IdempotencyConflict => "Use a new Idempotency-Key for each operation.",
            Self::TooLarge => "Send a smaller body.",
            Self::UnsupportedMediaType => "Send Content-Type: application/json.",
            Self::InvalidParameter => "Correct the field named in param.",
            Self::RateLimited => "Wait for the number of seconds in Retry-After.",
            Self::InternalError => {
                "Try again; if it happens again, send the request_id to the operator of the server."
            }
            Self::TemporarilyUnavailable => {
                "Try again after the number of seconds in Retry-After. Repeat a POST with the same Idempotency-Key: it may have taken effect."
            }
        }
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        one_of(Self::ALL.iter().map(|code| code.as_str()))
    }
}

impl ToSchema for ErrorCode {}

impl Serialize for ErrorType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl PartialSchema for ErrorType {
    fn schema() -> RefOr<Schema> {
        one_of(Self::ALL.iter().map(|family| family.as_str()))
    }
}

impl ToSchema for ErrorType {}
