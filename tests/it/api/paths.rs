//! Paths: those of the APIs behind verify, in all spellings, and those of this server below the path of its issuer.

use reqwest::Method;
use serde_json::{Value, json};

use super::{is, refusal, wanted};
use crate::support::api::ApiCaller;
use crate::support::both_engines;
use crate::support::http::Answer;

const POLICIES: &str = r#"
[[rate_policies]]
name = "talks"
limit = 1
window = "1h"
routes = ["GET /v1/talks", "/v1/files/*"]

[[rate_policies]]
name = "exact"
limit = 1
window = "1h"
ignore_case = false
routes = ["/v2/Talks"]
"#;
/// Spellings of `/v1/talks`.
const SPELLINGS: [&str; 12] = [
    "/v1/talks",
    "/v1%2ftalks",
    "/v1%2Ftalks",
    "/%76%31/%74alks",
    "/v1/talks;a=b",
    "/v1;x=y/talks;a=b?c=d",
    "/v1/talks%3ba=b",
    "//v1//talks",
    "/v1/talks/",
    "/V1/Talks",
    "/v1/talks.json",
    "/v1/talks?x=/../y",
];
/// Spellings that servers interpret differently.
const REFUSED: [&str; 10] = [
    "/v1/./talks",
    "/v1/x/../talks",
    "/v1/x/%2e%2e/talks",
    "/v1/x/..;/talks",
    "/v1%252ftalks",
    "/v1%5ctalks",
    "/v1\\talks",
    "/v1/talks%20",
    "/v1/talks%00",
    "/v1/talks#x",
];

async fn by_header(holder: &ApiCaller, method: &str, uri: &str) -> Answer {
    let request = holder.request(Method::GET, "/api/v1/verify");
    holder.send_request(request.header("X-Original-Method", method).header("X-Original-URI", uri)).await
}

async fn by_program(holder: &ApiCaller, method: &str, uri: &str) -> Answer {
    let body = json!({ "credential": holder.credential, "method": method, "uri": uri });
    holder.post("/api/v1/verify", &body).await
}

/// The endpoints in the log of uses of a key, oldest first.
async fn endpoints(tool: &ApiCaller, made: &Value, expected: usize) -> Vec<Value> {
    let uses = tool.uses_of(made, expected).await;
    uses.iter().rev().map(|used| used["endpoint"].clone()).collect()
}

