//! API calls with the credential in use.

use std::fmt;
use std::time::{Duration, Instant};

use oauth2::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use oauth2::http::{Method, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::api_error::{Caller, kind_of};
use super::api_path::ApiPath;
use super::api_stream::ApiStream;
use super::{AccessToken, ActiveCredential, Session, TokenNeed, USUAL_TTL};
use crate::base_url::BaseUrl;
use crate::duration;
use crate::error::{Error, ErrorKind};
use crate::http::{ApiResponse, Arrived, Plan, Reading, Replay, timed_out};
use crate::random;

const TIMEOUT: Duration = Duration::from_secs(60);
const USUAL_LIMIT: usize = 64 << 20;
/// How long the text of an error may wait for its additional information.
const DETAIL_TIMEOUT: Duration = Duration::from_secs(2);

/// Calls the API with a bearer token, which is refreshed before it expires and after a 401, and sent only to the server
/// that the credential is bound to.
///
/// A request is attempted up to four times after 429, 502, 503, 504 and broken connections, unless `--no-retry` is set.
/// The waits are 0.5 s, 1 s and 2 s with jitter, or what `Retry-After` says; more than 60 s is an error at once.
#[derive(Clone, Copy, Debug)]
pub struct ApiClient<'a> {
    session: &'a Session,
}

/// An API request, sent by [`send`](Self::send), [`fetch`](Self::fetch), [`stream`](Self::stream) or a variant that returns
/// every status. Without [`timeout`](Self::timeout), an attempt times out after 60 s. A response of more than 64 MiB is an
/// error, unless [`limit`](Self::limit) is set.
///
/// A `POST` or `PATCH` is retried if it has an `Idempotency-Key`, which is added for the API of the authorization server
/// and for an API that [supports it](crate::AppBuilder::idempotency_keys). Without one it is retried only if the
/// connection failed before the request was sent.
#[must_use]
pub struct ApiRequest<'a> {
    session: &'a Session,
    method: Method,
    path: ApiPath,
    query: Vec<(String, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// `Err` if it could not be serialized.
    body: Result<Vec<u8>, ErrorKind>,
    base: Base,
    limit: usize,
    timeout: Option<Duration>,
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

    /// A request with this method. The path is relative to the API base: segments for values from elsewhere, such as
    /// `["v1", "forecast", city]`, or text. An absolute URL must have the same origin; otherwise sending fails with
    /// [`HostMismatch`](ErrorKind::HostMismatch); any other bad path is [`Usage`](ErrorKind::Usage).
    pub fn request(self, method: Method, path: impl Into<ApiPath>) -> ApiRequest<'a> {
        ApiRequest {
            session: self.session,
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Ok(Vec::new()),
            base: Base::Api,
            limit: USUAL_LIMIT,
            timeout: None,
        }
    }

    /// A `GET` request.
    pub fn get(self, path: impl Into<ApiPath>) -> ApiRequest<'a> {
        self.request(Method::GET, path)
    }

    /// A `PUT` request.
    pub fn put(self, path: impl Into<ApiPath>) -> ApiRequest<'a> {
        self.request(Method::PUT, path)
    }

    /// A `PATCH` request.
    pub fn patch(self, path: impl Into<ApiPath>) -> ApiRequest<'a> {
        self.request(Method::PATCH, path)
    }

    /// A `DELETE` request.
    pub fn delete(self, path: impl Into<ApiPath>) -> ApiRequest<'a> {
        self.request(Method::DELETE, path)
    }

    /// A `POST` request.
    pub fn post(self, path: impl Into<ApiPath>) -> ApiRequest<'a> {
        self.request(Method::POST, path)
    }

    /// A request to the issuer instead of the API.
    pub(crate) fn home(self, method: Method, path: impl Into<ApiPath>) -> ApiRequest<'a> {
        ApiRequest { base: Base::Home, ..self.request(method, path) }
    }
}

