//! `key`, `pat`, `scope` and `audit`: their requests and their output.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::scripted::{Asked, Scripted};

/// The key that the tool calls with.
const CALLER: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";
/// The secret that the server returns.
const KEY: &str = "keystile_live_newnewnewnewnewnewnewnewnewnewnewnew";
const TOKEN: &str = "keystile_pat_newnewnewnewnewnewnewnewnewnewnewnew";

fn key(more: &Value) -> Value {
    let mut key = json!({
        "id": "key_9", "name": "ci", "mode": "live", "scopes": ["deployments:read"], "unrestricted": false,
        "prefix": "keystile_live_", "lastFour": "wnew", "createdAt": "2026-05-09T10:00:00.000Z",
        "createdBy": { "kind": "user", "id": "usr_1", "name": "Ada" },
        "owner": { "kind": "service_account", "id": "sa_1", "name": "Pipeline" },
        "expiresAt": null, "lastUsedAt": null, "lastUsedIp": null, "revokedAt": null, "allowedAddresses": null,
    });
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    key
}

fn event(sequence: u64, action: &str) -> Value {
    json!({
        "id": format!("evt_{sequence}"), "sequence": sequence, "at": "2026-05-09T10:00:00.000Z",
        "actor": { "kind": "user", "id": "usr_1", "name": "Ada" }, "credential": "ses_1", "action": action,
        "target": "key_9", "outcome": "success", "ip": "192.0.2.1", "userAgent": null, "requestId": null,
        "details": {},
    })
}

fn scopes() -> Value {
    json!({ "data": {
        "version": 1,
        "scopes": [
            { "id": "org:read", "label": "See the organization", "level": "read", "roles": ["viewer", "owner"] },
            { "id": "deployments:write", "label": "Deploy", "level": "change", "roles": ["owner"] },
        ],
        "bundles": [{ "id": "read-only", "label": "Read only", "scopes": ["org:read"] }],
    }})
}

fn answer(asked: &Asked) -> (u16, Value) {
    let path = asked.path.split('?').next().unwrap();
    let (status, data) = match path {
        "/api/v1/keys" if asked.body.is_empty() => {
            let revoked = key(&json!({ "id": "key_8", "revokedAt": "2026-05-10T10:00:00.000Z" }));
            let page = if asked.path.contains("cursor=") {
                json!({ "data": [revoked], "nextCursor": null })
            } else {
                json!({ "data": [key(&json!({}))], "nextCursor": "a+b" })
            };
            return (200, page);
        }
        "/api/v1/keys" => (201, key(&json!({ "apiKey": KEY }))),
        "/api/v1/keys/key_8/rotate" => {
            let replaces = json!({ "id": "key_8", "expiresAt": "2020-01-01T00:00:00.000Z" });
            (201, key(&json!({ "apiKey": KEY, "replaces": replaces })))
        }
        "/api/v1/keys/key_9" | "/api/v1/keys/key_9/scopes" | "/api/v1/keys/key_9/revoke" => {
            (200, key(&json!({})))
        }
        "/api/v1/tokens" => (201, key(&json!({ "id": "pat_1", "token": TOKEN }))),
        "/api/v1/tokens/pat_1/revoke" => (200, key(&json!({ "id": "pat_1" }))),
        "/api/v1/scopes" => return (200, scopes()),
        _ => return (404, json!({ "error": { "code": "not_found", "message": "There is no such key." } })),
    };
    (status, json!({ "data": data }))
}

/// A tool configured for this scripted server.
fn tool(server: &Scripted) -> Cli {
    Cli::at(&server.url()).with("KEYSTILE_API_KEY", CALLER)
}

fn body(server: &Scripted, path: &str) -> Value {
    serde_json::from_str(&server.bodies(path).pop().unwrap()).unwrap()
}

