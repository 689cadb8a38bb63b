//! Rate policies, enforced by verify.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use super::{is, refusal, wanted};
use crate::support::api::ApiCaller;
use crate::support::app::Builder;
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::http::Answer;

const POLICIES: &str = include_str!("../../../config/rate-limits.toml");
const MORE: &str = r#"
[[rate_policies]]
name = "writes"
limit = 2
window = "1min"
per = "organization"
scopes = ["deployments:write"]

[[rate_policies]]
name = "talks"
limit = 3
window = "1min"
routes = ["POST /v1/talks", "/v1/talks/*"]
"#;

async fn verify(holder: &ApiCaller, query: &str, method: &str, uri: &str) -> Answer {
    let request = holder.request(Method::GET, &format!("/api/v1/verify?{query}"));
    holder.send_request(request.header("X-Original-Method", method).header("X-Original-URI", uri)).await
}

both_engines! {
    async fn ak_12_r196_the_twenty_sixth_conversation_of_an_hour_waits(app, |app| app.manual_clock().with_file(super::POLICIES)) {
        let tool = app.owners_tool().await;
        let made = tool.key(&wanted(&["org:read"])).await;
        let (holder, path) = (app.holder(&made), "/api/v1/verify?scope=org:read&policy=dev:conversations");
        for left in (0..25).rev() {
            let answer = holder.get(path).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("ratelimit-policy"), Some(r#""dev:conversations";q=25;w=3600"#));
            let reset = (25 - left) * 144;
            assert_eq!(answer.header("ratelimit").unwrap(), format!(r#""dev:conversations";r={left};t={reset}"#));
        }
        let answer = holder.get(path).await;
        assert_eq!(refusal(&answer), is(429, "rate_limited"));
        let error = answer.json()["error"].clone();
        assert_eq!(error["type"], "rate_limit_error");
        assert_eq!(error["message"], "Rate limited: dev:conversations (25/hr)");
        assert_eq!(answer.header("retry-after"), Some("144"));
        assert_eq!(answer.header("ratelimit"), Some(r#""dev:conversations";r=0;t=3600"#));

        let other = app.holder(&tool.key(&wanted(&["org:read"])).await);
        assert_eq!(other.get(path).await.status, 200, "each key is counted separately");
        assert_eq!(holder.get("/api/v1/verify?policy=dev:memories").await.status, 200);
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token", made["apiKey"].as_str().unwrap())];
        let exchanged = app.anonymous().post("/oauth/token", &form).await.json();
        let as_token = app.caller(exchanged["access_token"].as_str().unwrap());
        assert_eq!(as_token.get(path).await.status, 429, "its access token shares the count");

        app.advance(TimeDelta::seconds(144));
        assert_eq!(holder.get(path).await.status, 200);
        assert_eq!(holder.get(path).await.status, 429);
    }

    async fn a_policy_counts_by_scope_or_by_route_and_for_a_whole_organization(app, |app| app.manual_clock().with_file(super::MORE)) {
        let tool = app.owners_tool().await;
        let both = app.holder(&tool.key(&wanted(&["deployments:write", "org:read"])).await);
        let another = app.holder(&tool.key(&wanted(&["deployments:write", "org:read"])).await);
        let write = "scope=deployments:write";
        assert_eq!(verify(&both, write, "GET", "/x").await.status, 200);
        assert_eq!(verify(&another, write, "GET", "/x").await.status, 200);
        let third = verify(&another, write, "GET", "/x").await;
        assert_eq!(third.json()["error"]["message"], "Rate limited: writes (2/min)");
        assert_eq!(verify(&another, "scope=org:read", "GET", "/v1/talks").await.header("ratelimit"), None, "the policy is for another method");

        for uri in ["/v1/talks", "/v1/%74alks", "/v1/talks/7"] {
            assert_eq!(verify(&both, "", "POST", uri).await.status, 200, "{uri}");
        }
        assert_eq!(refusal(&verify(&both, "", "POST", "/v1/talks").await), is(429, "rate_limited"));
        assert_eq!(verify(&another, "", "POST", "/v1/talks").await.status, 200);

        app.advance(TimeDelta::seconds(30));
        let two = verify(&another, write, "POST", "/v1/talks").await;
        assert_eq!(two.status, 200);
        assert_eq!(two.header("ratelimit-policy").unwrap().matches(";q=").count(), 2);
        assert_eq!(verify(&another, write, "POST", "/v1/talks").await.status, 429);
        app.advance(TimeDelta::seconds(5));
        let answer = verify(&another, "", "POST", "/v1/talks").await;
        assert_eq!(answer.header("ratelimit"), Some(r#""talks";r=1;t=35"#), "a request refused by one policy is not counted by the other");
    }

    async fn an_exhausted_rate_is_refused_without_a_query(app, |app| app.manual_clock().with_file(super::MORE)) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        for _ in 0..3 {
            assert_eq!(verify(&holder, "", "POST", "/v1/talks").await.status, 200);
        }
        assert_eq!(verify(&holder, "", "POST", "/v1/talks").await.header("retry-after"), Some("20"));
        app.execute("DELETE FROM rates").await.unwrap();
        app.advance(TimeDelta::seconds(15));
        let answer = verify(&holder, "", "POST", "/v1/talks").await;
        assert_eq!((refusal(&answer), answer.header("retry-after")), (is(429, "rate_limited"), Some("5")));
        assert_eq!(app.count("rates").await, 0, "the refusal wrote nothing");
        assert_eq!(verify(&holder, "", "GET", "/other").await.status, 200);
        app.advance(TimeDelta::seconds(5));
        assert_eq!(verify(&holder, "", "POST", "/v1/talks").await.status, 200);
    }

    async fn requests_refused_for_another_reason_are_not_counted(app, |app| app.manual_clock().with_file(super::MORE)) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        for _ in 0..4 {
            assert_eq!(verify(&holder, "scope=deployments:delete&policy=talks", "GET", "/").await.status, 403);
        }
        assert_eq!(verify(&holder, "policy=talks", "GET", "/").await.status, 200);
        assert_eq!(refusal(&verify(&holder, "policy=no-such", "GET", "/").await), is(400, "invalid_request"));
        assert_eq!(app.count("rates").await, 1);
    }

    async fn ht_07_the_api_itself_has_a_limit_for_each_credential(app, |app| app.manual_clock().with("KEYSTILE_LIMITS__API_REQUESTS_PER_MINUTE", "5")) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        for _ in 0..5 {
            assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        }
        for answer in [holder.get("/api/v1/whoami").await, holder.post("/api/v1/keys", &json!({})).await] {
            assert_eq!(refusal(&answer), is(429, "rate_limited"));
            assert_eq!(answer.json()["error"]["message"], "Rate limited: api (5/min)");
            assert_eq!(answer.header("retry-after"), Some("12"));
            assert_eq!(answer.header("ratelimit-policy"), Some(r#""api";q=5;w=60"#));
        }
        assert_eq!(holder.get("/api/v1/verify").await.status, 200, "calls of verify are not limited");
        assert_eq!(tool.get("/api/v1/whoami").await.status, 200);
    }
}

#[tokio::test]
async fn two_nodes_share_one_count_also_under_many_requests_at_once() {
    let one = Builder::on(Database::postgres()).with_file(POLICIES).start().await;
    let other = one.another_node().start().await;
    let tool = one.owners_tool().await;
    let made = tool.key(&wanted(&["org:read"])).await;
    let nodes = [one.holder(&made), other.holder(&made)];
    let path = "/api/v1/verify?policy=dev:memories_batch";
    let answers = at_once(40, |number| nodes[number % 2].get(path));
    let passed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(passed, 15);
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.status == 429));
    other.stop().await;
    one.stop().await;
}
