//! Responses that are read in parts.

use oauth2::http::HeaderMap;

use crate::app::App;
use crate::error::{Error, ErrorKind};
use crate::http::{ApiResponse, Arrived};

/// An HTTP response whose body is read in parts. Made by [`ApiRequest::stream`](super::ApiRequest::stream).
#[derive(Debug)]
pub struct ApiStream {
    arrived: Arrived,
    /// Whether the body of a response that arrived as a whole has been returned.
    ended: bool,
    /// Words the errors.
    app: App,
}

impl ApiStream {
    pub(super) fn new(arrived: Arrived, app: App) -> Self {
        Self { arrived, ended: false, app }
    }

    /// The status code, for example 200.
    pub fn status(&self) -> u16 {
        self.arrived.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        match &self.arrived {
            Arrived::Whole(response) => response.headers(),
            Arrived::Open(open) => open.headers(),
        }
    }

    /// The next part of the body; `None` at its end. Fails with [`Unreachable`](ErrorKind::Unreachable) if the connection
    /// breaks, is silent for 60 s, or has not ended within the [timeout](super::ApiRequest::timeout), and with
    /// [`InvalidResponse`](ErrorKind::InvalidResponse) if the body is larger than the [limit](super::ApiRequest::limit).
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let chunk = match &mut self.arrived {
            Arrived::Open(open) => open.chunk().await,
            Arrived::Whole(_) if self.ended => Ok(None),
            Arrived::Whole(response) => {
                self.ended = true;
                Ok(Some(response.bytes().to_vec()))
            }
        };
        self.worded(chunk)
    }

    /// The refusal that this is, with as much of its body as an error can have.
    pub(super) async fn into_refusal(self) -> ApiResponse {
        match self.arrived {
            Arrived::Open(open) => open.refusal().await,
            Arrived::Whole(response) => response,
        }
    }

    /// Reads the rest of the body into memory. What [`chunk`](Self::chunk) has returned is missing in it.
    pub async fn into_response(self) -> Result<ApiResponse, Error> {
        let Self { arrived, app, .. } = self;
        arrived.whole().await.map_err(|kind| app.error(kind))
    }

    fn worded<T>(&self, result: Result<T, ErrorKind>) -> Result<T, Error> {
        result.map_err(|kind| self.app.error(kind))
    }
}