#[tokio::test]
async fn a_new_key_is_all_that_standard_output_gets() {
    let server = Scripted::start(|asked, _| Some(answer(asked)));
    let cli = tool(&server);
    let ran = cli.run(&["key", "create", "ci", "--all-scopes", "--expires", "never"]).await.good();
    assert_eq!(ran.out, format!("{KEY}\n"));
    assert!(ran.err.starts_with("✓ Created key key_9\n") && !ran.err.contains(KEY), "{ran:#?}");
    assert_eq!(body(&server, "/api/v1/keys"), json!({ "name": "ci", "mode": "live" }));

    let all = ["key", "create", "ci", "--mode", "test", "--scopes", "a:read,b:read", "--expires", "90d"];
    let more = ["--service-account", "sa_1", "--allowed-addresses", "192.0.2.0/24,2001:db8::1", "--json"];
    let ran = cli.run(&[&all[..], &more[..]].concat()).await.good();
    assert_eq!(ran.json()["apiKey"], KEY);
    assert!(!ran.err.contains(KEY), "{ran:#?}");
    let mut asked = body(&server, "/api/v1/keys");
    let end = asked["expiresAt"].take();
    assert!(end.as_str().unwrap().ends_with('Z'), "{end}");
    let expected = json!({
        "name": "ci", "mode": "test", "scopes": ["a:read", "b:read"], "expiresAt": null, "serviceAccount": "sa_1",
        "allowedAddresses": ["192.0.2.0/24", "2001:db8::1"],
    });
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn on_a_terminal_a_new_key_comes_with_the_advice_to_copy_it_now() {
    let server = Scripted::start(|asked, _| Some(answer(asked)));
    let cli = tool(&server);
    let ran = cli.start(cli.terminal("key create ci --all-scopes --expires never")).ended().await.good();
    assert!(ran.out.contains("Copy it now. It is shown only once:\r\n\r\n"), "{ran:#?}");
    assert!(ran.out.lines().any(|line| line == KEY), "{ran:#?}");
}

#[tokio::test]
async fn a_new_key_is_not_lost_when_the_rest_of_the_answer_cannot_be_read() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/api/v1/keys" => Some((201, json!({ "data": { "id": 9, "apiKey": KEY } }))),
        _ => Some(answer(asked)),
    });
    let ran = tool(&server).run(&["key", "create", "ci", "--all-scopes", "--expires", "never"]).await.good();
    assert_eq!((ran.out, ran.err), (format!("{KEY}\n"), "✓ Created a key\n".to_owned()));
}

#[tokio::test]
async fn a_retry_makes_no_second_key() {
    let calls = AtomicUsize::new(0);
    let server = Scripted::start(move |asked, _| {
        let lost = asked.path == "/api/v1/keys" && calls.fetch_add(1, Ordering::Relaxed) == 0;
        if lost { None } else { Some(answer(asked)) }
    });
    tool(&server).run(&["key", "create", "ci", "--all-scopes", "--expires", "never"]).await.good();
    let keys: Vec<_> = server.asked("/api/v1/keys").into_iter().map(|asked| asked.idempotency_key).collect();
    assert!(keys.len() == 2 && keys[0].is_some() && keys[0] == keys[1], "{keys:?}");
}

#[tokio::test]
async fn keys_are_listed_page_by_page_without_those_that_have_ended() {
    let server = Scripted::start(|asked, _| Some(answer(asked)));
    let cli = tool(&server);
    let text = cli.run(&["key", "list"]).await.good().out;
    assert!(
        text.contains("keystile_live_…wnew") && text.contains("Pipeline") && !text.contains("key_8"),
        "{text}"
    );
    assert_eq!(server.asked("/api/v1/keys?limit=100&cursor=a%2Bb").len(), 1);
    let all = cli.run(&["key", "list", "--all"]).await.good().out;
    assert!(all.lines().any(|line| line.starts_with("key_8") && line.contains("revoked")), "{all}");
    let json = cli.run(&["key", "list", "--json"]).await.good().json();
    assert_eq!((&json[0]["id"], &json[1]["id"]), (&json!("key_9"), &json!("key_8")));
}

#[tokio::test]
async fn a_key_is_rotated_revoked_and_given_other_scopes() {
    let server = Scripted::start(|asked, _| Some(answer(asked)));
    let cli = tool(&server);
    let ran = cli.run(&["key", "rotate", "key_8", "--overlap", "24h"]).await.good();
    assert_eq!(ran.out, format!("{KEY}\n"));
    assert!(ran.err.contains("  Replaces      key_8, which has ended"), "{ran:#?}");
    assert_eq!(body(&server, "/api/v1/keys/key_8/rotate"), json!({ "overlapSeconds": 86_400 }));
    cli.run(&["key", "rotate", "key_8", "--overlap", "2h"]).await.failed(1, "invalid value '2h'");

    assert_eq!(cli.run(&["key", "scopes", "key_9"]).await.good().out, "deployments:read\n");
    let ran = cli.run(&["key", "scopes", "key_9", "deployments:read,org:read"]).await.good();
    assert!(ran.err.starts_with("✓ Changed the scopes of key key_9\n"), "{ran:#?}");
    assert_eq!(
        body(&server, "/api/v1/keys/key_9/scopes"),
        json!({ "scopes": ["deployments:read", "org:read"] })
    );

    let ran = cli.run(&["key", "revoke", "key_9"]).await.good();
    assert_eq!(ran.err.lines().next(), Some("✓ Revoked key key_9 (ci)"));
    cli.run(&["key", "revoke", "key_7"]).await.failed(5, "Not found\n  There is no such key.");
    cli.run(&["key", "revoke", "../sessions/ses_1"]).await.failed(5, "Not found\n");
    assert_eq!(server.asked("/api/v1/keys/..%2Fsessions%2Fses_1/revoke").len(), 1);
}

