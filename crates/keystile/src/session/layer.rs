//! A tower layer that signs the requests of another HTTP client.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use oauth2::http::header::AUTHORIZATION;
use oauth2::http::{HeaderMap, Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

use super::Session;
use super::authorize::absolute;
use crate::base_url::host_of;
use crate::error::{Error, ErrorKind};
use crate::http::innermost;

/// Wraps an HTTP client in [`Authorized`]. Made by [`Session::layer`].
#[derive(Clone, Debug)]
pub struct AuthorizeLayer {
    session: Session,
}

/// An HTTP client whose requests are signed as by [`Session::authorize`], and sent again with a newer token after a 401.
///
/// The client is any [`Service`] of [`reqwest::Request`] (such as a [`reqwest::Client`]) or of [`http::Request`](Request)
/// with a body that can be cloned. A request whose body cannot be cloned, such as a stream of reqwest, is not sent again.
/// All other rules, such as redirects, retries and timeouts, are those of the client.
///
/// An error of the client is [`ErrorKind::Unreachable`], or [`ErrorKind::LocalFailure`] if the client was not ready to send,
/// with the original as its [`source`](std::error::Error::source). If a 401 cannot be followed by a newer token right now,
/// because the authorization server does not answer, that response is returned.
#[derive(Clone)]
pub struct Authorized<S> {
    inner: S,
    session: Session,
}

impl<S> fmt::Debug for Authorized<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authorized").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Session {
    /// A [tower](https://docs.rs/tower) layer for your own HTTP client.
    pub fn layer(&self) -> AuthorizeLayer {
        AuthorizeLayer { session: self.clone() }
    }
}

impl AuthorizeLayer {
    /// Wraps a client, like [`Layer::layer`], without importing that trait.
    pub fn wrap<S>(&self, client: S) -> Authorized<S> {
        Authorized { inner: client, session: self.session.clone() }
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = Authorized<S>;

    fn layer(&self, client: S) -> Authorized<S> {
        self.wrap(client)
    }
}

/// A request that can be signed.
pub trait Signable: Sized + Send + 'static + sealed::Sealed {
    #[doc(hidden)]
    fn target(&self) -> Result<Url, ErrorKind>;
    #[doc(hidden)]
    fn headers(&mut self) -> &mut HeaderMap;
    #[doc(hidden)]
    fn copy(&self) -> Option<Self>;
}

/// A response with a status.
pub trait HasStatus: sealed::Sealed {
    #[doc(hidden)]
    fn code(&self) -> StatusCode;
}

mod sealed {
    pub trait Sealed {}

    impl<B> Sealed for oauth2::http::Request<B> {}
    impl<B> Sealed for oauth2::http::Response<B> {}
    impl Sealed for reqwest::Request {}
    impl Sealed for reqwest::Response {}
}

impl<B: Clone + Send + 'static> Signable for Request<B> {
    fn target(&self) -> Result<Url, ErrorKind> {
        absolute(self.uri())
    }

    fn headers(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn copy(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Signable for reqwest::Request {
    fn target(&self) -> Result<Url, ErrorKind> {
        Ok(self.url().clone())
    }

    fn headers(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn copy(&self) -> Option<Self> {
        self.try_clone()
    }
}

impl<B> HasStatus for Response<B> {
    fn code(&self) -> StatusCode {
        self.status()
    }
}

impl HasStatus for reqwest::Response {
    fn code(&self) -> StatusCode {
        self.status()
    }
}

/// Any error of a client: that of [`tower::BoxError`](https://docs.rs/tower/latest/tower/type.BoxError.html).
type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Sent<R> = Pin<Box<dyn Future<Output = Result<R, Error>> + Send>>;

impl<S, R> Service<R> for Authorized<S>
where
    R: Signable,
    S: Service<R> + Clone + Send + 'static,
    S::Response: HasStatus + Send,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = Error;
    type Future = Sent<S::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let session = &self.session;
        self.inner.poll_ready(context).map_err(|error| not_ready(session, error))
    }

    fn call(&mut self, request: R) -> Self::Future {
        // The one that is ready sends the request; its clone takes its place.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        Box::pin(send(ready, self.session.clone(), request))
    }
}

impl<S> Authorized<S> {
    /// Waits until the client is ready and sends the request, without the traits of tower.
    pub async fn send<R>(&self, request: R) -> Result<S::Response, Error>
    where
        R: Signable,
        S: Service<R> + Clone + Send + 'static,
        S::Response: HasStatus + Send,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        let mut client = self.clone();
        poll_fn(|context| Service::<R>::poll_ready(&mut client, context)).await?;
        client.call(request).await
    }
}

async fn send<S, R>(mut client: S, session: Session, mut request: R) -> Result<S::Response, Error>
where
    R: Signable,
    S: Service<R>,
    S::Response: HasStatus,
    S::Error: Into<BoxError>,
{
    let worded = |kind| session.context.error(kind);
    let url = request.target().map_err(worded)?;
    let host = || host_of(&url);
    session.sign(&url, request.headers()).await.map_err(worded)?;
    let signature = request.headers().get(AUTHORIZATION).cloned();
    let copy = request.copy();
    let response = client.call(request).await.map_err(|error| failed(&session, host(), error))?;
    if response.code() != StatusCode::UNAUTHORIZED {
        return Ok(response);
    }
    // Refreshes even for a request that cannot be sent again, because the next one is signed with the newer token.
    match (session.newer_signature(&url, signature.as_ref()).await, copy) {
        (Ok(Some(newer)), Some(mut again)) => {
            // A client that limits its open connections would wait for this one.
            drop(response);
            again.headers().insert(AUTHORIZATION, newer);
            poll_fn(|context| client.poll_ready(context))
                .await
                .map_err(|error| not_ready(&session, error))?;
            client.call(again).await.map_err(|error| failed(&session, host(), error))
        }
        (Err(kind), _) if !kind.is_transient() && !matches!(kind, ErrorKind::LockBusy { .. }) => {
            Err(worded(kind))
        }
        // The answer of the API says more than why there is no newer token right now.
        (Ok(_) | Err(_), _) => Ok(response),
    }
}

fn failed(session: &Session, host: String, error: impl Into<BoxError>) -> Error {
    let error = error.into();
    let kind = ErrorKind::Unreachable { host, cause: innermost(&*error).to_string(), proxy: None };
    session.context.error(kind).caused_by(error.into())
}

/// An error of the client, or of a layer around it, before the request was sent.
fn not_ready(session: &Session, error: impl Into<BoxError>) -> Error {
    let error = error.into();
    let kind =
        ErrorKind::LocalFailure { what: "send the request".into(), cause: innermost(&*error).to_string() };
    session.context.error(kind).caused_by(error.into())
}
