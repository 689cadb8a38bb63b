//! `api`: methods, fields, pages, filters and refusals.

use std::sync::{Arc, Mutex};

use keystile::testing::{TestRequest, TestResponse, TestServer};
use serde_json::{Value, json};

use crate::support::cli::Cli;

/// A well-formed key that no server has issued.
const KEY: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";

/// A tool whose API is this server, and the requests that the server gets.
fn tool(
    answer: impl Fn(&TestRequest) -> TestResponse + Send + 'static,
) -> (Cli, Arc<Mutex<Vec<TestRequest>>>) {
    let seen = Arc::<Mutex<Vec<TestRequest>>>::default();
    let log = seen.clone();
    let server = TestServer::start(move |asked| {
        log.lock().unwrap().push(asked.clone());
        answer(&asked)
    });
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY);
    (cli.with("KEYSTILE_API_BASE", &server.url("")), seen)
}

fn lists(asked: &TestRequest) -> TestResponse {
    match asked.path.as_str() {
        "/things" => TestResponse::json(&json!({ "data": [{ "id": "a" }], "nextCursor": "c+1" })),
        "/things?cursor=c%2B1" => TestResponse::json(&json!({ "data": [{ "id": "b" }], "nextCursor": "c2" })),
        "/things?cursor=c2" => TestResponse::json(&json!({ "data": [{ "id": "c" }], "nextCursor": null })),
        "/linked" => {
            let next = format!("<http://{}/linked?page=2>; rel=\"next\"", asked.host);
            TestResponse::json(&json!([1])).header("link", &next)
        }
        "/linked?page=2" => TestResponse::json(&json!([2])),
        "/elsewhere" => TestResponse::json(&json!([1])).header("link", "<http://127.0.0.1:9/x>; rel=next"),
        "/endless?cursor=same" | "/endless" => {
            TestResponse::json(&json!({ "data": [], "nextCursor": "same" }))
        }
        "/late" => TestResponse::json(&json!({ "data": [1], "nextCursor": "gone" })),
        _ => {
            TestResponse::json(&json!({ "error": { "code": "not_found", "message": "No" } })).with_status(404)
        }
    }
}

#[tokio::test]
async fn without_a_method_it_is_get_and_a_body_wants_one() {
    let (cli, seen) = tool(|_| TestResponse::json(&json!({ "ok": true })));
    cli.run(&["api", "/things"]).await.good();
    cli.run(&["api", "/things", "-f", "a=b"]).await.failed(1, "Which method is it?\n");
    cli.run(&["api", "/things", "-d", "{}"]).await.failed(1, "Which method is it?\n");
    cli.run(&["api", "POST"]).await.failed(1, "missing argument PATH\n");
    cli.run(&["api", "POST", "/things", "-f", "name=ada's laptop", "-f", "scopes[]=a"]).await.good();
    cli.run(&["api", "GET", "/things", "-f", "q=a b&c"]).await.good();
    let seen = seen.lock().unwrap();
    let calls: Vec<_> = seen.iter().map(|asked| (asked.method.as_str(), asked.path.as_str())).collect();
    assert_eq!(calls, [("GET", "/things"), ("POST", "/things"), ("GET", "/things?q=a%20b%26c")]);
    let body: Value = serde_json::from_str(&seen[1].body).unwrap();
    assert_eq!(body, json!({ "name": "ada's laptop", "scopes": ["a"] }));
}

#[tokio::test]
async fn ch_19_paginate_fetches_every_page_and_prints_one_document() {
    let (cli, seen) = tool(lists);
    let all = cli.run(&["api", "/things", "--paginate"]).await.good().json();
    assert_eq!(all, json!({ "data": [{ "id": "a" }, { "id": "b" }, { "id": "c" }], "nextCursor": null }));
    assert_eq!(cli.run(&["api", "/linked", "--paginate"]).await.good().json(), json!([1, 2]));
    assert_eq!(seen.lock().unwrap().len(), 5);
    cli.run(&["api", "/elsewhere", "--paginate"]).await.failed(2, "No credential for 127.0.0.1:9\n");
    let ran = cli.run(&["api", "/endless", "--paginate"]).await.failed(1, "Could not fetch all pages\n");
    assert!(ran.err.contains("the same page again"), "{ran:#?}");
    let ran = cli.run(&["api", "/things", "--paginate", "--max-size", "60"]).await;
    assert!(ran.failed(1, "Could not fetch all pages\n").err.contains("--max-size"));
    let ran = cli.run(&["api", "/late", "--paginate"]).await.failed(5, "Not found\n");
    assert_eq!(ran.json()["error"]["code"], "not_found");
    cli.run(&["api", "POST", "/things", "--paginate"]).await.failed(1, "--paginate reads lists");
}

