//! Error responses in the OpenAPI document. Each is one component, which the operations reference.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use utoipa::openapi::header::Header;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};

use super::caller::Caller;
use super::error::ErrorAnswer;
use super::error_code::ErrorCode;
use super::write_request::WriteRequest;

/// 400: a malformed query.
pub(super) struct Malformed;

/// 404: the object does not exist, or not for the caller.
pub(super) struct Unknown;

/// 422: a field of the body has an invalid value.
pub(super) struct Invalid;

/// 429: too many requests.
pub(super) struct Limited;

/// Errors of reading a request body.
pub(super) struct Reading;

/// 500 and 503, for every operation.
pub(super) struct Failures;

fn named(statuses: &[StatusCode]) -> BTreeMap<String, RefOr<Response>> {
    let one = |status: &StatusCode| {
        (status.as_str().to_owned(), RefOr::Ref(Ref::from_response_name(component(*status))))
    };
    statuses.iter().map(one).collect()
}

/// `NotFound`
fn component(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().split([' ', '-']).collect()
}

impl IntoResponses for Failures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        named(&[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE])
    }
}

impl IntoResponses for Caller {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses =
            named(&[StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN]);
        responses.extend(Limited::responses());
        responses.extend(Failures::responses());
        responses
    }
}

impl<T> IntoResponses for WriteRequest<T> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = Caller::responses();
        responses.extend(Reading::responses());
        responses.extend(named(&[StatusCode::CONFLICT]));
        responses
    }
}

impl IntoResponses for Reading {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        named(&[StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE])
    }
}

impl IntoResponses for Malformed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        named(&[StatusCode::BAD_REQUEST])
    }
}

impl IntoResponses for Unknown {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        named(&[StatusCode::NOT_FOUND])
    }
}

impl IntoResponses for Invalid {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        named(&[StatusCode::UNPROCESSABLE_ENTITY])
    }
}

impl IntoResponses for Limited {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        named(&[StatusCode::TOO_MANY_REQUESTS])
    }
}

/// The error components: codes per status, with remedies.
pub(super) fn components(required_scopes: &str) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<StatusCode, Vec<ErrorCode>> = BTreeMap::new();
    for code in ErrorCode::ALL {
        by_status.entry(code.status()).or_default().push(*code);
    }
    let response = |(status, codes): (StatusCode, Vec<ErrorCode>)| {
        (component(status), RefOr::T(error(status, &codes, required_scopes)))
    };
    by_status.into_iter().map(response).collect()
}

fn error(status: StatusCode, codes: &[ErrorCode], required_scopes: &str) -> Response {
    let lines = codes.iter().map(|code| format!("- `{}`: {}", code.as_str(), code.remedy()));
    let schema = RefOr::Ref(Ref::from_schema_name(ErrorAnswer::name()));
    let mut response = ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join("\n"))
        .content("application/json", ContentBuilder::new().schema(Some(schema)).build());
    let headers: &[(&str, &str)] = match status {
        StatusCode::UNAUTHORIZED => &[("WWW-Authenticate", "The challenge of RFC 6750.")],
        StatusCode::FORBIDDEN => &[
            (
                "WWW-Authenticate",
                "With `insufficient_scope`: the challenge of RFC 6750, with the required scopes.",
            ),
            (required_scopes, "With `insufficient_scope`: the required scopes, separated by spaces."),
        ],
        StatusCode::TOO_MANY_REQUESTS => &[
            ("Retry-After", "Seconds to wait."),
            ("RateLimit", "The remaining quota of the exceeded policy."),
            ("RateLimit-Policy", "The exceeded policy: its quota and window."),
        ],
        StatusCode::SERVICE_UNAVAILABLE => &[("Retry-After", "Seconds to wait.")],
        _ => &[],
    };
    for (name, description) in headers {
        let mut header = Header::default();
        header.description = Some((*description).to_owned());
        response = response.header(*name, header);
    }
    response.build()
}
