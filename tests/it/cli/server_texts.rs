//! Servers that repeat secrets, forge lines or send tokens that a shell or a protocol would misread.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use keystile::testing::{TestResponse, TestServer};
use serde_json::{Value, json};

use crate::support::cli::{Cli, Ran, visit};
use crate::support::scripted::{Asked, Reply, Scripted};

/// A JWT with `_` in each part.
const JWT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJ1c3JfMSIsIm5hbWUiOiJB_GF0YSBMb3ZlbGFjZSI.c2lnbmF0d_XJlLW9m_LWEtdG9rZW4";
/// A token of another server, which looks like nothing in particular.
const OPAQUE: &str = "opaque/token+of_another~server/0123456789==";
const REFRESH_TOKEN: &str = "refresh token'of \"another\" server";
const KEY: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";
/// C0, C1, DEL, line breaks of every kind, bidirectional override, zero-width space.
const FORGED: &str =
    "one\n✓ two\r\nthree\u{85}four\u{2028}five\u{2029}six\u{1b}[31m\u{9b}31m\u{7f}\u{202e}\u{200b}";

/// A token response.
fn tokens(access: &str, refresh: &str, kind: &str) -> Value {
    json!({ "access_token": access, "token_type": kind, "expires_in": 28_800, "refresh_token": refresh })
}

/// A server that approves device codes and answers the token endpoint with this document.
fn issuing(tokens: Value, other: impl Fn(&Asked) -> Reply + Send + 'static) -> Scripted {
    Scripted::start(move |asked, base| match asked.path.as_str() {
        "/oauth/device_authorization" => Some((
            200,
            json!({
                "device_code": "device-code-1", "user_code": "WDJB-MJHT", "verification_uri": format!("{base}/device"),
                "expires_in": 600, "interval": 1,
            }),
        )),
        "/oauth/token" => Some((200, tokens.clone())),
        _ => other(asked),
    })
}

fn whoami(name: &str) -> Value {
    json!({ "data": {
        "kind": "cli_session", "credential": { "id": "ses_9fK2" },
        "subject": { "kind": "user", "id": "usr_1", "name": name }, "scopes": [],
    }})
}

/// A tool that is signed in with this token at a server whose API answers with an error.
async fn signed_in(access: &'static str, message: String) -> (Scripted, Cli) {
    let server = issuing(tokens(access, REFRESH_TOKEN, "Bearer"), move |asked| match asked.path.as_str() {
        "/api/v1/whoami" => Some((200, whoami("Ada"))),
        _ => Some((400, json!({ "error": { "code": "invalid", "message": message } }))),
    });
    let cli = Cli::at(&server.url());
    cli.run(&["auth", "login", "--device"]).await.good();
    (server, cli)
}

/// Asserts that neither stream has 12 characters in a row of the secret.
#[track_caller]
fn shows_nothing_of(ran: &Ran, secret: &str) {
    for start in 0..=secret.len() - 12 {
        let part = &secret[start..start + 12];
        assert!(!ran.out.contains(part) && !ran.err.contains(part), "{part}: {ran:#?}");
    }
}