#[tokio::test]
async fn jq_filters_what_is_printed() {
    let (cli, seen) = tool(lists);
    assert_eq!(
        cli.run(&["api", "/things", "--paginate", "--jq", ".data[].id"]).await.good().out,
        "a\nb\nc\n"
    );
    assert_eq!(cli.run(&["api", "/linked", "--jq", "map(. + 1)"]).await.good().out, "[2]\n");
    let asked = seen.lock().unwrap().len();
    cli.run(&["api", "/things", "--jq", ".data["]).await.failed(1, "The filter of --jq cannot be used: ");
    cli.run(&["api", "/things", "--jq", "nothing"]).await.failed(1, "The filter of --jq cannot be used: ");
    assert_eq!(seen.lock().unwrap().len(), asked, "a filter is checked before the request");
    let ran = cli.run(&["api", "/missing", "--jq", ".data"]).await.failed(5, "Not found\n");
    assert_eq!(ran.json()["error"]["code"], "not_found", "an error is printed as it is");
}

#[tokio::test]
async fn ch_19_a_redirect_is_a_failure() {
    let (cli, seen) = tool(|_| {
        TestResponse::status(302).header("location", "http://127.0.0.1:9/other?code=secret-of-a-redirect#x")
    });
    for command in [&["api", "/things"][..], &["api", "/things", "--json"], &["api", "/things", "--paginate"]]
    {
        let ran = cli.run(command).await;
        assert_eq!(ran.exit, 3, "{ran:#?}");
        assert!(ran.err.contains("redirects (302) to http://127.0.0.1:9/other, "), "{ran:#?}");
        assert!(!ran.err.contains("secret-of-a-redirect"), "{ran:#?}");
    }
    assert_eq!(seen.lock().unwrap().len(), 3);
    let (cli, _) = tool(|_| TestResponse::status(304));
    assert_eq!(cli.run(&["api", "/things"]).await.exit, 3);
}

#[tokio::test]
async fn ch_16_a_key_of_the_environment_is_not_sent_where_a_flag_says() {
    let seen = Arc::<Mutex<Vec<TestRequest>>>::default();
    let log = seen.clone();
    let other = TestServer::start(move |asked| {
        log.lock().unwrap().push(asked);
        TestResponse::json(&json!({}))
    });
    let own = TestServer::start(|asked| {
        let issuer = format!("http://{}", asked.host);
        TestResponse::json(&json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/a"), "token_endpoint": format!("{issuer}/t"),
            "cli_configuration": { "api_base": issuer },
        }))
    });
    let cli = Cli::at(&own.url("")).with("KEYSTILE_API_KEY", KEY);
    for place in [["--api-base", &other.url("")], ["--issuer", &other.url("")]] {
        let ran = cli.run(&[&["api", "/v1/things"][..], &place].concat()).await;
        let host = other.url("").trim_start_matches("http://").to_owned();
        let ran = ran.failed(2, &format!("No credential for {host}\n"));
        assert!(ran.err.contains("set KEYSTILE_ISSUER or KEYSTILE_API_BASE next to it"), "{ran:#?}");
    }
    assert!(seen.lock().unwrap().is_empty());
    // The API of the issuer by its own metadata, a key and a place from the command line, both from the environment.
    cli.run(&["api", "/v1/things", "--api-base", &own.url("")]).await.good();
    cli.run(&["api", "/v1/things", "--api-base", &other.url(""), "--api-key", KEY]).await.good();
    let both = Cli::at(&own.url("")).with("KEYSTILE_API_KEY", KEY).with("KEYSTILE_API_BASE", &other.url(""));
    both.run(&["api", "/v1/things"]).await.good();
    assert_eq!(seen.lock().unwrap().len(), 2);
}