both_engines! {
    async fn cd_01_policies_and_the_log_see_the_route_below_a_path_of_the_public_url(app,
        |app| app.with_file(super::POLICIES).with_path("/sso/oauth")) {
        let tool = app.owners_tool().await;
        let made = tool.key(&wanted(&["org:read"])).await;
        let holder = app.holder(&made);
        let prefixed = |path: &'static str| holder.send(Method::GET, path, None);
        assert_eq!(prefixed("/api/v1/verify/scope=org:read/v1/talks?x=1").await.status, 200);
        assert_eq!(refusal(&prefixed("/api/v1/verify/scope=org:read/v1/talks").await), is(429, "rate_limited"));
        assert_eq!(refusal(&prefixed("/api/v1/verify/-/v1%2ftalks").await), is(429, "rate_limited"));
        assert_eq!(refusal(&by_header(&holder, "GET", "/v1/talks").await), is(429, "rate_limited"));
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        assert_eq!(holder.get("/api/v1/keys/key_x").await.status, 403);
        let logged = endpoints(&tool, &made, 6).await;
        assert_eq!(logged, ["GET /v1/talks", "GET /v1/talks", "GET /v1/talks", "GET /v1/talks", "GET /api/v1/whoami", "GET /api/v1/keys/{id}"]);
    }

    async fn cd_01_every_answer_has_the_form_of_its_route_below_any_path(app, |app| app.with_path("/api/oauth")) {
        let anonymous = app.anonymous();
        let at = |path: &str| format!("{}{path}", app.issuer());
        let endpoint = anonymous.get(&at("/oauth/nothing")).await;
        assert_eq!((endpoint.status, &endpoint.json()["error"]), (404, &json!("not_found")));
        let resource = anonymous.get(&at("/api/nothing")).await;
        assert_eq!(refusal(&resource), is(404, "not_found"));
        let page = anonymous.get(&at("/nothing")).await;
        assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
        let elsewhere = anonymous.get(&format!("http://{}/oauth/jwks", app.address())).await;
        assert_eq!(elsewhere.status, 404);
        assert_eq!(anonymous.get(&at("/oauth/jwks")).await.status, 200);
        // The error page for a form without its cookie links to the page of the form.
        let browser = app.browser();
        browser.get(&at("/help")).await;
        let late = browser.send(browser.request(Method::POST, &at("/theme")).form(&[("csrf", "x")])).await;
        assert!(late.body.contains("\"/api/oauth/theme\""), "{}", late.body);
    }

    async fn cd_02_no_spelling_of_a_path_escapes_its_policy(app, |app| app.with_file(super::POLICIES)) {
        let tool = app.owners_tool().await;
        for (by, name) in [(true, "headers"), (false, "JSON")] {
            let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
            let ask = async |method: &str, uri: &str| {
                if by { by_header(&holder, method, uri).await } else { by_program(&holder, method, uri).await }
            };
            assert_eq!(ask("GET", "/v1/talks").await.status, 200, "{name}");
            for uri in SPELLINGS {
                for method in ["GET", "HEAD"] {
                    assert_eq!(refusal(&ask(method, uri).await), is(429, "rate_limited"), "{name}: {method} {uri}");
                }
            }
            for uri in REFUSED {
                assert_eq!(refusal(&ask("GET", uri).await), is(400, "invalid_request"), "{name}: {uri}");
            }
            for (method, uri) in [("POST", "/v1/talks"), ("GET", "/v1/talks/1"), ("GET", "/v1/talk"), ("GET", "/v1/talks2")] {
                assert_eq!(ask(method, uri).await.status, 200, "{name}: {method} {uri}");
            }
        }
    }

    async fn cd_02_an_encoded_slash_counts_for_both_paths_that_it_may_mean(app, |app| app.with_file(super::POLICIES)) {
        let tool = app.owners_tool().await;
        let made = tool.key(&wanted(&["org:read"])).await;
        let holder = app.holder(&made);
        assert_eq!(by_header(&holder, "GET", "/v1/files/a%2fb").await.status, 200);
        assert_eq!(by_header(&holder, "GET", "/v1/files/a").await.status, 429, "as one segment that contains a slash");
        assert_eq!(by_header(&holder, "GET", "/v1/files/a/b").await.status, 200);
        assert_eq!(by_header(&holder, "GET", "/v2/Talks").await.status, 200);
        assert_eq!(by_header(&holder, "GET", "/v2/talks").await.status, 200, "this policy is case-sensitive");
        assert_eq!(by_header(&holder, "GET", "/v2/Talks").await.status, 429);
        let logged = endpoints(&tool, &made, 6).await;
        assert_eq!(logged[0], "GET /v1/files/a/b");
    }

    async fn cd_04_clients_behind_a_proxy_are_distinguished_in_every_form_of_their_address(app,
        |app| app.with("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1/32").with("KEYSTILE_LIMITS__SIGN_INS_PER_MINUTE", "1")) {
        let begin = async |forwarded: &str| {
            let form = [("client_id", "keystile-cli"), ("response_type", "code")];
            let caller = app.anonymous();
            let request = caller.request(Method::POST, "/oauth/par").header("X-Forwarded-For", forwarded);
            caller.send(request.form(&form)).await.status
        };
        for (first, again) in [
            ("203.0.113.9:51000", "203.0.113.9:51001"),
            ("203.0.113.10", "\"203.0.113.10:443\""),
            ("[2001:db8:1::1]:443", "2001:db8:1::1"),
            ("\"[2001:db8:2::1]\"", "[2001:db8:2::1]"),
            ("192.0.2.1, 203.0.113.11:1, 127.0.0.1:80", "203.0.113.11"),
        ] {
            assert_ne!(begin(first).await, 429, "{first}");
            assert_eq!(begin(again).await, 429, "{again} is the same client");
        }
    }
}
