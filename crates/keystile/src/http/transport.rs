//! Sends requests. The client is built on first use, so that commands without a request stay fast.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use oauth2::http::{HeaderMap, Response, StatusCode};
use oauth2::{HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use url::Url;

use super::failure::{TIMED_OUT, cause_of, too_large};
use super::response::ApiResponse;
use super::retry::{Outcome, Replay, retry_after, wait_before_next};
use super::roots::{self, CaBundle};
use super::stream::OpenResponse;
use super::trace::Trace;
use crate::base_url::{host_of, is_loopback};
use crate::clock::Clock;
use crate::env::Environment;
use crate::error::ErrorKind;
use crate::offload::offload;
use crate::random;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest response of the protocol, in bytes. Usual ones have a few kilobytes.
pub(crate) const PROTOCOL_LIMIT: usize = 1 << 20;

/// Retry policy, timeout and limit of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Whether the request may be repeated.
    pub(crate) replay: Replay,
    /// How long one attempt may take.
    pub(crate) timeout: Duration,
    /// The largest body that is accepted, in bytes.
    pub(crate) limit: usize,
}

/// How the body of a response is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Whole, as part of the attempt.
    Whole,
    /// In parts, by the caller.
    InParts,
}

/// A response.
#[derive(Debug)]
pub(crate) enum Arrived {
    Whole(ApiResponse),
    Open(Box<OpenResponse>),
}

impl Arrived {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Whole(response) => response.status(),
            Self::Open(response) => response.status(),
        }
    }

    /// The response with the rest of its body.
    pub(crate) async fn whole(self) -> Result<ApiResponse, ErrorKind> {
        match self {
            Self::Whole(response) => Ok(response),
            Self::Open(response) => response.whole().await,
        }
    }
}

/// The response of an attempt.
enum Received {
    Whole(HttpResponse),
    Open(reqwest::Response),
}

impl Received {
    fn status(&self) -> StatusCode {
        match self {
            Self::Whole(response) => response.status(),
            Self::Open(response) => response.status(),
        }
    }

    fn headers(&self) -> &HeaderMap {
        match self {
            Self::Whole(response) => response.headers(),
            Self::Open(response) => response.headers(),
        }
    }
}

/// Why an attempt has no response.
enum Failure {
    Http(reqwest::Error),
    TimedOut,
    /// The body is larger than the limit.
    TooLarge,
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

/// Options of all requests of an invocation.
#[derive(Clone)]
pub(crate) struct TransportOptions {
    pub(crate) user_agent: String,
    pub(crate) ca_bundle: Option<CaBundle>,
    /// Allows plain http to other hosts, for tests.
    pub(crate) allow_http: bool,
    pub(crate) retries: bool,
}

/// Sends requests.
pub(crate) struct Transport {
    options: TransportOptions,
    environment: Environment,
    trace: Trace,
    clock: Arc<dyn Clock>,
    proxied: OnceLock<reqwest::Client>,
    /// For loopback addresses, without the proxy.
    direct: OnceLock<reqwest::Client>,
    /// For http to loopback addresses, without certificates, which take longer to load than the request takes.
    plain: OnceLock<reqwest::Client>,
}

/// The kind of server that a client connects to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    Remote,
    Local,
    LocalWithoutTls,
}

