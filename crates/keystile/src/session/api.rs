//! API calls with the credential in use.

use std::fmt;
use std::time::Duration;

use oauth2::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use oauth2::http::{Method, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::api_error::{Caller, kind_of};
use super::{AccessToken, ActiveCredential, Session, TokenNeed, USUAL_TTL};
use crate::base_url::BaseUrl;
use crate::error::{Error, ErrorKind};
use crate::http::{ApiResponse, Plan, Replay};
use crate::random;

const TIMEOUT: Duration = Duration::from_secs(60);
const USUAL_LIMIT: usize = 64 << 20;

/// Calls the API with a bearer token, which is refreshed before it expires and after a 401, and sent only to the server
/// that the credential is bound to.
///
/// A request is attempted up to four times after 429, 502, 503, 504 and broken connections, unless `--no-retry` is set.
/// The waits are 0.5 s, 1 s and 2 s with jitter, or what `Retry-After` says; more than 60 s is an error at once.
#[derive(Clone, Copy, Debug)]
pub struct ApiClient<'a> {
    session: &'a Session,
}

/// An API request, sent by [`send`](Self::send), [`fetch`](Self::fetch) or [`send_unchecked`](Self::send_unchecked). An
/// attempt times out after 60 s. A response of more than 64 MiB is an error, unless [`limit`](Self::limit) is set.
///
/// A `POST` or `PATCH` is retried if it has an `Idempotency-Key`, which is added for the API of the authorization server
/// and for an API that [supports it](crate::AppBuilder::idempotency_keys). Without one it is retried only if the
/// connection failed before the request was sent.
#[must_use]
pub struct ApiRequest<'a> {
    session: &'a Session,
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    base: Base,
    limit: usize,
}

/// The server that a path is relative to.
enum Base {
    Api,
    /// The server that issued the credential.
    Home,
}

impl fmt::Debug for ApiRequest<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body may contain secrets.
        let Self { method, path, .. } = self;
        formatter
            .debug_struct("ApiRequest")
            .field("method", method)
            .field("path", path)
            .finish_non_exhaustive()
    }
}

impl<'a> ApiClient<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        Self { session }
    }

    /// A request with this method. `path` is relative to the API base. An absolute URL must have the same origin, else
    /// sending fails with [`HostMismatch`](ErrorKind::HostMismatch).
    pub fn request(self, method: Method, path: impl Into<String>) -> ApiRequest<'a> {
        let path = path.into();
        ApiRequest {
            session: self.session,
            method,
            path,
            headers: Vec::new(),
            body: Vec::new(),
            base: Base::Api,
            limit: USUAL_LIMIT,
        }
    }

    /// A `GET` request.
    pub fn get(self, path: impl Into<String>) -> ApiRequest<'a> {
        self.request(Method::GET, path)
    }

    /// A `PUT` request.
    pub fn put(self, path: impl Into<String>) -> ApiRequest<'a> {
        self.request(Method::PUT, path)
    }

    /// A `PATCH` request.
    pub fn patch(self, path: impl Into<String>) -> ApiRequest<'a> {
        self.request(Method::PATCH, path)
    }

    /// A `DELETE` request.
    pub fn delete(self, path: impl Into<String>) -> ApiRequest<'a> {
        self.request(Method::DELETE, path)
    }

    /// A `POST` request.
    pub fn post(self, path: impl Into<String>) -> ApiRequest<'a> {
        self.request(Method::POST, path)
    }

    /// A request to the issuer instead of the API.
    pub(crate) fn home(self, method: Method, path: impl Into<String>) -> ApiRequest<'a> {
        ApiRequest { base: Base::Home, ..self.request(method, path) }
    }
}

