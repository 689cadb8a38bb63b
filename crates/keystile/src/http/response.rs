//! Responses.

use chrono::{DateTime, Utc};
use oauth2::HttpResponse;
use oauth2::http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::error::ErrorKind;

/// An HTTP response with its whole body.
#[derive(Debug)]
pub struct ApiResponse {
    inner: HttpResponse,
    host: String,
    received: DateTime<Utc>,
}

impl ApiResponse {
    pub(crate) fn new(inner: HttpResponse, host: String, received: DateTime<Utc>) -> Self {
        Self { inner, host, received }
    }

    /// The status code, for example 200.
    pub fn status(&self) -> u16 {
        self.inner.status().as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The whole body.
    pub fn bytes(&self) -> &[u8] {
        self.inner.body()
    }

    /// The server, as errors name it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// When the response arrived.
    pub(crate) fn received(&self) -> DateTime<Utc> {
        self.received
    }

    pub(crate) fn into_inner(self) -> HttpResponse {
        self.inner
    }

    /// The body as JSON.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ErrorKind> {
        serde_json::from_slice(self.bytes()).map_err(|error| ErrorKind::InvalidResponse {
            host: self.host.clone(),
            // The error of serde quotes at most one value.
            what: format!("Its JSON does not match the protocol: {error}"),
        })
    }
}
