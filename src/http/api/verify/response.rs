//! Responses of verify.

use std::fmt::Write as _;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::answer::{Data, mode as modes};
use super::super::error::ApiError;
use super::super::rate_headers;
use crate::domain::rate_policy::Quota;
use crate::domain::static_secret::Mode;
use crate::services::authenticate::Principal;

const SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-auth-org");
const SCOPES: HeaderName = HeaderName::from_static("x-auth-scopes");
const CREDENTIAL: HeaderName = HeaderName::from_static("x-auth-credential");
const KIND: HeaderName = HeaderName::from_static("x-auth-kind");
const MODE: HeaderName = HeaderName::from_static("x-auth-mode");
/// Header with the body of a refusal, for proxies that discard bodies.
const ERROR: HeaderName = HeaderName::from_static("x-auth-error");

/// Form of the response.
#[derive(Debug, Clone, Copy)]
pub(super) enum ResponseForm {
    Headers,
    Body,
}

impl ResponseForm {
    pub(super) fn respond(self, decided: Result<PassedRequest, ApiError>) -> HttpResponse {
        match (self, decided) {
            (Self::Headers, Ok(passed)) => passed.with_quotas(headers(&passed.principal)),
            (Self::Body, Ok(passed)) => {
                let body = Data { data: Verified::new(&passed.principal) };
                passed.with_quotas(HttpResponse::Ok().json(body))
            }
            (Self::Headers, Err(error)) => with_error_header(&error),
            (Self::Body, Err(error)) => error.error_response(),
        }
    }
}

/// A request that was allowed.
pub(super) struct PassedRequest {
    pub(super) principal: Principal,
    /// Quotas of the rate policies that counted it.
    pub(super) quotas: Vec<Quota>,
}

impl PassedRequest {
    fn with_quotas(&self, mut answer: HttpResponse) -> HttpResponse {
        rate_headers::add(answer.headers_mut(), &self.quotas);
        answer
    }
}

/// Sets every header, because a missing one could be supplied by the client.
fn headers(principal: &Principal) -> HttpResponse {
    let Principal { credential, subject, organization, scopes, .. } = principal;
    HttpResponse::Ok()
        .insert_header((SUBJECT, subject.id().as_str()))
        .insert_header((ORGANIZATION, organization.id.as_str()))
        .insert_header((SCOPES, scopes.to_string()))
        .insert_header((CREDENTIAL, credential.id.as_str()))
        .insert_header((KIND, credential.kind.as_str()))
        .insert_header((MODE, mode(principal).as_str()))
        .finish()
}

/// The mode; credentials other than API keys count as live.
fn mode(principal: &Principal) -> Mode {
    principal.credential.mode.unwrap_or(Mode::Live)
}

/// Subject, credential and effective scopes.
#[derive(Serialize, ToSchema)]
pub(super) struct Verified {
    subject: VerifiedSubject,
    organization: VerifiedOrganization,
    credential: VerifiedCredential,
    /// Effective scopes.
    scopes: Vec<String>,
}

/// `user` or `service_account`.
#[derive(Serialize, ToSchema)]
pub(super) struct VerifiedSubject {
    kind: &'static str,
    id: String,
}

/// The organization that the credential belongs to.
#[derive(Serialize, ToSchema)]
pub(super) struct VerifiedOrganization {
    id: String,
    slug: String,
}

/// The credential.
#[derive(Serialize, ToSchema)]
pub(super) struct VerifiedCredential {
    id: String,
    /// `cli_session`, `personal_token` or `api_key`.
    kind: &'static str,
    #[schema(schema_with = modes)]
    mode: &'static str,
}

impl Verified {
    fn new(principal: &Principal) -> Self {
        let Principal { credential, subject, organization, scopes, .. } = principal;
        Self {
            subject: VerifiedSubject { kind: subject.id().kind(), id: subject.id().as_str().to_owned() },
            organization: VerifiedOrganization {
                id: organization.id.clone(),
                slug: organization.slug.clone(),
            },
            credential: VerifiedCredential {
                id: credential.id.clone(),
                kind: credential.kind.as_str(),
                mode: mode(principal).as_str(),
            },
            scopes: scopes.iter().map(str::to_owned).collect(),
        }
    }
}

fn with_error_header(error: &ApiError) -> HttpResponse {
    let mut answer = error.error_response();
    if let Ok(value) = HeaderValue::from_str(&ascii(&json!(error.body()))) {
        answer.headers_mut().insert(ERROR, value);
    }
    answer
}

/// JSON in ASCII, for a header.
fn ascii(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_header_is_the_same_json() {
        let value = json!({ "message": "Zoë \"✗\" 😀\n" });
        let text = ascii(&value);
        assert!(text.is_ascii() && HeaderValue::from_str(&text).is_ok());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