impl ApiRequest<'_> {
    /// Adds a header; the same name twice sends both values. `Content-Type` and `Idempotency-Key` have one value, the last.
    /// `Authorization` is always set by the client.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = Ok(body);
        self
    }

    /// Adds a parameter to the query, encoded.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The time for the whole call, including retries, a refresh and the body; then it fails with
    /// [`Unreachable`](ErrorKind::Unreachable). A refresh that has begun is completed in the background. By default there is
    /// none: an attempt has 60 s, and with [`stream`](Self::stream) the head and each part of the body have 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout.min(duration::LONGEST));
        self
    }

    /// The largest response body that is accepted, in bytes; 64 MiB by default. A larger one is
    /// [`InvalidResponse`](ErrorKind::InvalidResponse), of which no more than the limit is kept in memory.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Sets a JSON body and its `Content-Type`. If the value cannot be serialized, sending fails.
    pub fn json<T: Serialize + ?Sized>(mut self, document: &T) -> Self {
        self.body = serde_json::to_vec(document).map_err(|error| ErrorKind::LocalFailure {
            what: "write the JSON to send".into(),
            cause: error.to_string(),
        });
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// Sends the request. A status of 300 or more is an error: a redirect is not followed with a credential.
    pub async fn send(self) -> Result<ApiResponse, Error> {
        let (session, deadline) = (self.session, self.deadline());
        session.accepted(self.send_unchecked().await?, deadline).await
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
        let arrived = match self.run(Reading::Whole).await {
            Ok(arrived) => arrived.whole().await,
            Err(kind) => Err(kind),
        };
        arrived.map_err(|kind| session.context.error(kind))
    }

    /// Sends the request and returns once the head of the response is there; the body is read in parts and never held in
    /// memory as a whole. Retries end with the head. A status of 300 or more is an error.
    pub async fn stream(self) -> Result<ApiStream, Error> {
        let (session, deadline) = (self.session, self.deadline());
        let stream = self.stream_unchecked().await?;
        if stream.status() < 300 {
            return Ok(stream);
        }
        let response = session.accepted(stream.into_refusal().await, deadline).await?;
        Ok(ApiStream::new(Arrived::Whole(response), session.context.app.clone()))
    }

    /// Like [`stream`](Self::stream), whatever the status.
    pub async fn stream_unchecked(self) -> Result<ApiStream, Error> {
        let session = self.session;
        match self.run(Reading::InParts).await {
            Ok(arrived) => Ok(ApiStream::new(arrived, session.context.app.clone())),
            Err(kind) => Err(session.context.error(kind)),
        }
    }

    /// When a call that begins now must have ended.
    fn deadline(&self) -> Option<Instant> {
        self.timeout.map(|timeout| Instant::now() + timeout)
    }

    async fn run(mut self, reading: Reading) -> Result<Arrived, ErrorKind> {
        let body = std::mem::replace(&mut self.body, Ok(Vec::new()))?;
        let deadline = self.deadline();
        let issuer = self.session.chosen.issuer();
        let base = match self.base {
            Base::Api => within(deadline, issuer, self.session.api_base()).await?,
            Base::Home => within(deadline, issuer, self.session.home()).await?,
        };
        let url = self.resolve(&base)?;
        let changes = self.method == Method::POST || self.method == Method::PATCH;
        if changes && self.supports_idempotency_keys(&base) {
            let key = HeaderValue::from_str(&random::uuid()?).map_err(|error| unusable(&error))?;
            self.headers.insert(0, (HeaderName::from_static("idempotency-key"), key));
        }
        let call = Call { url: &url, body: &body, reading, deadline };
        let token =
            within(deadline, issuer, self.session.token(TokenNeed::Fresh { min_ttl: USUAL_TTL })).await?;
        let response = self.attempt(&call, &token).await?;
        match (response.status(), token.generation) {
            (401, Some(generation)) => {
                let newer =
                    within(deadline, issuer, self.session.token(TokenNeed::AfterRejection { generation }))
                        .await?;
                if newer.generation == Some(generation) {
                    return Ok(response);
                }
                self.attempt(&call, &newer).await
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
        let mut url = self.session.resolve(&self.path, base)?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    async fn attempt(&self, call: &Call<'_>, token: &AccessToken) -> Result<Arrived, ErrorKind> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(call.url.as_str())
            .body(call.body.to_vec())
            .map_err(|error| unusable(&error))?;
        let headers = request.headers_mut();
        if !self.headers.iter().any(|(name, _)| name == ACCEPT) {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &self.headers {
            if name == CONTENT_TYPE || name == "idempotency-key" {
                headers.insert(name, value.clone());
            } else {
                headers.append(name, value.clone());
            }
        }
        headers.insert(AUTHORIZATION, token.header()?);
        let timeout = self.timeout.unwrap_or(TIMEOUT);
        let plan = Plan { replay: Replay::of(&request), timeout, limit: self.limit };
        self.session.context.transport.call(request, plan, call.reading, call.deadline).await
    }
}

/// What the attempts of a request share.
struct Call<'a> {
    url: &'a Url,
    body: &'a [u8],
    reading: Reading,
    deadline: Option<Instant>,
}

/// The result of the work if there is one before the deadline.
async fn within<T>(
    deadline: Option<Instant>,
    server: &BaseUrl,
    work: impl Future<Output = Result<T, ErrorKind>>,
) -> Result<T, ErrorKind> {
    let Some(deadline) = deadline else { return work.await };
    tokio::time::timeout_at(deadline.into(), work).await.unwrap_or_else(|_| Err(timed_out(server.host())))
}

impl Session {
    /// The response if its status is less than 300, otherwise its error.
    async fn accepted(&self, response: ApiResponse, deadline: Option<Instant>) -> Result<ApiResponse, Error> {
        let kind = self.kind_of(&response, deadline).await;
        kind.map_or(Ok(response), |kind| Err(self.context.error(kind)))
    }

    /// The error for a response with a status of 300 or more; otherwise `None`.
    pub async fn error_for(&self, response: &ApiResponse) -> Option<Error> {
        self.kind_of(response, None).await.map(|kind| self.context.error(kind))
    }

    /// Like [`error_for`](Self::error_for), not worded.
    async fn kind_of(&self, response: &ApiResponse, deadline: Option<Instant>) -> Option<ErrorKind> {
        let (can_sign_in, scopes) = match &self.chosen {
            ActiveCredential::Session { session, .. } => (true, session.scopes.as_slice()),
            ActiveCredential::Key { .. } => (false, &[][..]),
        };
        let keys_url = if response.status() == 403 { self.keys_url(deadline).await } else { None };
        let issuer = self.chosen.issuer();
        let caller =
            Caller { source: self.source(), can_sign_in, scopes, issuer, keys_url: keys_url.as_deref() };
        kind_of(response, &caller)
    }

    /// The page on which API keys are created, for the text of an error; `None` if it cannot be found out soon.
    async fn keys_url(&self, deadline: Option<Instant>) -> Option<String> {
        let ActiveCredential::Key { target, .. } = &self.chosen else { return None };
        let latest = Instant::now() + DETAIL_TIMEOUT;
        let latest = deadline.map_or(latest, |deadline| deadline.min(latest));
        let metadata = self.context.metadata(&target.issuer);
        let metadata = tokio::time::timeout_at(latest.into(), metadata).await.ok()?.ok()?;
        metadata.cli_configuration.dashboard_keys_url.map(String::from)
    }
}

fn unusable(error: &dyn fmt::Display) -> ErrorKind {
    ErrorKind::Usage { message: format!("Invalid request: {error}"), hint: None }
}
