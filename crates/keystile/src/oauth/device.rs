//! Device authorization (RFC 8628).

use std::borrow::Cow;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::answer::{OauthErrorResponse, TokenSet};
use super::discovery::Metadata;
use super::form_post;
use super::par::DeviceInfo;
use super::token::busy;
use super::token_syntax::checked;
use crate::base_url::{BaseUrl, host_of};
use crate::duration;
use crate::error::ErrorKind;
use crate::http::{ApiResponse, PROTOCOL_LIMIT, Plan, Replay, Transport};
use crate::secret::Secret;

/// Without retries, because polls are repeated anyway.
const PLAN: Plan =
    Plan { replay: Replay::OnlyIfUnsent, timeout: Duration::from_secs(30), limit: PROTOCOL_LIMIT };
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Poll interval in seconds if the server sends none.
const USUAL_INTERVAL: u64 = 5;
/// Longest poll interval in seconds. Codes that live longer than that are rare.
const LONGEST_INTERVAL: u64 = 3_600;

/// Parameters of a device authorization request.
pub(crate) struct DeviceCodeRequest<'a> {
    pub(crate) issuer: &'a BaseUrl,
    pub(crate) client_id: &'a str,
    pub(crate) scopes: &'a [String],
    /// Further parameters: `org`, `login_hint`, `provider`.
    pub(crate) hints: &'a [(&'static str, String)],
    pub(crate) device: &'a DeviceInfo,
}

/// A device authorization response.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct DeviceCode {
    #[serde(rename = "device_code")]
    pub(crate) secret: Secret,
    pub(crate) user_code: String,
    pub(crate) verification_uri: Url,
    pub(crate) verification_uri_complete: Option<Url>,
    expires_in: u64,
    interval: Option<u64>,
}

impl DeviceCode {
    /// Requires a page that the issuer may name. A complete URL of another origin is removed: the user would see one page
    /// and open another.
    fn checked(mut self, issuer: &BaseUrl) -> Result<Self, ErrorKind> {
        if !issuer.may_name(&self.verification_uri) {
            return Err(ErrorKind::InvalidResponse {
                host: issuer.host(),
                what: "The verification_uri of its device code is not https".into(),
            });
        }
        let page = &self.verification_uri;
        self.verification_uri_complete = self
            .verification_uri_complete
            .filter(|complete| complete.origin() == page.origin() && issuer.may_name(complete));
        Ok(self)
    }

    /// The lifetime, from the time of the response on.
    pub(crate) fn lifetime(&self) -> Duration {
        duration::seconds(self.expires_in)
    }

    /// The poll interval, from one second to one hour.
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs(self.interval.unwrap_or(USUAL_INTERVAL).clamp(1, LONGEST_INTERVAL))
    }
}

/// Result of a poll.
#[derive(Debug)]
pub(crate) enum Poll {
    /// Approved.
    Approved(Box<TokenSet>),
    /// Not answered yet.
    Pending,
    /// Not answered yet, and polled too often.
    SlowDown,
    /// Rate limited, or the server failed or is unreachable.
    Unanswered { retry_after: Option<Duration> },
    /// The code has expired.
    Expired,
    /// Denied, or refused for another reason.
    Refused(ErrorKind),
}

/// Requests a device code.
pub(crate) async fn request_code(
    transport: &Transport,
    endpoint: &Url,
    asked: &DeviceCodeRequest<'_>,
) -> Result<DeviceCode, ErrorKind> {
    let scope = asked.scopes.join(" ");
    let mut pairs = vec![("client_id", asked.client_id)];
    pairs.extend((!scope.is_empty()).then_some(("scope", scope.as_str())));
    pairs.extend(asked.hints.iter().map(|(name, value)| (*name, value.as_str())));
    pairs.extend(asked.device.pairs());
    let request = form_post(endpoint, pairs.into_iter().map(|(name, value)| (name.into(), value.into())))?;
    let response = transport.send(request, PLAN).await?;
    busy(&response).map_or(Ok(()), Err)?;
    if response.status() == 200 {
        return secret_answer::<DeviceCode>(&response, endpoint)?.checked(asked.issuer);
    }
    Err(response.parse::<OauthErrorResponse>()?.into_kind())
}

/// Polls once.
pub(crate) async fn poll(
    transport: &Transport,
    metadata: &Metadata,
    client_id: &str,
    device_code: &Secret,
) -> Poll {
    let pairs = [("grant_type", GRANT), ("device_code", device_code.expose()), ("client_id", client_id)];
    let pairs = pairs.map(|(name, value)| (name.into(), value.into()));
    match ask(transport, metadata.token_endpoint.url(), pairs).await {
        Ok(Poll::Approved(tokens)) => match checked(*tokens, &metadata.token_endpoint) {
            Ok(tokens) => Poll::Approved(Box::new(tokens)),
            Err(kind) => Poll::Refused(kind),
        },
        Ok(poll) => poll,
        Err(ErrorKind::Unreachable { .. } | ErrorKind::ServerError { .. }) => {
            Poll::Unanswered { retry_after: None }
        }
        Err(ErrorKind::RateLimited { retry_after, .. }) => Poll::Unanswered { retry_after },
        Err(kind) => Poll::Refused(kind),
    }
}

async fn ask<'a, const N: usize>(
    transport: &Transport,
    endpoint: &Url,
    pairs: [(Cow<'a, str>, Cow<'a, str>); N],
) -> Result<Poll, ErrorKind> {
    let response = transport.send(form_post(endpoint, pairs)?, PLAN).await?;
    busy(&response).map_or(Ok(()), Err)?;
    if response.status() == 200 {
        return Ok(Poll::Approved(Box::new(secret_answer(&response, endpoint)?)));
    }
    let refusal: OauthErrorResponse = response.parse()?;
    Ok(match refusal.code() {
        "authorization_pending" => Poll::Pending,
        "slow_down" => Poll::SlowDown,
        "expired_token" => Poll::Expired,
        _ => Poll::Refused(refusal.into_kind()),
    })
}

/// Parses a response with secrets, which errors must not quote.
fn secret_answer<T: DeserializeOwned>(response: &ApiResponse, endpoint: &Url) -> Result<T, ErrorKind> {
    serde_json::from_slice(response.bytes()).map_err(|_| ErrorKind::InvalidResponse {
        host: host_of(endpoint),
        what: format!("{} did not respond as OAuth 2.0 requires", endpoint.path()),
    })
}
