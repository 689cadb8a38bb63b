//! The status of a pushed request, for logins without a callback.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::answer::{OauthError, OauthErrorResponse, refused};
use super::form_post;
use super::token::busy;
use crate::error::ErrorKind;
use crate::http::{PROTOCOL_LIMIT, Plan, Replay, Transport};
use crate::secret::Secret;

/// Without retries, because polls are repeated anyway.
const PLAN: Plan =
    Plan { replay: Replay::OnlyIfUnsent, timeout: Duration::from_secs(30), limit: PROTOCOL_LIMIT };

/// A pushed request with a status endpoint.
pub(crate) struct PushedRequest {
    request_uri: Secret,
    status_url: Url,
}

impl PushedRequest {
    pub(super) fn new(request_uri: &str, status_url: &Url) -> Self {
        Self { request_uri: Secret::new(request_uri), status_url: status_url.clone() }
    }
}

/// The status of a pushed request.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Not answered yet.
    Waiting,
    /// Not answered yet, and polled too often.
    SlowDown,
    /// The status is unknown, for example after a server error.
    Unanswered { retry_after: Option<Duration> },
    /// The link has expired.
    Ended,
    /// The organization does not allow copied codes.
    CopiedCodesOff {
        /// Whether a device code is allowed instead.
        device_codes: bool,
    },
    /// Denied, or refused for another reason.
    Refused(ErrorKind),
}

#[derive(Deserialize)]
struct StatusResponse {
    status: String,
    error: Option<String>,
    error_code: Option<String>,
    error_description: Option<String>,
    #[serde(default)]
    device_codes: bool,
}

/// Requests the status once. Errors are not fatal, because a code can be pasted without a status.
pub(crate) async fn progress(transport: &Transport, client_id: &str, pushed: &PushedRequest) -> Progress {
    match ask(transport, client_id, pushed).await {
        Ok(progress) => progress,
        Err(ErrorKind::RateLimited { retry_after, .. }) => Progress::Unanswered { retry_after },
        Err(_) => Progress::Unanswered { retry_after: None },
    }
}

async fn ask(transport: &Transport, client_id: &str, pushed: &PushedRequest) -> Result<Progress, ErrorKind> {
    let pairs = [("client_id", client_id), ("request_uri", pushed.request_uri.expose())];
    let request = form_post(&pushed.status_url, pairs.map(|(name, value)| (name.into(), value.into())))?;
    let response = transport.send(request, PLAN).await?;
    busy(&response).map_or(Ok(()), Err)?;
    if response.status() != 200 {
        let refusal: OauthErrorResponse = response.parse()?;
        return Ok(match refusal.code() {
            "slow_down" => Progress::SlowDown,
            _ => Progress::Unanswered { retry_after: None },
        });
    }
    let answer: StatusResponse = response.parse()?;
    Ok(match (answer.status.as_str(), answer.error_code.as_deref()) {
        ("ended", _) => Progress::Ended,
        ("refused", Some("copied_codes_disabled")) => {
            Progress::CopiedCodesOff { device_codes: answer.device_codes }
        }
        ("refused", _) => Progress::Refused(refused(OauthError {
            code: answer.error.unwrap_or_else(|| "access_denied".to_owned()),
            description: answer.error_description,
            error_code: answer.error_code,
            organization: None,
            settings_url: None,
        })),
        (_, _) => Progress::Waiting,
    })
}
