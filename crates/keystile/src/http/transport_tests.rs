use std::sync::atomic::{AtomicUsize, Ordering};

use oauth2::http::Request;

use super::*;
use crate::clock::SystemClock;
use crate::testing::{TestResponse, TestServer};

fn transport(retries: bool) -> Transport {
    let options =
        TransportOptions { user_agent: "acme/1".into(), ca_bundle: None, allow_http: false, retries };
    Transport::new(options, Environment::default(), Trace::default(), Arc::new(SystemClock))
}

fn get(url: &str) -> HttpRequest {
    Request::get(url).body(Vec::new()).unwrap()
}

const SAFE: Plan = Plan { replay: Replay::Safe, timeout: Duration::from_secs(5), limit: PROTOCOL_LIMIT };

#[tokio::test]
async fn a_failing_server_is_asked_again() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let server = TestServer::start(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
        0 => TestResponse::status(503).header("retry-after", "0"),
        1 => TestResponse::hang_up(),
        _ => TestResponse::status(200),
    });
    let answer = transport(true).send(get(&server.url("/x")), SAFE).await.unwrap();
    assert_eq!((answer.status(), count.load(Ordering::SeqCst)), (200, 3));
}

#[tokio::test]
async fn an_unsafe_request_that_was_sent_is_not_repeated() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let server = TestServer::start(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        TestResponse::hang_up()
    });
    let plan = Plan { replay: Replay::OnlyIfUnsent, ..SAFE };
    assert!(matches!(
        transport(true).send(get(&server.url("/x")), plan).await,
        Err(ErrorKind::Unreachable { .. })
    ));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = TestServer::start(|_| TestResponse::status(302).header("location", "https://evil.example/"));
    let answer = transport(true).send(get(&server.url("/x")), SAFE).await.unwrap();
    assert_eq!(answer.status(), 302);
}

#[tokio::test]
async fn plain_http_is_allowed_only_to_this_machine() {
    let answer = transport(false).send(get("http://192.0.2.1/"), SAFE).await;
    assert_eq!(answer.err(), Some(ErrorKind::InsecureUrl { url: "http://192.0.2.1".into() }));
}

#[tokio::test]
async fn a_closed_port_is_reported_with_its_cause() {
    let answer = transport(false).send(get("http://127.0.0.1:1/"), SAFE).await;
    let expected = ErrorKind::Unreachable {
        host: "127.0.0.1:1".into(),
        cause: "connection refused".into(),
        proxy: None,
    };
    assert_eq!(answer.err(), Some(expected));
}