impl Transport {
    pub(crate) fn new(
        options: TransportOptions,
        environment: Environment,
        trace: Trace,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            options,
            environment,
            trace,
            clock,
            proxied: OnceLock::new(),
            direct: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// A transport with connections of its own, for work on another runtime: a pooled connection is driven by the runtime
    /// that opened it, which may stand still or end meanwhile.
    pub(crate) fn for_another_runtime(&self) -> Self {
        Self::new(self.options.clone(), self.environment.clone(), self.trace.clone(), self.clock.clone())
    }

    /// Sends a request, with retries. Every response is `Ok`, whatever its status.
    pub(crate) async fn send(&self, request: HttpRequest, plan: Plan) -> Result<ApiResponse, ErrorKind> {
        self.call(request, plan, Reading::Whole, None).await?.whole().await
    }

    /// Like [`send`](Self::send). With [`Reading::InParts`], the timeout of the plan is that of the head and of each part,
    /// and only what happens before the body is retried. At `deadline` the call fails.
    pub(crate) async fn call(
        &self,
        request: HttpRequest,
        plan: Plan,
        reading: Reading,
        deadline: Option<Instant>,
    ) -> Result<Arrived, ErrorKind> {
        let url = Url::parse(&request.uri().to_string())
            .map_err(|error| ErrorKind::Usage { message: format!("Bad address: {error}"), hint: None })?;
        self.check_scheme(&url)?;
        let client = self.client_for(&url).await?;
        let left = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut number = 1;
        loop {
            let plan = Plan { timeout: left().map_or(plan.timeout, |left| left.min(plan.timeout)), ..plan };
            let attempt = self.attempt(client, &url, request.clone(), plan, reading).await;
            let outcome = match &attempt {
                Ok(received) => Outcome::Answered {
                    status: received.status().as_u16(),
                    retry_after: retry_after(received.headers(), self.clock.now()),
                },
                Err(Failure::Http(error)) if error.is_connect() => Outcome::Unsent,
                Err(Failure::Http(_) | Failure::TimedOut) => Outcome::Broken,
                Err(Failure::TooLarge) => return Err(too_large(&url, plan.limit)),
            };
            match wait_before_next(number, outcome, plan.replay, random::fraction()) {
                Some(wait) if self.options.retries && left().is_none_or(|left| wait < left) => {
                    self.trace.note(&format!("retry {number} of 3 in {:.2}s", wait.as_secs_f64()));
                    tokio::time::sleep(wait).await;
                    number += 1;
                }
                Some(_) | None => {
                    let received = attempt.map_err(|failure| match failure {
                        Failure::Http(error) => self.unreachable(&url, cause_of(&error)),
                        Failure::TimedOut => self.unreachable(&url, TIMED_OUT.into()),
                        Failure::TooLarge => too_large(&url, plan.limit),
                    })?;
                    return Ok(match received {
                        Received::Whole(response) => {
                            Arrived::Whole(ApiResponse::new(response, host_of(&url), self.clock.now()))
                        }
                        Received::Open(inner) => Arrived::Open(Box::new(OpenResponse {
                            inner,
                            received: self.clock.now(),
                            limit: plan.limit,
                            read: 0,
                            patience: plan.timeout,
                            deadline,
                            proxy: self.proxy_of(&url),
                            url,
                        })),
                    });
                }
            }
        }
    }

    /// Refuses plain http, except to this machine.
    pub(crate) fn check_scheme(&self, url: &Url) -> Result<(), ErrorKind> {
        if url.scheme() == "https" || is_loopback(url) || self.options.allow_http {
            return Ok(());
        }
        Err(ErrorKind::InsecureUrl { url: format!("{}://{}", url.scheme(), host_of(url)) })
    }

    async fn attempt(
        &self,
        client: &reqwest::Client,
        url: &Url,
        request: HttpRequest,
        plan: Plan,
        reading: Reading,
    ) -> Result<Received, Failure> {
        let method = request.method().to_string();
        self.trace.learn_request(&request);
        self.trace.headers('>', request.headers());
        let started = Instant::now();
        let answer = run(client, request, plan, reading).await;
        match &answer {
            Ok(received) => {
                match received {
                    Received::Whole(response) => self.trace.learn_response(response),
                    Received::Open(response) => {
                        let mut head = Response::new(Vec::new());
                        *head.headers_mut() = response.headers().clone();
                        self.trace.learn_response(&head);
                    }
                }
                self.trace.call(&method, url.path(), received.status().as_str(), started.elapsed());
                self.trace.headers('<', received.headers());
            }
            Err(Failure::Http(error)) => {
                self.trace.call(&method, url.path(), &cause_of(error), started.elapsed());
            }
            Err(Failure::TimedOut) => self.trace.call(&method, url.path(), TIMED_OUT, started.elapsed()),
            Err(Failure::TooLarge) => {
                self.trace.call(&method, url.path(), "response too large", started.elapsed());
            }
        }
        answer
    }

    /// The client for a URL, which is built on the blocking pool: certificates are many files.
    async fn client_for(&self, url: &Url) -> Result<&reqwest::Client, ErrorKind> {
        let (peer, cell) = match (is_loopback(url), url.scheme()) {
            (false, _) => (Peer::Remote, &self.proxied),
            (true, "http") => (Peer::LocalWithoutTls, &self.plain),
            (true, _) => (Peer::Local, &self.direct),
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let (options, environment) = (self.options.clone(), self.environment.clone());
        let client = offload(move || build(&options, &environment, peer)).await?;
        Ok(cell.get_or_init(|| client))
    }

    fn unreachable(&self, url: &Url, cause: String) -> ErrorKind {
        ErrorKind::Unreachable { host: host_of(url), cause, proxy: self.proxy_of(url) }
    }

    fn proxy_of(&self, url: &Url) -> Option<String> {
        if is_loopback(url) { None } else { self.environment.proxy(url.scheme()) }
    }
}

/// Reads the certificates of the system, or those that variables name.
fn build(
    options: &TransportOptions,
    environment: &Environment,
    peer: Peer,
) -> Result<reqwest::Client, ErrorKind> {
    let mut builder = reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect could send a credential to another host.
        .redirect(Policy::none());
    if peer != Peer::Remote {
        builder = builder.no_proxy();
    }
    builder = match peer {
        Peer::LocalWithoutTls => builder.tls_certs_only([]),
        Peer::Remote | Peer::Local => roots::add(builder, options.ca_bundle.as_ref(), environment)?,
    };
    builder.build().map_err(|error| ErrorKind::LocalFailure {
        what: "start the HTTP client".into(),
        cause: error.to_string(),
    })
}

async fn run(
    client: &reqwest::Client,
    request: HttpRequest,
    plan: Plan,
    reading: Reading,
) -> Result<Received, Failure> {
    let mut request = reqwest::Request::try_from(request)?;
    if reading == Reading::InParts {
        let head = tokio::time::timeout(plan.timeout, client.execute(request)).await;
        let head = head.map_err(|_| Failure::TimedOut)??;
        let length = head.content_length().and_then(|length| usize::try_from(length).ok());
        if length.is_some_and(|length| length > plan.limit) {
            return Err(Failure::TooLarge);
        }
        return Ok(Received::Open(head));
    }
    *request.timeout_mut() = Some(plan.timeout);
    let mut response = client.execute(request).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if chunk.len() > plan.limit - body.len() {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(Received::Whole(answer))
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