#[tokio::test]
async fn a_personal_token_is_made_with_the_scopes_that_are_named() {
    let server = Scripted::start(|asked, _| Some(answer(asked)));
    let cli = tool(&server);
    let ran = cli.run(&["pat", "create", "laptop", "--scopes", "org:read"]).await.good();
    assert_eq!(ran.out, format!("{TOKEN}\n"));
    assert!(ran.err.starts_with("✓ Created personal token pat_1\n"), "{ran:#?}");
    assert_eq!(body(&server, "/api/v1/tokens"), json!({ "name": "laptop", "scopes": ["org:read"] }));
    cli.run(&["pat", "revoke", "pat_1"]).await.good();
    cli.run(&["pat", "create", "laptop"]).await.failed(1, "missing argument --scopes <A,B>\n");
}

#[tokio::test]
async fn the_scopes_are_listed_without_a_credential() {
    let server = Scripted::start(|asked, _| Some(answer(asked)));
    let cli = Cli::at(&server.url());
    let text = cli.run(&["scope", "list"]).await.good().out;
    assert!(
        text.lines().any(|line| line.starts_with("org:read") && line.ends_with("See the organization")),
        "{text}"
    );
    assert_eq!(cli.run(&["scope", "list", "--json"]).await.good().json()[1]["level"], "change");
    let bundles = cli.run(&["scope", "bundles"]).await.good().out;
    assert!(
        bundles.lines().any(|line| line.starts_with("read-only") && line.ends_with("org:read")),
        "{bundles}"
    );
    let silent = Scripted::start(|_, _| Some((404, json!({}))));
    let headline = format!("{} does not publish its scopes\n", silent.url().trim_start_matches("http://"));
    Cli::at(&silent.url()).run(&["scope", "list"]).await.failed(1, &headline);
}

#[tokio::test]
async fn a_read_only_sign_in_requests_the_read_scopes() {
    let server = Scripted::start(|asked, base| match asked.path.as_str() {
        "/oauth/device_authorization" => Some((
            200,
            json!({
                "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": format!("{base}/device"),
                "expires_in": 600,
            }),
        )),
        _ => Some(answer(asked)),
    });
    let cli = Cli::at(&server.url());
    cli.run(&["auth", "login", "--start", "--read-only"]).await.good();
    let asked = server.bodies("/oauth/device_authorization").pop().unwrap();
    assert!(asked.contains("scope=org%3Aread&"), "{asked}");
    cli.run(&["auth", "login", "--start", "--read-only", "--scopes", "org:read"])
        .await
        .failed(1, "the argument '--read-only' cannot be used with");
}

#[tokio::test]
async fn the_audit_log_is_printed_the_latest_last() {
    let server = Scripted::start(|_, _| {
        Some((200, json!({ "data": [event(2, "key.revoked"), event(1, "key.created")], "nextCursor": null })))
    });
    let cli = tool(&server);
    let text = cli.run(&["audit", "list", "--key", "key_9", "--since", "2h"]).await.good().out;
    let first = "2026-05-09T10:00:00Z  success key.created  Ada with ses_1 on key_9 from 192.0.2.1";
    assert_eq!(text.lines().next(), Some(first));
    assert!(text.lines().nth(1).unwrap().contains("key.revoked"), "{text}");
    let json = cli.run(&["audit", "list", "--json"]).await.good().json();
    assert_eq!((&json[0]["sequence"], &json[1]["sequence"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn following_the_audit_log_prints_each_event_once() {
    let calls = AtomicUsize::new(0);
    let server = Scripted::start(move |asked, _| {
        if !asked.path.starts_with("/api/v1/audit") {
            return Some(answer(asked));
        }
        let known: Vec<_> = match calls.fetch_add(1, Ordering::Relaxed) {
            0 => vec![event(1, "key.created")],
            _ => vec![event(2, "key.revoked"), event(1, "key.created")],
        };
        Some((200, json!({ "data": known, "nextCursor": null })))
    });
    let cli = tool(&server);
    let mut follows = cli.start(cli.command(&["audit", "list", "--follow", "--json"]));
    follows.on_terminal(|said| said.contains("key.revoked").then_some(())).await;
    // The next poll returns both again.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    follows.kill();
    let said = follows.ended().await.out;
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sequences: Vec<_> = lines.iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, [1, 2]);
}
