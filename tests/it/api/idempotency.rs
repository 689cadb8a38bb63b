//! `Idempotency-Key`: a repeated request is not executed again.

use chrono::TimeDelta;
use serde_json::json;

use super::{is, refusal, wanted};
use crate::support::at_once::at_once;
use crate::support::both_engines;

both_engines! {
    async fn the_same_request_gets_the_same_answer_and_another_one_a_conflict(app) {
        let tool = app.owners_tool().await;
        let body = wanted(&["org:read"]);
        let first = tool.post_once("/api/v1/keys", "k-1", &body).await;
        let again = tool.post_once("/api/v1/keys", "k-1", &body).await;
        assert_eq!((first.status, again.status, &first.body), (201, 201, &again.body));
        assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
        assert_eq!(app.count("credentials WHERE kind = 'api_key'").await, 1);
        assert_eq!(app.audited("key.created").await, 1);
        let secret = first.json()["data"]["apiKey"].as_str().unwrap().to_owned();
        assert!(!app.holds(&secret).await, "the stored response is sealed");
        let other = tool.post_once("/api/v1/keys", "k-1", &wanted(&["profile"])).await;
        assert_eq!(refusal(&other), is(409, "idempotency_conflict"));
        assert_eq!(tool.post_once("/api/v1/keys", "k-2", &body).await.status, 201);
        assert_eq!(app.count("credentials WHERE kind = 'api_key'").await, 2);
    }

    async fn a_key_counts_for_one_credential_and_one_path(app) {
        let (one, other) = (app.owners_tool().await, app.owners_tool().await);
        let body = wanted(&["org:read"]);
        let made = one.post_once("/api/v1/keys", "k-1", &body).await;
        let elsewhere = other.post_once("/api/v1/keys", "k-1", &body).await;
        assert_ne!(made.json()["data"]["apiKey"], elsewhere.json()["data"]["apiKey"]);
        let token = json!({ "name": "x", "scopes": ["org:read"] });
        assert_eq!(one.post_once("/api/v1/tokens", "k-1", &token).await.status, 201);
        for bad in ["", "a b", &"x".repeat(256)] {
            assert_eq!(refusal(&one.post_once("/api/v1/keys", bad, &body).await), is(400, "invalid_request"), "{bad:?}");
        }
    }

    async fn a_refused_request_may_be_retried_with_the_same_key(app) {
        let tool = app.owners_tool().await;
        let bad = tool.post_once("/api/v1/keys", "k-1", &wanted(&["no:such"])).await;
        assert_eq!(bad.status, 422);
        assert_eq!(tool.post_once("/api/v1/keys", "k-1", &wanted(&["org:read"])).await.status, 201);
    }

    async fn after_a_day_the_key_is_free(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let token = json!({ "name": "x", "scopes": ["keys:manage", "org:read"] });
        let tool = app.holder(&tool.made("/api/v1/tokens", &token).await);
        let first = tool.post_once("/api/v1/keys", "k-1", &wanted(&["org:read"])).await;
        app.advance(TimeDelta::hours(24));
        let later = tool.post_once("/api/v1/keys", "k-1", &wanted(&["org:read"])).await;
        assert_eq!((first.status, later.status), (201, 201));
        assert_ne!(first.json()["data"]["id"], later.json()["data"]["id"]);
    }

    async fn of_concurrent_equal_requests_one_is_executed(app) {
        let tool = app.owners_tool().await;
        let body = wanted(&["org:read"]);
        let answers = at_once(8, async |_| {
                let answer = tool.post_once("/api/v1/keys", "k-1", &body).await;
                assert_eq!(answer.status, 201, "{}", answer.body);
                answer.body
            });
        assert!(answers.iter().all(|body| *body == answers[0]));
        assert_eq!(app.count("credentials WHERE kind = 'api_key'").await, 1);
    }
}
