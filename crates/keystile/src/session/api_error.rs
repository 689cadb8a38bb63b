//! The error kind of an API response.

use oauth2::http::HeaderMap;
use serde::Deserialize;

use crate::base_url::BaseUrl;
use crate::error::{ErrorKind, MissingScope, ScopeRemedy};
use crate::http::{ApiResponse, retry_after};
use crate::source::CredentialSource;

#[derive(Deserialize, Default)]
struct Envelope {
    error: Body,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    required_scopes: Vec<String>,
    granted_scopes: Vec<String>,
    organization: Option<Organization>,
    settings_url: Option<String>,
}

#[derive(Deserialize)]
struct Organization {
    name: String,
}

/// The credential of a request, for the text of its error.
pub(crate) struct Caller<'a> {
    pub(crate) source: &'a CredentialSource,
    /// Whether a new login can grant more scopes.
    pub(crate) can_sign_in: bool,
    pub(crate) scopes: &'a [String],
    /// The server whose pages may be shown.
    pub(crate) issuer: &'a BaseUrl,
    /// The page on which API keys are created, if the server publishes it.
    pub(crate) keys_url: Option<&'a str>,
}

/// The error kind of a response with a status of 300 or more; otherwise `None`. A redirect is an error, because the
/// credential is not sent to its target.
pub(crate) fn kind_of(response: &ApiResponse, caller: &Caller<'_>) -> Option<ErrorKind> {
    let status = response.status();
    if status < 300 {
        return None;
    }
    if status < 400 {
        let what = match header(response.headers(), "location") {
            // Query and fragment may hold secrets.
            Some(place) => {
                let place = place.split(['?', '#']).next().unwrap_or_default().to_owned();
                format!("It redirects ({status}) to {place}, and a credential follows no redirect")
            }
            None => format!("Its status is {status}, which is not a result"),
        };
        return Some(ErrorKind::InvalidResponse { host: response.host().to_owned(), what });
    }
    let body = serde_json::from_slice::<Envelope>(response.bytes()).unwrap_or_default().error;
    let request_id = body.request_id.or_else(|| header(response.headers(), "x-request-id"));
    let source = caller.source.clone();
    let message = body.message.unwrap_or_else(|| format!("The server answered {status} without a reason."));
    Some(match (status, body.code.as_deref()) {
        (401, _) => ErrorKind::Rejected { source, code: body.code, request_id },
        (403, Some("personal_tokens_disabled")) => ErrorKind::TokensDisabled {
            organization: body.organization.map(|organization| organization.name),
            settings_url: body.settings_url.and_then(|url| caller.issuer.join(&url)).map(String::from),
            request_id,
        },
        (403, Some("insufficient_scope")) => ErrorKind::InsufficientScope(Box::new(MissingScope {
            source,
            remedy: if caller.can_sign_in { ScopeRemedy::SignIn } else { ScopeRemedy::Key },
            required: body.required_scopes,
            granted: if body.granted_scopes.is_empty() {
                caller.scopes.to_vec()
            } else {
                body.granted_scopes
            },
            keys_url: caller.keys_url.map(str::to_owned),
            request_id,
        })),
        (403, _) => ErrorKind::Forbidden { source, code: body.code, message, request_id },
        (404, _) => ErrorKind::NotFound { message, request_id },
        (429, _) => ErrorKind::RateLimited {
            message: Some(message).filter(|message| message.starts_with("Rate limited")),
            retry_after: retry_after(response.headers(), response.received()),
            request_id,
        },
        (500.., _) => ErrorKind::ServerError { status, request_id },
        (_, _) => ErrorKind::InvalidRequest { status, code: body.code, message, request_id },
    })
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
