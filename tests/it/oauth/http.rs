//! HTTP: bytes, sizes, hosts, timeouts, and an orderly shutdown.

use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::dev::Service as _;
use actix_web::http::header::{ACCEPT, HOST as HOST_HEADER};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, test, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use keystiled::domain::engine::Engine;
use keystiled::web::envelope::envelope;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HOST};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{is, refusal, told_to_the_person};
use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::oauth::{Ask, Session};
use crate::support::wire::{Heard, listen, say};

/// Longer than any response takes; a connection that the server closes ends the wait early.
const SOON: Duration = Duration::from_secs(10);
const FORM: &str = "application/x-www-form-urlencoded";
/// The smuggled request of an attacker.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n";

/// A POST to the token endpoint with these header lines and this body.
fn post(app: &TestApp, headers: &str, body: &str) -> String {
    let host = app.address();
    format!("POST /oauth/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\n{headers}\r\n{body}")
}

/// Sends the beginning of a request and never the rest; returns what was received and when.
async fn send_partial(address: SocketAddr, beginning: String) -> (Heard, Duration) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    let heard = listen(&mut stream, Duration::from_secs(20)).await;
    (heard, started.elapsed())
}

/// The p99 latency of another client.
async fn p99(app: &TestApp, access: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..100 {
        let started = Instant::now();
        assert_eq!(app.whoami(access).await.status, 200);
        times.push(started.elapsed());
    }
    times.sort();
    times[98]
}

#[tokio::test]
async fn cb_08_endless_requests_and_unread_responses_are_dropped() {
    let app = Builder::on(Database::sqlite()).start().await;
    let address = app.address();
    let whole = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let unfinished = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(whole.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost").await.unwrap();
        listen(&mut stream, Duration::from_secs(40)).await
    };
    let unread = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let many = format!("GET /api HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(1_000);
        while let Ok(sent) = timeout(Duration::from_secs(3), stream.write_all(many.as_bytes())).await {
            if sent.is_err() {
                break;
            }
        }
        tokio::time::sleep(Duration::from_secs(25)).await;
        listen(&mut stream, Duration::from_secs(15)).await
    };
    let (unfinished, unread) = tokio::join!(unfinished, unread);
    assert!(unfinished.closed, "{unfinished:?}");
    assert!(unread.closed, "the connection stays open");
    app.stop().await;
}