/// Asserts that a text has no control or format character besides line feeds.
#[track_caller]
fn is_plain(text: &str) {
    let bad = |c: char| {
        c != '\n'
            && (c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    assert!(!text.chars().any(bad), "{text:?}");
}

#[tokio::test]
async fn ch_01_an_api_error_that_repeats_the_tokens_shows_nothing_of_them() {
    for token in [JWT, OPAQUE] {
        let encoded: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        let message = format!("Bad token {token} ({encoded}, {}...), {REFRESH_TOKEN}", &token[..30]);
        let (_server, cli) = signed_in(token, message).await;
        for arguments in [
            &["api", "GET", "/v1/things"][..],
            &["api", "GET", "/v1/things", "--json"],
            &["api", "GET", "/v1/things", "-vv"],
            &["key", "list", "-vv"],
        ] {
            let ran = cli.run(arguments).await;
            assert_eq!(ran.exit, 1, "{ran:#?}");
            assert!(ran.err.contains("Bad token …"), "{ran:#?}");
            shows_nothing_of(&ran, token);
            shows_nothing_of(&ran, REFRESH_TOKEN);
        }
    }
}

#[tokio::test]
async fn ch_01_response_headers_show_no_secret() {
    const CODE: &str = "code-of-a-redirect";
    let server = TestServer::start(|_| {
        let url = format!("https://a.example/cb?code={CODE}&state=state-of-a-redirect#id_token={OPAQUE}");
        TestResponse::json(&json!({ "ok": true }))
            .header("location", &url)
            .header("refresh", &format!("0; url={url}"))
            .header("x-note", &format!("{CODE} state-of-a-redirect {KEY} {JWT} {OPAQUE}"))
    });
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY);
    let ran = cli
        .run(&["api", "GET", "/v1/things", "--api-key", KEY, "--api-base", &server.url(""), "-vv"])
        .await
        .good();
    assert!(ran.err.contains("< location: https://a.example/cb?[redacted]"), "{ran:#?}");
    assert!(ran.err.contains("< x-note: … … keystile_live_…wxyz … …\n"), "{ran:#?}");
    for secret in [CODE, "state-of-a-redirect", OPAQUE, JWT, &KEY[14..]] {
        shows_nothing_of(&ran, secret);
    }
}

#[tokio::test]
async fn ch_01_a_callback_that_repeats_its_code_and_state_shows_neither() {
    let server = Scripted::start(|asked, base| {
        let link =
            json!({ "request_uri": "urn:x", "expires_in": 300, "login_url": format!("{base}/c/7KQ2-XM4T") });
        (asked.path == "/oauth/par").then_some((201, link))
    });
    let cli = Cli::at(&server.url()).with_recording_browser();
    let login = cli.login(&[]);
    login.link().await;
    let pushed = server.bodies("/oauth/par").remove(0);
    let parameter = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(pushed.as_bytes());
        pairs.find(|(name, _)| name == wanted).unwrap().1.into_owned()
    };
    let (redirect, state) = (parameter("redirect_uri"), parameter("state"));
    let code = "authorization-code-1";
    let description = format!("{state} {code}");
    let query =
        [("error", "server_error"), ("error_description", &description), ("state", &state), ("code", code)];
    visit(url::Url::parse_with_params(&redirect, query).unwrap().as_str()).await;
    let ran = login.ended().await;
    assert!(ran.err.contains("Sign-in failed (server_error)\n  … …"), "{ran:#?}");
    shows_nothing_of(&ran, &state);
    shows_nothing_of(&ran, code);
}

#[tokio::test]
async fn ch_03_tokens_that_a_shell_or_a_protocol_would_misread_are_not_stored() {
    let good = "access-token-1";
    for (access, refresh, kind, reason) in [
        ("x'; touch pwned; '", "r", "Bearer", "Its access token has characters"),
        ("x$(touch pwned)", "r", "Bearer", "Its access token has characters"),
        ("x\nhost=evil.example", "r", "Bearer", "Its access token has characters"),
        ("x y", "r", "Bearer", "Its access token has characters"),
        (good, "r\r\nX-Forged: 1", "Bearer", "Its refresh token has characters"),
        (good, "r", "DPoP", "It issued a token of the type `dpop`; only `Bearer` is supported"),
        (good, "r", "mac\n✓ forged", "It issued a token of the type `mac ✓ forged`"),
    ] {
        let server = issuing(tokens(access, refresh, kind), |_| Some((200, whoami("Ada"))));
        let cli = Cli::at(&server.url());
        let ran = cli.run(&["auth", "login", "--device"]).await;
        assert!(ran.exit != 0 && ran.err.contains(&format!("\n  {reason}")), "{ran:#?}");
        assert!(!cli.credentials_file().exists(), "{access:?}");
        assert!(server.asked("/api/v1/whoami").is_empty(), "{access:?} was not sent");
    }
    let server = issuing(tokens(good, "r 'of' \"visible\" ones", "bEARER"), |_| Some((200, whoami("Ada"))));
    let cli = Cli::at(&server.url());
    cli.run(&["auth", "login", "--device"]).await.good();
    assert_eq!(cli.stored("default")["access_token"], good);
}

#[tokio::test]
async fn ch_03_a_refresh_that_answers_such_a_token_changes_nothing() {
    let server = Scripted::start(|asked, base| match asked.path.as_str() {
        "/oauth/device_authorization" => Some((
            200,
            json!({
                "device_code": "device-code-1", "user_code": "WDJB-MJHT", "verification_uri": format!("{base}/device"),
                "expires_in": 600, "interval": 1,
            }),
        )),
        "/oauth/token" if asked.body.contains("device_code") => {
            Some((200, tokens("access-token-1", "refresh-token-1", "Bearer")))
        }
        "/oauth/token" => Some((200, tokens("x'; touch pwned; '", "refresh-token-2", "Bearer"))),
        _ => Some((200, whoami("Ada"))),
    });
    let cli = Cli::at(&server.url());
    cli.run(&["auth", "login", "--device"]).await.good();
    cli.let_expire();
    let before = cli.stored("default");
    let ran = cli.run(&["auth", "token", "--format", "env"]).await;
    assert!(
        ran.exit != 0 && ran.out.is_empty() && ran.err.contains("Its access token has characters"),
        "{ran:#?}"
    );
    assert_eq!(cli.stored("default"), before);
}

