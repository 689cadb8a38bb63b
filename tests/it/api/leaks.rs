//! Reports of leaked secrets.

use serde_json::{Value, json};

use super::wanted;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::Answer;
use crate::support::oauth::with_another_end;

const PATH: &str = "/api/v1/leaked-secrets";

async fn report(app: &TestApp, secrets: &[&str]) -> Answer {
    let found: Vec<Value> = secrets
        .iter()
        .map(
            |secret| json!({ "token": secret, "type": "keystile", "url": "https://github.com/acme/app?a=b" }),
        )
        .collect();
    let anonymous = app.anonymous();
    anonymous.send(anonymous.request(reqwest::Method::POST, PATH).json(&found)).await
}

both_engines! {
    async fn a_reported_key_is_refused_from_the_next_request_on_and_says_why(app) {
        let tool = app.owners_tool().await;
        let key = tool.key(&wanted(&["org:read"])).await;
        let holder = app.holder(&key);
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        assert_eq!(report(app, &[&holder.credential]).await.status, 202);
        assert_eq!(holder.get("/api/v1/whoami").await.json()["error"]["code"], "revoked_api_key");
        let shown = tool.get(&format!("/api/v1/keys/{}", key["id"].as_str().unwrap())).await.json();
        assert_eq!(shown["data"]["revokedReason"], "leaked");
    }

    async fn tokens_and_sessions_are_ended_the_same_way(app) {
        let tool = app.owners_tool().await;
        let token =
            tool.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["org:read"] })).await;
        let holder = app.holder(&token);
        let session = app.owners_tool().await;
        assert_eq!(report(app, &[&holder.credential, &session.credential]).await.status, 202);
        for ended in [&holder, &session] {
            assert_eq!(ended.get("/api/v1/whoami").await.status, 401);
        }
        assert_eq!(tool.get("/api/v1/whoami").await.status, 200);
    }

    async fn the_answer_does_not_say_which_secrets_exist(app) {
        let key = app.owners_tool().await.key(&wanted(&["org:read"])).await;
        let secret = key["apiKey"].as_str().unwrap();
        let other = with_another_end(secret);
        let answers = [report(app, &[secret]).await, report(app, &[secret]).await, report(app, &[&other]).await];
        for answer in answers {
            assert_eq!((answer.status, answer.json()), (202, json!({ "data": { "received": 1 } })));
        }
    }

    async fn reports_of_leaked_secrets_are_rate_limited(app, |app| app.manual_clock()) {
        assert_eq!(report(app, &[]).await.status, 400);
        for _ in 1..60 {
            assert_eq!(report(app, &["x"]).await.status, 202);
        }
        let answer = report(app, &["x"]).await;
        assert_eq!((answer.status, answer.header("Retry-After")), (429, Some("1")));
        assert_eq!(answer.json()["error"]["code"], "rate_limited");
    }
}
