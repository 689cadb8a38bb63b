//! Sends requests. The client is built on first use, so that commands without a request stay fast.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use oauth2::http::Response;
use oauth2::{HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use url::Url;

use super::response::ApiResponse;
use super::retry::{Outcome, Replay, retry_after, wait_before_next};
use super::roots::{self, CaBundle};
use super::trace::Trace;
use crate::base_url::{host_of, is_loopback};
use crate::clock::Clock;
use crate::env::Environment;
use crate::error::{ErrorKind, SELF_SIGNED, UNTRUSTED};
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

/// Why an attempt has no response.
enum Failure {
    Http(reqwest::Error),
    /// The body is larger than the limit.
    TooLarge,
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

/// Options of all requests of an invocation.
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

/// Whom a client is for.
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

    /// Sends a request, with retries. Every response is `Ok`, whatever its status.
    pub(crate) async fn send(&self, request: HttpRequest, plan: Plan) -> Result<ApiResponse, ErrorKind> {
        let url = Url::parse(&request.uri().to_string())
            .map_err(|error| ErrorKind::Usage { message: format!("Bad address: {error}"), hint: None })?;
        if url.scheme() != "https" && !is_loopback(&url) && !self.options.allow_http {
            return Err(ErrorKind::InsecureUrl { url: format!("{}://{}", url.scheme(), host_of(&url)) });
        }
        let client = self.client_for(&url)?;
        let mut number = 1;
        loop {
            let attempt = self.attempt(client, &url, request.clone(), plan).await;
            let outcome = match &attempt {
                Ok(response) => Outcome::Answered {
                    status: response.status().as_u16(),
                    retry_after: retry_after(response.headers(), self.clock.now()),
                },
                Err(Failure::Http(error)) if error.is_connect() => Outcome::Unsent,
                Err(Failure::Http(_)) => Outcome::Broken,
                Err(Failure::TooLarge) => return Err(too_large(&url, plan.limit)),
            };
            match wait_before_next(number, outcome, plan.replay, random::fraction()) {
                Some(wait) if self.options.retries => {
                    self.trace.note(&format!("retry {number} of 3 in {:.2}s", wait.as_secs_f64()));
                    tokio::time::sleep(wait).await;
                    number += 1;
                }
                Some(_) | None => {
                    return attempt
                        .map(|response| ApiResponse::new(response, host_of(&url), self.clock.now()))
                        .map_err(|failure| match failure {
                            Failure::Http(error) => self.unreachable(&url, &error),
                            Failure::TooLarge => too_large(&url, plan.limit),
                        });
                }
            }
        }
    }

    async fn attempt(
        &self,
        client: &reqwest::Client,
        url: &Url,
        request: HttpRequest,
        plan: Plan,
    ) -> Result<HttpResponse, Failure> {
        let method = request.method().to_string();
        self.trace.learn_request(&request);
        self.trace.headers('>', request.headers());
        let started = Instant::now();
        let answer = run(client, request, plan).await;
        match &answer {
            Ok(response) => {
                self.trace.learn_response(response);
                self.trace.call(&method, url.path(), response.status().as_str(), started.elapsed());
                self.trace.headers('<', response.headers());
            }
            Err(Failure::Http(error)) => {
                self.trace.call(&method, url.path(), &cause_of(error), started.elapsed());
            }
            Err(Failure::TooLarge) => {
                self.trace.call(&method, url.path(), "response too large", started.elapsed());
            }
        }
        answer
    }

    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, ErrorKind> {
        let (peer, cell) = match (is_loopback(url), url.scheme()) {
            (false, _) => (Peer::Remote, &self.proxied),
            (true, "http") => (Peer::LocalWithoutTls, &self.plain),
            (true, _) => (Peer::Local, &self.direct),
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = self.build(peer)?;
        Ok(cell.get_or_init(|| client))
    }

    fn build(&self, peer: Peer) -> Result<reqwest::Client, ErrorKind> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.options.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect could send a credential to another host.
            .redirect(Policy::none());
        if peer != Peer::Remote {
            builder = builder.no_proxy();
        }
        builder = match peer {
            Peer::LocalWithoutTls => builder.tls_certs_only([]),
            Peer::Remote | Peer::Local => {
                roots::add(builder, self.options.ca_bundle.as_ref(), &self.environment)?
            }
        };
        builder.build().map_err(|error| ErrorKind::LocalFailure {
            what: "start the HTTP client".into(),
            cause: error.to_string(),
        })
    }

    fn unreachable(&self, url: &Url, error: &reqwest::Error) -> ErrorKind {
        let proxy = if is_loopback(url) { None } else { self.environment.proxy(url.scheme()) };
        ErrorKind::Unreachable { host: host_of(url), cause: cause_of(error), proxy }
    }
}

async fn run(client: &reqwest::Client, request: HttpRequest, plan: Plan) -> Result<HttpResponse, Failure> {
    let mut request = reqwest::Request::try_from(request)?;
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
    Ok(answer)
}

fn too_large(url: &Url, limit: usize) -> ErrorKind {
    let size =
        if limit.is_multiple_of(1 << 20) { format!("{} MiB", limit >> 20) } else { format!("{limit} bytes") };
    ErrorKind::InvalidResponse {
        host: host_of(url),
        what: format!("Its response to {} is larger than the limit of {size}", url.path()),
    }
}

/// The innermost cause. The outer ones only repeat the URL.
fn cause_of(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "connection timed out".into();
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => "connection refused".into(),
        Some(std::io::ErrorKind::ConnectionReset) => "connection reset".into(),
        Some(_) | None => {
            let text = innermost.to_string();
            if text.contains("CaUsedAsEndEntity") {
                SELF_SIGNED.into()
            } else if text.contains("UnknownIssuer") {
                UNTRUSTED.into()
            } else if text.contains("lookup") || error.to_string().contains("dns") {
                format!("name not found: {text}")
            } else {
                text
            }
        }
    }
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