both_engines! {
    async fn ht_01_ambiguously_framed_requests_are_refused(app) {
        let smuggled = SMUGGLED.replace("{host}", &app.address().to_string());
        let chunked = format!("0\r\n\r\n{smuggled}");
        let length = chunked.len();
        for (what, request) in [
            ("CL.TE", post(app, &format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"), &chunked)),
            ("TE.CL", post(app, &format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"), &chunked)),
            ("xchunked", post(app, "Transfer-Encoding: xchunked\r\n", &chunked)),
            ("two TE", post(app, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", &chunked)),
            ("chunked is not last", post(app, "Transfer-Encoding: chunked, identity\r\n", &chunked)),
            ("two CL", post(app, &format!("Content-Length: 0\r\nContent-Length: {length}\r\n"), &chunked)),
            ("CL list", post(app, &format!("Content-Length: 0, {length}\r\n"), &chunked)),
            ("CL with +", post(app, &format!("Content-Length: +{length}\r\n"), &chunked)),
            ("CL with -", post(app, "Content-Length: -1\r\n", &chunked)),
            ("CL in hexadecimal", post(app, "Content-Length: 0x10\r\n", &chunked)),
            ("space before the colon", post(app, &format!("Content-Length : {length}\r\n"), &chunked)),
            ("folded header", post(app, &format!("X: a\r\n b: c\r\nContent-Length: {length}\r\n"), &chunked)),
            ("NUL in a header", post(app, "X: a\0b\r\nContent-Length: 0\r\n", "")),
            ("CR in a header", post(app, "X: a\rb\r\nContent-Length: 0\r\n", "")),
            ("bad chunk size", post(app, "Transfer-Encoding: chunked\r\n", "x\r\n\r\n")),
        ] {
            let heard = say(app.address(), request.as_bytes(), SOON).await;
            assert_eq!(heard.statuses(), [400], "{what}: {heard:?}");
            assert!(heard.closed, "{what}: {heard:?}");
        }
    }

    async fn ht_01_one_request_on_the_wire_has_one_answer(app) {
        let smuggled = SMUGGLED.replace("{host}", &app.address().to_string());
        let request = post(app, &format!("Content-Length: {}\r\nConnection: close\r\n", smuggled.len()), &smuggled);
        let heard = say(app.address(), request.as_bytes(), SOON).await;
        assert_eq!(heard.statuses().len(), 1, "{heard:?}");
    }

    async fn ht_02_neither_chunks_nor_trailers_replace_headers(app) {
        let client = app.client(ClientKind::Confidential).await;
        let secret = client.secret.as_deref().unwrap();
        let proof = format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{}:{secret}", client.id)));
        let form = "grant_type=refresh_token&refresh_token=x";
        let chunk = format!("{:x}\r\n{form}\r\n0\r\n", form.len());
        let send = async |headers: &str, body: &str| {
            let headers = format!("Transfer-Encoding: chunked\r\nConnection: close\r\n{headers}");
            say(app.address(), post(app, &headers, body).as_bytes(), SOON).await
        };
        assert_eq!(send(&proof, &format!("{chunk}\r\n")).await.statuses(), [400], "a client with credentials");
        let trailer = send("", &format!("{chunk}{proof}\r\n")).await;
        assert!(matches!(trailer.statuses()[..], [400 | 401]), "{trailer:?}");
        assert!(!trailer.text.contains("invalid_grant"), "{trailer:?}");
        for size in ["fffffffffffffffff", "10000000000000000", "-5", "0x5", " 5"] {
            let heard = send("", &format!("{size}\r\n{form}\r\n0\r\n\r\n")).await;
            assert_eq!(heard.statuses(), [400], "{size}: {heard:?}");
        }
        let extended = send("", &format!("{:x};{}\r\n{form}\r\n0\r\n\r\n", form.len(), "x".repeat(1_000_000))).await;
        assert!(matches!(extended.statuses()[..], [400 | 401 | 413]), "{extended:?}");
    }

    async fn ht_03_a_large_body_is_refused_with_and_without_its_length(app) {
        let client = app.client(ClientKind::Native).await;
        let large = format!("client_id={}&grant_type=refresh_token&refresh_token={}", client.id, "x".repeat(70_000));
        let anonymous = app.anonymous();
        for path in ["/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/authorize", "/sign-in", "/setup"] {
            let request = anonymous.request(Method::POST, path).header(CONTENT_TYPE, FORM).body(large.clone());
            assert_eq!(anonymous.send(request).await.status, 413, "{path}");
            let chunked = format!(
                "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {FORM}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
                 {:x}\r\n{large}\r\n0\r\n\r\n",
                app.address(),
                large.len(),
            );
            let heard = say(app.address(), chunked.as_bytes(), SOON).await;
            assert_eq!(heard.statuses(), [413], "{path}: {heard:?}");
        }
    }

    async fn ht_04_an_oversized_head_is_refused(app) {
        let anonymous = app.anonymous();
        assert_eq!(anonymous.get(&format!("/sign-in?a={}", "x".repeat(9_000))).await.status, 414);
        let large = anonymous.request(Method::GET, "/sign-in").header("X-Large", "x".repeat(17_000));
        assert_eq!(anonymous.send(large).await.status, 431);
        let many = "X-Many: x\r\n".repeat(200);
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n{many}\r\n", app.address());
        let heard = say(app.address(), request.as_bytes(), SOON).await;
        assert!(heard.statuses().iter().all(|status| (400..500).contains(status)) && heard.closed, "{heard:?}");
        let endless = format!("GET / HTTP/1.1\r\nHost: {}\r\nX: {}", app.address(), "x".repeat(300_000));
        let heard = say(app.address(), endless.as_bytes(), SOON).await;
        assert!(heard.statuses().iter().all(|status| (400..500).contains(status)) && heard.closed, "{heard:?}");
    }

    async fn ht_05_two_thousand_slow_senders_are_dropped_and_slow_nobody(app) {
        const CROWD: usize = 2_000;
        let address = app.address();
        let half = format!("POST /oauth/token HTTP/1.1\r\nHost: {address}\r\nContent-");
        let body = post(app, "Content-Length: 1000\r\n", "grant_type=");
        let Session { tokens, .. } = app.session().await;
        let calm = p99(app, &tokens.access).await;
        let slow_bodies = ["/oauth/token", "/oauth/authorize", "/sign-in"]
            .map(|path| tokio::spawn(send_partial(address, body.replace("/oauth/token", path))));
        let (connected, mut connections) = mpsc::channel(CROWD);
        let crowd: Vec<_> = (0..CROWD)
            .map(|_| {
                let (half, connected) = (half.clone(), connected.clone());
                tokio::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    // A connection that is rejected at once is not served slowly either.
                    drop(stream.write_all(half.as_bytes()).await);
                    connected.send(()).await.unwrap();
                    let started = Instant::now();
                    let heard = listen(&mut stream, Duration::from_secs(30)).await;
                    (heard, started.elapsed())
                })
            })
            .collect();
        for _ in 0..CROWD {
            connections.recv().await.unwrap();
        }
        let crowded = p99(app, &tokens.access).await;
        assert!(crowded < 10 * calm + Duration::from_millis(500), "{calm:?} without, {crowded:?} with a crowd");
        for one in crowd {
            let (heard, elapsed) = one.await.unwrap();
            assert!(heard.closed && elapsed < Duration::from_secs(20), "{elapsed:?} {heard:?}");
        }
        for one in slow_bodies {
            let (heard, elapsed) = one.await.unwrap();
            assert_eq!(heard.statuses(), [400], "{elapsed:?} {heard:?}");
            assert!(heard.closed, "{elapsed:?} {heard:?}");
        }
    }

    async fn ht_08_broken_and_flooding_forms_are_refused(app) {
        let client = app.client(ClientKind::Native).await;
        let anonymous = app.anonymous();
        let flood: String = (0..5_000).fold(String::new(), |flood, n| flood + &format!("p{n}=1&"));
        for bad in [flood.as_str(), "a=%", "a=%4", "a=%zz", "a=%ff", "a=%c0%af", "a=%ed%a0%80", "a=%00", "%ff=a"] {
            for path in ["/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/authorize"] {
                let body = format!("{bad}&client_id={}&grant_type=refresh_token", client.id);
                let request = anonymous.request(Method::POST, path).header(CONTENT_TYPE, FORM).body(body);
                let answer = anonymous.send(request).await;
                assert_eq!(answer.status, 400, "{path} {bad:.20}");
            }
            let ask = Ask::of(&client).path();
            let answer = anonymous.get(&format!("{ask}&{}", &bad[..bad.len().min(2_000)])).await;
            told_to_the_person(&answer, &format!("{bad:.20}"));
        }
        assert_eq!(anonymous.get("/healthz").await.status, 200);
    }

    async fn ht_10_a_busy_database_answers_503_soon_and_says_when_to_come_back(app) {
        const CROWD: usize = 100;
        let Session { client, tokens, .. } = app.session().await;
        let (store, size) = (app.inside().store.clone(), app.config.database.pool_size as usize);
        let mut holders = Vec::new();
        let (ready, held) = channel();
        for _ in 0..size {
            let (store, ready) = (store.clone(), ready.clone());
            let (release, wait) = channel::<()>();
            let wait = Arc::new(Mutex::new(wait));
            let held = async move {
                store.read(move |_| {
                    ready.send(()).unwrap();
                    wait.lock().unwrap().recv().ok();
                    Ok(())
                }).await
            };
            holders.push((release, tokio::spawn(held)));
        }
        tokio::task::spawn_blocking(move || (0..size).for_each(|_| held.recv().unwrap())).await.unwrap();
        // The signing keys are too old by now to be used without a query, which would block all requests.
        tokio::time::sleep(Duration::from_secs(4)).await;
        // The reference timer is delayed by the same noise.
        let timer = tokio::spawn(async {
            let begun = Instant::now();
            tokio::time::sleep(Duration::from_secs(2)).await;
            begun.elapsed()
        });
        let begun = Instant::now();
        let callers: Vec<_> = (0..CROWD)
            .map(|_| {
                let (anonymous, token) = (app.anonymous(), tokens.access.clone());
                tokio::spawn(async move {
                    let request = anonymous.request(Method::GET, "/api/v1/whoami").bearer_auth(token);
                    (anonymous.send(request).await, begun.elapsed())
                })
            })
            .collect();
        let health = app.anonymous().get("/healthz").await;
        assert_eq!((health.status, timer.is_finished()), (200, false), "a process that waits for the database is alive");
        let mut longest = Duration::ZERO;
        for caller in callers {
            let (answer, took) = caller.await.unwrap();
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
            longest = longest.max(took);
        }
        let two_seconds = timer.await.unwrap();
        assert!(longest < two_seconds * 2, "requests do not wait for each other: {longest:?} beside {two_seconds:?}");
        assert_eq!(app.anonymous().get("/readyz").await.status, 503);
        assert_eq!(app.anonymous().get("/healthz").await.status, 200);
        for (release, holder) in holders {
            release.send(()).unwrap();
            holder.await.unwrap().unwrap();
        }
        assert_eq!(app.whoami(&tokens.access).await.status, 200);
        assert_eq!(app.anonymous().get("/readyz").await.status, 200);
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 200, "the session was not changed");
    }

    async fn ht_14_unusable_rows_are_deleted(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.client(ClientKind::Native).await;
        for _ in 0..20 {
            app.anonymous().get(&Ask::of(&client).path()).await;
        }
        let session = app.session_in(&browser, &client, &owner).await;
        let tables = ["authorization_requests", "authorization_codes", "web_sessions"];
        app.advance(TimeDelta::hours(24));
        app.sweep().await;
        let kept = app.count(tables[0]).await;
        assert_eq!(kept, 1, "only the request with a code, so that a replay of the code still ends its session");
        app.advance(TimeDelta::hours(1));
        app.sweep().await;
        for table in tables {
            assert_eq!(app.count(table).await, 0, "{table}");
        }
        assert_eq!(app.refresh(&client, &session.tokens.refresh).await.status, 200);
    }

    async fn ht_14_table_sizes_are_bounded_by_recent_requests(app, |app| app.manual_clock()) {
        const ROUNDS: usize = 20;
        const MORE: usize = 2_000;
        const TABLES: [&str; 2] = ["authorization_requests", "device_requests"];
        let (client, device) = (app.client(ClientKind::Native).await, app.device_client().await);
        let push = Ask::of(&client).parameters().to_vec();
        let push: Vec<(&str, &str)> = push
            .iter()
            .filter(|(name, _)| name != "client_id")
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut most = [0, 0];
        for round in 0..ROUNDS {
            // One of each kind as a tool creates it, and many copies, each with an id and secrets of its own.
            app.anonymous().get(&Ask::of(&client).path()).await;
            assert_eq!(app.client_post(&client, "/oauth/par", &push).await.status, 201);
            app.device_codes(&device, &[]).await;
            let numbers = format!("WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {MORE})");
            let own = match app.inside().store.engine() {
                Engine::Sqlite => "randomblob(32)",
                Engine::Postgres => "decode(md5(random()::text) || md5(random()::text), 'hex')",
            };
            for (table, columns, secrets) in [
                (TABLES[0], "redirect_uri", "redirect_uri".to_owned()),
                (TABLES[1], "device_hash, user_code_hash, interval_seconds", format!("{own}, {own}, interval_seconds")),
            ] {
                let copies = format!(
                    "{numbers} INSERT INTO {table} (id, client_id, scopes, created_at, expires_at, status, {columns})
                    SELECT 'r{round}_' || i, client_id, scopes, created_at, expires_at, status, {secrets}
                    FROM numbers, (SELECT * FROM {table} ORDER BY created_at DESC LIMIT 1) AS last"
                );
                app.execute(&copies).await.unwrap();
            }
            app.advance(TimeDelta::minutes(10));
            app.sweep().await;
            for (most, table) in most.iter_mut().zip(TABLES) {
                *most = app.count(table).await.max(*most);
            }
        }
        // A request expires after ten minutes and is deleted half an hour later: five rounds, whatever their size.
        for (most, table) in most.into_iter().zip(TABLES) {
            let of_a_round = i64::try_from(MORE).unwrap() + 2;
            assert!(most >= of_a_round && most <= of_a_round * 5, "{table}: {most}");
        }
        app.advance(TimeDelta::hours(1));
        app.sweep().await;
        assert_eq!((app.count(TABLES[0]).await, app.count(TABLES[1]).await), (0, 0));
    }

    async fn wb_06_an_error_in_json_is_nothing_else_and_reflects_nothing(app) {
        let script = "<script>alert(1)</script>";
        let anonymous = app.anonymous();
        for answer in [
            anonymous.post("/oauth/token", &[("client_id", script), ("grant_type", script)]).await,
            anonymous.post("/oauth/token", &[("client_id", "a"), ("grant_type", "refresh_token"), ("refresh_token", script)]).await,
            anonymous.post("/oauth/par", &[("client_id", script)]).await,
            anonymous.get(&format!("/api/v1/sessions?cursor={script}")).await,
            anonymous.get(&format!("/api/{script}")).await,
            app.whoami(script).await,
            anonymous.get("/oauth/userinfo?access_token=alert").await,
        ] {
            assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:#?}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert!(!answer.body.contains("alert"), "{}", answer.body);
        }
    }

    async fn wb_07_only_the_configured_name_counts(app) {
        let anonymous = app.anonymous();
        let metadata = "/.well-known/openid-configuration";
        let plain = anonymous.get(metadata).await;
        for (name, value) in [
            ("X-Forwarded-Host", "evil.com"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Port", "1"),
            ("X-Forwarded-Prefix", "/evil"),
            ("Forwarded", "host=evil.com;proto=https"),
            ("X-Original-URL", "/evil"),
        ] {
            let forwarded = anonymous.send(anonymous.request(Method::GET, metadata).header(name, value)).await;
            assert_eq!(forwarded.body, plain.body, "{name}");
            let page = anonymous.send(anonymous.request(Method::GET, "/sign-in").header(name, value)).await;
            assert!(!page.body.contains("evil"), "{name}");
        }
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        for host in ["evil.com", "localhost", "127.0.0.1", "evil.com@127.0.0.1"] {
            for path in [metadata, ask.path().as_str(), "/sign-in"] {
                let answer = anonymous.send(anonymous.request(Method::GET, path).header(HOST, host)).await;
                assert!(matches!(answer.status, 400 | 421), "{host} {path}: {}", answer.status);
                assert_eq!(answer.header("location"), None);
            }
        }
        assert_eq!(app.count("authorization_requests").await, 0);
    }

    async fn cg_09_a_request_for_another_host_is_told_the_right_address(app, |app| app.with_path("/auth")) {
        let anonymous = app.anonymous();
        let own = app.issuer();
        let told = format!("This server is reached at {own}.");
        let ask = async |path: &str, accept: &str| {
            let url = format!("{}{path}", app.base());
            let request = anonymous.request(Method::GET, &url).header(HOST, "localhost:1").header("Accept", accept);
            let answer = anonymous.send(request).await;
            assert_eq!((answer.status, answer.header("vary")), (421, Some("Accept")), "{path}");
            assert!(answer.headers.contains_key("x-request-id") && answer.headers.contains_key("content-security-policy"));
            answer
        };
        for path in ["/", "/sign-in", "/api/v1/whoami", "/nothing"] {
            let page = ask(path, "text/html,application/xhtml+xml,*/*;q=0.8").await;
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
            assert!(page.text().contains("This server is reached at") && page.body.contains(&format!("href=\"{own}\"")), "{}", page.body);
            assert!(!page.body.contains("localhost"), "{}", page.body);
        }
        for path in ["/oauth/token", "/oauth/jwks", "/"] {
            let body = ask(path, "*/*").await.json();
            assert_eq!(body, json!({ "error": "misdirected_request", "error_description": told, "public_url": own }));
        }
        let body = ask("/api/v1/whoami", "application/json").await.json();
        let error = &body["error"];
        assert_eq!((&error["type"], &error["code"], &error["message"]), (&json!("invalid_request"), &json!("misdirected_request"), &json!(told)));
        assert!(error["request_id"].as_str().unwrap().starts_with("req_") && body["public_url"] == json!(own));
    }

    async fn cb_02_a_handler_that_panics_is_a_500_with_the_request_id(app) {
        async fn broken() -> HttpResponse {
            panic!("in a test");
        }
        let routes = App::new().app_data(web::Data::new(app.inside().clone())).wrap(from_fn(envelope));
        let server = test::init_service(routes.default_service(web::to(broken))).await;
        let own = app.address().to_string();
        for (path, accept) in [("/", "text/html"), ("/api/v1/whoami", "*/*"), ("/oauth/token", "*/*")] {
            let request = test::TestRequest::with_uri(path).insert_header((HOST_HEADER, own.as_str()));
            let request = request.insert_header((ACCEPT, accept)).insert_header(("X-Request-Id", "mine-1"));
            let Err(error) = server.call(request.to_request()).await else { panic!("{path} is answered") };
            let answer = error.error_response();
            let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(answer.status().as_u16(), 500, "{path}");
            assert_eq!(header("x-request-id").as_deref(), Some("mine-1"));
            assert_eq!(header("cache-control").as_deref(), Some("no-store"));
            assert!(header("content-security-policy").is_some() && header("x-frame-options").is_some());
            let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
            let text = std::str::from_utf8(&body).unwrap();
            assert!(!text.contains("in a test"), "{text}");
            match path {
                "/" => assert!(text.contains("Something went wrong") && text.contains("mine-1"), "{text}"),
                "/oauth/token" => {
                    assert_eq!(serde_json::from_str::<Value>(text).unwrap()["error"], "server_error");
                }
                _ => {
                    let error = &serde_json::from_str::<Value>(text).unwrap()["error"];
                    assert_eq!(error["code"], "internal_error");
                    assert_eq!(error["request_id"], "mine-1");
                }
            }
        }
    }

    async fn wb_08_a_host_in_the_request_line_counts_as_well(app) {
        let own = app.address().to_string();
        for (target, host, status) in [
            (format!("http://evil.com{}", "/sign-in"), own.as_str(), 421),
            (format!("http://{own}/healthz"), own.as_str(), 200),
            (format!("http://{own}/sign-in"), "evil.com", 421),
            ("/sign-in".to_owned(), "evil.com", 421),
        ] {
            let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let heard = say(app.address(), request.as_bytes(), SOON).await;
            assert_eq!(heard.statuses(), [status], "{target} {host}: {heard:?}");
        }
        for request in ["GET /sign-in HTTP/1.1\r\nConnection: close\r\n\r\n", "GET /sign-in HTTP/1.0\r\n\r\n"] {
            let heard = say(app.address(), request.as_bytes(), SOON).await;
            assert!(heard.statuses().iter().all(|status| matches!(status, 400 | 421)), "{heard:?}");
        }
    }

    async fn a_request_to_nowhere_is_answered_in_the_form_of_its_family(app) {
        assert_eq!(refusal(&app.anonymous().get("/oauth/nowhere").await), is(404, "not_found"));
    }
}
