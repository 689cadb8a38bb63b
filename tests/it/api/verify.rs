//! Verify: protecting another API with this server.

use std::time::Duration;

use keystiled::domain::entropy::Entropy;
use keystiled::domain::static_secret::{Mode, StaticKind, mint};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{is, refusal, wanted};
use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::Answer;

const NAMES: [&str; 6] = ["subject", "org", "scopes", "credential", "kind", "mode"];

/// The headers that the API behind the proxy receives.
fn identity_headers(answer: &Answer) -> [&str; 6] {
    assert_eq!(answer.status, 200, "{}", answer.body);
    NAMES.map(|name| answer.header(&format!("x-auth-{name}")).unwrap_or_else(|| panic!("no {name}")))
}

async fn posted(app: &TestApp, body: &Value) -> Answer {
    let anonymous = app.anonymous();
    anonymous.send(anonymous.request(Method::POST, "/api/v1/verify").json(body)).await
}

async fn with_headers(holder: &ApiCaller, headers: &[(&str, &str)]) -> Answer {
    let mut request = holder.request(Method::GET, "/api/v1/verify");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    holder.send_request(request).await
}

both_engines! {
    async fn a_proxy_learns_the_caller_for_every_kind_of_credential(app) {
        let (owner, tool) = (app.owner().await, app.owners_tool().await);
        let scopes = json!({ "name": "CI", "mode": "test", "scopes": ["org:read", "deployments:read"] });
        let key = tool.key(&scopes).await;
        let token = tool.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["org:read"] })).await;
        let org = owner.organization.id.as_str();

        let answer = app.holder(&key).get("/api/v1/verify?scope=org:read%20deployments:read").await;
        let id = key["id"].as_str().unwrap();
        assert_eq!(identity_headers(&answer), [&owner.id, org, "deployments:read org:read", id, "api_key", "test"]);
        assert_eq!(answer.body, "");

        let answer = app.holder(&token).get("/api/v1/verify").await;
        assert_eq!(identity_headers(&answer), [&owner.id, org, "org:read", token["id"].as_str().unwrap(), "personal_token", "live"]);

        let session = tool.get("/api/v1/whoami").await.json();
        let answer = tool.get("/api/v1/verify?scope=org:read").await;
        let [subject, _, _, credential, kind, mode] = identity_headers(&answer);
        assert_eq!((subject, kind, mode), (owner.id.as_str(), "cli_session", "live"));
        assert_eq!(json!(credential), session["data"]["credential"]["id"]);
    }

    async fn a_key_opens_an_mcp_server_behind_verify(app) {
        let key = app.holder(&app.owners_tool().await.key(&wanted(&["org:read"])).await);
        let call = [("X-Original-Method", "POST"), ("X-Original-URI", "/mcp")];
        assert_eq!(identity_headers(&with_headers(&key, &call).await)[4], "api_key");
        let nobody = app.caller("keystile_live_none");
        assert_eq!(refusal(&with_headers(&nobody, &call).await), is(401, "invalid_api_key"));
    }

    async fn r127_to_r130_a_missing_scope_is_403_and_named(app) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        let answer = holder.get("/api/v1/verify?scope=org:read+deployments:write").await;
        assert_eq!(refusal(&answer), is(403, "insufficient_scope"));
        assert_eq!(answer.json()["error"]["type"], "permission_error");
        assert_eq!(answer.header("keystile-required-scopes"), Some("deployments:write org:read"));
        assert!(answer.header("www-authenticate").unwrap().contains(r#"scope="deployments:write org:read""#));
        let in_header: Value = serde_json::from_str(answer.header("x-auth-error").unwrap()).unwrap();
        assert_eq!(in_header, answer.json(), "for proxies that discard the body");
        assert!(NAMES.iter().all(|name| answer.header(&format!("x-auth-{name}")).is_none()));
    }

    async fn ended_credentials_are_401_at_once(app) {
        let tool = app.owners_tool().await;
        assert_eq!(refusal(&app.anonymous().get("/api/v1/verify").await), is(401, "missing_credential"));
        let key = tool.key(&wanted(&["org:read"])).await;
        let holder = app.holder(&key);
        assert_eq!(holder.get("/api/v1/verify").await.status, 200);
        tool.post(&format!("/api/v1/keys/{}/revoke", key["id"].as_str().unwrap()), &json!({})).await;
        let answer = holder.get("/api/v1/verify").await;
        assert_eq!(refusal(&answer), is(401, "revoked_api_key"));
        assert!(answer.header("www-authenticate").unwrap().contains(r#"error="invalid_token""#));
    }

    async fn concurrent_lookups_each_get_their_own_result(app) {
        let tool = app.owners_tool().await;
        let mut keys = Vec::new();
        for _ in 0..8 {
            keys.push(tool.key(&wanted(&["org:read"])).await);
        }
        let id = |n: usize| keys[n]["id"].as_str().unwrap().to_owned();
        tool.post(&format!("/api/v1/keys/{}/revoke", id(0)), &json!({})).await;
        for (n, damage) in [(1, "last_four = NULL"), (2, "revoked_reason = 'x'")] {
            app.execute(&format!("UPDATE credentials SET {damage} WHERE id = '{}'", id(n))).await.unwrap();
        }
        keys.push(json!({ "apiKey": mint("keystile", StaticKind::ApiKey(Mode::Live), Entropy).secret.expose() }));
        let mut asked = JoinSet::new();
        for n in 0..400 {
            let (holder, n) = (app.holder(&keys[n % 9]), n % 9);
            asked.spawn(async move { (n, holder.get("/api/v1/verify").await) });
        }
        while let Some(answer) = asked.join_next().await {
            match answer.unwrap() {
                (0, answer) => assert_eq!(refusal(&answer), is(401, "revoked_api_key")),
                (n @ 1..3, answer) => assert_eq!(refusal(&answer), is(500, "internal_error"), "{n} is damaged, and alone with it"),
                (8, answer) => assert_eq!(refusal(&answer), is(401, "invalid_api_key")),
                (n, answer) => assert_eq!(identity_headers(&answer)[3], keys[n]["id"]),
            }
        }
    }

    async fn sw_10_the_switch_stops_people_at_gateways_and_not_keys(app) {
        let tool = app.owners_tool().await;
        let key = app.holder(&tool.key(&wanted(&["org:read"])).await);
        let token = app.holder(&tool.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["org:read"] })).await);
        app.execute("UPDATE organizations SET personal_tokens = false").await.unwrap();
        for person in [&tool, &token] {
            assert_eq!(refusal(&person.get("/api/v1/verify").await), is(403, "personal_tokens_disabled"));
        }
        assert_eq!(key.get("/api/v1/verify").await.status, 200);
        app.execute("UPDATE organizations SET api_keys = false, personal_tokens = true").await.unwrap();
        assert_eq!(refusal(&key.get("/api/v1/verify").await), is(403, "api_keys_disabled"));
        assert_eq!(tool.get("/api/v1/verify").await.status, 200);
    }

    async fn a_mistake_of_a_gateway_never_lets_a_request_pass(app) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        for query in ["scopes=deployments:write", "scope=no:such", "scope=%ff", "scope=a&scope=b"] {
            let answer = holder.get(&format!("/api/v1/verify?{query}")).await;
            assert_eq!(refusal(&answer), is(400, "invalid_request"), "{query}");
        }
        for headers in [
            [("x-original-uri", "/a"), ("x-forwarded-uri", "/b")],
            [("x-original-uri", "/a"), ("x-original-method", "a b")],
            [("x-original-uri", "a"), ("x-original-method", "GET")],
        ] {
            assert_eq!(refusal(&with_headers(&holder, &headers).await), is(400, "invalid_request"), "{headers:?}");
        }
    }

    async fn each_use_is_logged_for_the_original_request_without_its_ids(app) {
        let tool = app.owners_tool().await;
        let made = tool.key(&wanted(&["org:read"])).await;
        let holder = app.holder(&made);
        let original = [("x-original-method", "PUT"), ("x-original-uri", "/v1/things/0192f0c1-7d57-7c3e-9f1a-0d3c8a7b6e5f?page=2")];
        assert_eq!(with_headers(&holder, &original).await.status, 200);
        holder.get("/api/v1/verify/scope=deployments:write/v1/things").await;
        let body = json!({ "credential": made["apiKey"], "method": "GET", "uri": "/v1/others" });
        assert_eq!(posted(app, &body).await.status, 200);
        let path = format!("/api/v1/uses?credential={}", made["id"].as_str().unwrap());
        let uses = loop {
            let uses = tool.get(&path).await.json()["data"].as_array().unwrap().clone();
            if uses.len() == 3 {
                break uses;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let said: Vec<_> = uses.iter().rev().map(|used| (&used["endpoint"], &used["outcome"], &used["status"])).collect();
        assert_eq!(said, [
            (&json!("PUT /v1/things/{id}"), &json!("allowed"), &json!(200)),
            (&json!("GET /v1/things"), &json!("denied"), &json!(403)),
            (&json!("GET /v1/others"), &json!("allowed"), &json!(200)),
        ]);
    }

    async fn ak_04_a_key_in_the_original_address_is_refused(app) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        let uri = format!("/v1/things?api_key={}", holder.credential);
        let answer = with_headers(&holder, &[("x-original-uri", &uri), ("x-original-method", "GET")]).await;
        assert_eq!(refusal(&answer), is(400, "credential_in_query"));
        assert!(!answer.body.contains(&holder.credential));
    }

    async fn a_proxy_that_prefixes_the_path_asks_with_any_method(app) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = holder.send(method, "/api/v1/verify/scope=org:read/v1/things/7?page=2", None).await;
            assert_eq!(identity_headers(&answer)[4], "api_key");
        }
        assert_eq!(holder.get("/api/v1/verify/-/v1/things").await.status, 200);
        let answer = holder.get("/api/v1/verify/scope=deployments:write/v1/things").await;
        assert_eq!(refusal(&answer), is(403, "insufficient_scope"));
        assert_eq!(refusal(&holder.get("/api/v1/verify/v1/things").await), is(400, "invalid_request"));
    }

    async fn a_program_asks_with_json_and_needs_no_other_credential(app) {
        let (owner, tool) = (app.owner().await, app.owners_tool().await);
        let key = tool.key(&wanted(&["org:read"])).await;
        let secret = &key["apiKey"];
        let body = json!({ "credential": secret, "method": "GET", "uri": "/v1/things?x=1", "scopes": ["org:read"] });
        let answer = posted(app, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let data = &answer.json()["data"];
        assert_eq!(data["subject"], json!({ "kind": "user", "id": owner.id }));
        assert_eq!(data["credential"], json!({ "id": key["id"], "kind": "api_key", "mode": "live" }));
        assert_eq!(data["organization"], json!({ "id": owner.organization.id, "slug": owner.organization.slug }));
        assert_eq!(data["scopes"], json!(["org:read"]));

        let more = posted(app, &json!({ "credential": secret, "scopes": ["deployments:write"] })).await;
        assert_eq!(refusal(&more), is(403, "insufficient_scope"));
        assert_eq!(more.header("x-auth-error"), None);
        for (body, expected) in [
            (json!({}), is(400, "invalid_request")),
            (json!({ "credential": "keystile_live_x" }), is(401, "invalid_api_key")),
            (json!({ "credential": secret, "scopes": ["no:such"] }), is(400, "invalid_request")),
            (json!({ "credential": secret, "uri": "/x?access_token=y" }), is(400, "credential_in_query")),
        ] {
            let answer = posted(app, &body).await;
            assert_eq!(refusal(&answer), expected);
            assert!(!answer.body.contains(secret.as_str().unwrap()));
        }
    }
}
