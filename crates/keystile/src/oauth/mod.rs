//! OAuth 2.0 requests, with the types of the `oauth2` crate.

mod answer;
mod device;
mod discovery;
mod par;
mod progress;
mod token;
mod token_syntax;

use std::borrow::Cow;

use oauth2::HttpRequest;
use oauth2::http::Request;
use url::{Url, form_urlencoded};

use super::error::ErrorKind;

pub(crate) use answer::{OauthError, TokenSet, lifetime, refused};
pub(crate) use device::{DeviceCode, DeviceCodeRequest, Poll, poll, request_code};
pub(crate) use discovery::{Metadata, ask_for_metadata, discover, read_metadata};
pub(crate) use par::{AuthorizationRequest, DeviceInfo, Link, PkceSession, request_link};
pub(crate) use progress::{Progress, PushedRequest, progress};
pub(crate) use token::{TokenError, exchange_code, refresh, revoke};
pub(crate) use token_syntax::is_bearer_token;

/// A POST with form parameters.
fn form_post<'a>(
    endpoint: &Url,
    pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> Result<HttpRequest, ErrorKind> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Request::post(endpoint.as_str())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(body.into_bytes())
        .map_err(|error| ErrorKind::Usage { message: error.to_string(), hint: None })
}
