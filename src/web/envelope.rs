//! Middleware around every request: request id, gate, response headers, usage log and access log.

use std::time::Instant;

use actix_web::body::{self, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use tracing::Level;

use super::app::App;
use super::client_address::client_address;
use super::unstyled::ErrorFormat;
use super::{headers, panicked, request_id, route, use_log};
use crate::domain::entropy::Entropy;
use crate::supervise;

/// The outermost middleware.
pub async fn envelope(
    app: web::Data<App>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let id = request_id::choose(request.headers(), &app.config.brand.token_prefix, Entropy);
    let method = request.method().clone();
    if method == Method::HEAD {
        // A HEAD request is handled as a GET, and its body is removed at the end.
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(IsHead);
    }
    let face = ErrorFormat::of(&app.config.server.public_url, request.head());
    let mut response = if let Some(refusal) = app.gate.refusal(request.head(), &id) {
        request.into_response(refusal).map_into_right_body()
    } else {
        let answering = request_id::run_with(id.clone(), async { next.call(request).await });
        match supervise::catch_panic(answering).await {
            Ok(answered) => answered?.map_into_left_body(),
            Err(_) => return Err(after_panic(&app, face, &method, &id)),
        }
    };
    complete(&app, response.headers_mut(), &id);
    use_log::record(&app, response.request(), response.status().as_u16(), &id).await;
    log(&app, &method, response.request(), response.status().as_u16(), started, &id);
    // With a pipelined GET after it, actix would also send the body of HEAD.
    let is_head = method == Method::HEAD;
    Ok(response.map_body(
        |_, body| {
            if is_head { EitherBody::right(body::None::new()) } else { EitherBody::left(body) }
        },
    ))
}

fn complete(app: &App, headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static(request_id::HEADER), value);
    }
    headers::complete(headers, app.config.server.public_url.is_https());
}

/// The response after a panic, as an error because the request is gone. The panic has a log line of its own.
fn after_panic(app: &App, face: ErrorFormat, method: &Method, id: &str) -> Error {
    tracing::error!(target: "keystile::access", %method, status = 500, request_id = id, "a handler panicked");
    let mut answer = panicked::answer(face, id);
    if method == Method::HEAD {
        answer = answer.map_body(|_, _| BoxBody::new(body::None::new()));
    }
    complete(app, answer.headers_mut(), id);
    InternalError::from_response("a handler panicked", answer).into()
}

/// Marks a `HEAD` request.
struct IsHead;

/// Whether it is a `HEAD` request, which handlers see as `GET`.
pub fn is_head(request: &HttpRequest) -> bool {
    request.extensions().contains::<IsHead>()
}

/// Route label of requests that match no pattern.
const UNMATCHED: &str = "none";

fn log(app: &App, method: &Method, request: &HttpRequest, status: u16, started: Instant, id: &str) {
    macro_rules! line {
        ($level:expr) => {{
            // The pattern and never the path, because people paste keys into URLs.
            let route = route::of(request);
            let client = client_address(request, &app.config.server.trusted_proxies);
            tracing::event!(
                target: "keystile::access",
                $level,
                %method,
                route = route.as_deref().unwrap_or(UNMATCHED),
                status,
                ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3,
                request_id = id,
                client = client.map(tracing::field::display),
                "answered"
            );
        }};
    }
    if status == 200 && is_routine(request) {
        if tracing::enabled!(target: "keystile::access", Level::DEBUG) {
            line!(Level::DEBUG);
        }
    } else {
        line!(Level::INFO);
    }
}

/// Whether it is a routine request of machines or for static files, which is logged at debug level.
fn is_routine(request: &HttpRequest) -> bool {
    const ROUTINE: [&str; 5] = ["/.well-known/", "/oauth/jwks", "/static/", "/healthz", "/readyz"];
    route::of(request).is_some_and(|route| ROUTINE.iter().any(|start| route.starts_with(start)))
}