impl ApiRequest<'_> {
    /// Adds a header. `Authorization` is always set by the client.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// The largest response body that is accepted, in bytes; 64 MiB by default. A larger one is
    /// [`InvalidResponse`](ErrorKind::InvalidResponse), of which no more than the limit is kept in memory.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Sets a JSON body and its `Content-Type`. Fails if the value cannot be serialized.
    pub fn json<T: Serialize>(self, document: &T) -> Result<Self, Error> {
        let session = self.session;
        let body = serde_json::to_vec(document).map_err(|error| {
            session.context.error(ErrorKind::LocalFailure {
                what: "write the JSON to send".into(),
                cause: error.to_string(),
            })
        })?;
        let json = HeaderValue::from_static("application/json");
        Ok(self.header(oauth2::http::header::CONTENT_TYPE, json).body(body))
    }

    /// Sends the request. A status of 300 or more is an error: a redirect is not followed with a credential.
    pub async fn send(self) -> Result<ApiResponse, Error> {
        let session = self.session;
        let response = self.send_unchecked().await?;
        match session.kind_of(&response).await {
            Some(kind) => Err(session.context.error(kind)),
            None => Ok(response),
        }
    }

    /// Sends the request and deserializes the JSON response. A status of 300 or more is an error.
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<T, Error> {
        let session = self.session;
        let response = self.send().await?;
        response.parse().map_err(|kind| session.context.error(kind))
    }

    /// Like [`fetch`](Self::fetch), for commands of the library, which return an [`ErrorKind`].
    pub(crate) async fn fetch_kind<T: DeserializeOwned>(self) -> Result<T, ErrorKind> {
        self.fetch().await.map_err(Error::into_kind)
    }

    /// Sends the request and returns the response whatever its status. [`Session::error_for`] turns it into an error.
    pub async fn send_unchecked(self) -> Result<ApiResponse, Error> {
        let session = self.session;
        self.run().await.map_err(|kind| session.context.error(kind))
    }

    async fn run(mut self) -> Result<ApiResponse, ErrorKind> {
        let base = match self.base {
            Base::Api => self.session.api_base().await?,
            Base::Home => self.session.home().await?,
        };
        let url = self.resolve(&base)?;
        let changes = self.method == Method::POST || self.method == Method::PATCH;
        if changes && self.supports_idempotency_keys(&base) {
            let key = HeaderValue::from_str(&random::uuid()?).map_err(|error| unusable(&error))?;
            self.headers.insert(0, (HeaderName::from_static("idempotency-key"), key));
        }
        let token = self.session.token(TokenNeed::Fresh { min_ttl: USUAL_TTL }).await?;
        let response = self.attempt(&url, &token).await?;
        match (response.status(), token.generation) {
            (401, Some(generation)) => {
                let newer = self.session.token(TokenNeed::AfterRejection { generation }).await?;
                if newer.generation == Some(generation) {
                    return Ok(response);
                }
                self.attempt(&url, &newer).await
            }
            _ => Ok(response),
        }
    }

    /// Whether the API is that of the authorization server, or the tool says that its own supports the header.
    fn supports_idempotency_keys(&self, base: &BaseUrl) -> bool {
        match self.base {
            Base::Home => true,
            Base::Api => {
                self.session.context.app.idempotency_keys || base.same_origin(self.session.chosen.issuer())
            }
        }
    }

    fn resolve(&self, base: &BaseUrl) -> Result<Url, ErrorKind> {
        base.join(&self.path).ok_or_else(|| match Url::parse(&self.path) {
            Ok(url) => ErrorKind::HostMismatch {
                source: self.session.source().clone(),
                asked: crate::base_url::host_of(&url),
                bound: base.host(),
            },
            Err(_) => ErrorKind::Usage { message: format!("`{}` is not a path", self.path), hint: None },
        })
    }

    async fn attempt(&self, url: &Url, token: &AccessToken) -> Result<ApiResponse, ErrorKind> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(url.as_str())
            .body(self.body.clone())
            .map_err(|error| unusable(&error))?;
        let headers = request.headers_mut();
        headers.insert("accept", HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {}", token.secret())).map_err(|error| unusable(&error))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        let plan = Plan { replay: Replay::of(&request), timeout: TIMEOUT, limit: self.limit };
        self.session.context.transport.send(request, plan).await
    }
}

impl Session {
    /// The error that a response with a status of 300 or more stands for; else `None`.
    pub async fn error_for(&self, response: &ApiResponse) -> Option<Error> {
        self.kind_of(response).await.map(|kind| self.context.error(kind))
    }

    /// Like [`error_for`](Self::error_for), not worded.
    async fn kind_of(&self, response: &ApiResponse) -> Option<ErrorKind> {
        let (can_sign_in, scopes) = match &self.chosen {
            ActiveCredential::Session { session, .. } => (true, session.scopes.as_slice()),
            ActiveCredential::Key { .. } => (false, &[][..]),
        };
        let keys_url = if response.status() == 403 { self.keys_url().await } else { None };
        let issuer = self.chosen.issuer();
        let caller =
            Caller { source: self.source(), can_sign_in, scopes, issuer, keys_url: keys_url.as_deref() };
        kind_of(response, &caller)
    }

    /// The page on which API keys are created, for the text of an error; `None` if it cannot be found out.
    async fn keys_url(&self) -> Option<String> {
        let ActiveCredential::Key { target, .. } = &self.chosen else { return None };
        let metadata = self.context.metadata(&target.issuer).await.ok()?;
        metadata.cli_configuration.dashboard_keys_url.map(String::from)
    }
}

fn unusable(error: &dyn fmt::Display) -> ErrorKind {
    ErrorKind::Usage { message: format!("Invalid request: {error}"), hint: None }
}