#[tokio::test]
async fn ch_03_a_stored_token_that_is_malformed_is_printed_in_no_format() {
    let (server, cli) = signed_in("access-token-1", String::new()).await;
    let asked = format!("protocol=http\nhost={}\n\n", server.url().trim_start_matches("http://"));
    for token in ["x'; touch pwned; '", "x\npassword=forged", "x\r\nX-Forged: 1"] {
        cli.edit(|document| document["profiles"]["default"]["access_token"] = json!(token));
        for format in ["raw", "header", "env", "json"] {
            let ran = cli.run(&["auth", "token", "--format", format]).await.failed(2, "Cannot read ");
            assert_eq!(ran.out, "", "{format}");
            assert!(ran.err.contains("auth login"), "{ran:#?}");
        }
        let ran = cli.run_with_input(&["credential-helper", "git", "get"], &asked).await;
        assert_eq!(ran.failed(2, "Cannot read ").out, "");
    }
}

#[tokio::test]
async fn ch_03_what_a_server_says_is_one_line_without_control_characters() {
    let (_server, cli) = signed_in("access-token-1", FORGED.to_owned()).await;
    let line = "  one ✓ two three four five six[31m31m";
    for arguments in [&["api", "GET", "/v1/things"][..], &["key", "list"]] {
        let ran = cli.run(arguments).await;
        assert!(ran.err.lines().any(|said| said == line), "{ran:#?}");
        is_plain(&ran.err);
        assert!(!ran.err.lines().any(|said| said.starts_with('✓')), "{ran:#?}");
    }
    let ran = cli.run(&["key", "list", "--json"]).await;
    is_plain(&ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{ran:#?}");
    assert_eq!(ran.error()["detail"], line.trim_start());
}

#[tokio::test]
async fn ch_03_names_are_one_line_and_escaped_in_json() {
    let server =
        issuing(tokens("access-token-1", "refresh-token-1", "Bearer"), |_| Some((200, whoami(FORGED))));
    let cli = Cli::at(&server.url());
    let login = cli.run(&["auth", "login", "--device"]).await.good();
    is_plain(&login.err);
    assert!(login.err.contains("✓ Signed in as one ✓ two three four five six[31m31m\n"), "{login:#?}");
    let ran = cli.run(&["whoami"]).await.good();
    assert_eq!(ran.out.lines().next(), Some("one ✓ two three four five six[31m31m"));
    is_plain(&ran.out);
    let ran = cli.run(&["whoami", "--json"]).await.good();
    is_plain(&ran.out);
    assert!(ran.out.contains("\\u202e") && ran.json().to_string().contains('\u{202e}'), "{ran:#?}");
}

#[tokio::test]
async fn ch_03_an_oauth_error_is_one_line() {
    let server = Scripted::start(|_, _| Some((400, json!({ "error": FORGED, "error_description": FORGED }))));
    let ran = Cli::at(&server.url()).run(&["auth", "login", "--device"]).await;
    assert_ne!(ran.exit, 0);
    is_plain(&ran.err);
    assert!(ran.err.contains("  one ✓ two three four five six[31m31m"), "{ran:#?}");
    assert!(!ran.err.lines().any(|said| said.starts_with('✓')), "{ran:#?}");
}

/// A server that answers every request with these bytes.
fn answering(kind: &'static str, body: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            drop(stream.get_mut().write_all(&[head.as_bytes(), &body].concat()));
        }
    });
    url
}

#[tokio::test]
async fn ch_03_api_cleans_what_goes_to_a_terminal_and_pipes_the_bytes() {
    let document = format!("{{\"b\":\"x\u{9b}31m\u{202e}y\",\"a\":\"{KEY}\"}}\n").into_bytes();
    let text = b"one\n\x1b[31mtwo\xc2\x9b31m\xff three\n".to_vec();
    for (kind, body, shown) in [
        ("application/json", document, "\"b\": \"x\\u009b31m\\u202ey\""),
        ("text/plain", text, "[31mtwo31m\u{fffd} three"),
    ] {
        let url = answering(kind, body.clone());
        let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY);
        let arguments = format!("api GET /v1/things --api-key {KEY} --api-base {url}");
        for json in ["", " --json"] {
            let ran = cli.start(cli.terminal(&format!("{arguments}{json}"))).ended().await.good();
            is_plain(&ran.out.replace('\r', ""));
            assert!(!ran.out.contains(KEY), "{ran:#?}");
            assert!(!json.is_empty() || ran.out.contains(shown), "{ran:#?}");
        }
        let piped: Vec<&str> = arguments.split(' ').collect();
        let output = cli.command(&piped).output().unwrap();
        assert_eq!(output.stdout, body);
    }
}
