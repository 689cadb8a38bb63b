//! A response whose body is read in parts.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use oauth2::http::{HeaderMap, Response};
use url::Url;

use super::failure::{TIMED_OUT, cause_of, too_large};
use super::response::ApiResponse;
use crate::base_url::host_of;
use crate::error::ErrorKind;

/// The largest body of a refusal that is read, in bytes.
const REFUSAL_LIMIT: usize = 1 << 20;
/// The longest time for the body of a refusal.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(60);

/// A response whose body is still to be read.
#[derive(Debug)]
pub(crate) struct OpenResponse {
    pub(super) inner: reqwest::Response,
    pub(super) url: Url,
    pub(super) received: DateTime<Utc>,
    /// The largest body that is accepted, in bytes.
    pub(super) limit: usize,
    /// Bytes read so far.
    pub(super) read: usize,
    /// The longest wait for the next bytes.
    pub(super) patience: Duration,
    /// When the whole body must have arrived.
    pub(super) deadline: Option<Instant>,
    /// The variable with the proxy in use, for the text of an error.
    pub(super) proxy: Option<String>,
}

impl OpenResponse {
    pub(crate) fn status(&self) -> u16 {
        self.inner.status().as_u16()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The next bytes; `None` at the end of the body.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, ErrorKind> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // Otherwise bytes that have already arrived would be returned after the deadline.
        if left == Some(Duration::ZERO) {
            return Err(self.broken(TIMED_OUT.into()));
        }
        let patience = left.map_or(self.patience, |left| left.min(self.patience));
        let chunk = match tokio::time::timeout(patience, self.inner.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| self.broken(cause_of(&error)))?,
            Err(_) => return Err(self.broken(TIMED_OUT.into())),
        };
        let Some(chunk) = chunk else { return Ok(None) };
        self.read = self.read.saturating_add(chunk.len());
        if self.read > self.limit {
            return Err(too_large(&self.url, self.limit));
        }
        Ok(Some(chunk.to_vec()))
    }

    /// Reads the rest of the body.
    pub(crate) async fn whole(mut self) -> Result<ApiResponse, ErrorKind> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(self.with_body(body))
    }

    /// Reads the body of a refusal, as far as it arrives in time and is no larger than an error of an API. The caller
    /// chose limits for the body that it asked for, which this is not.
    pub(crate) async fn refusal(mut self) -> ApiResponse {
        let latest = Instant::now() + REFUSAL_TIMEOUT;
        self.deadline = Some(self.deadline.map_or(latest, |deadline| deadline.min(latest)));
        self.limit = self.limit.min(REFUSAL_LIMIT);
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = self.chunk().await {
            body.extend_from_slice(&chunk);
        }
        self.with_body(body)
    }

    fn with_body(self, body: Vec<u8>) -> ApiResponse {
        let mut response = Response::new(body);
        *response.status_mut() = self.inner.status();
        *response.headers_mut() = self.inner.headers().clone();
        ApiResponse::new(response, host_of(&self.url), self.received)
    }

    fn broken(&self, cause: String) -> ErrorKind {
        ErrorKind::Unreachable { host: host_of(&self.url), cause, proxy: self.proxy.clone() }
    }
}
