//! Rotation of API keys.

use chrono::TimeDelta;
use serde_json::json;

use super::{is, refusal, wanted};
use crate::support::at_once::at_once;
use crate::support::both_engines;

both_engines! {
    async fn ak_10_without_an_overlap_the_old_key_dies_with_the_rotation(app) {
        let tool = app.owners_tool().await;
        let old = tool.key(&wanted(&["org:read"])).await;
        let path = format!("/api/v1/keys/{}/rotate", old["id"].as_str().unwrap());
        let new = tool.made(&path, &json!({ "overlapSeconds": 0 })).await;
        assert_eq!(new["replaces"]["id"], old["id"]);
        assert_ne!(new["apiKey"], old["apiKey"]);
        assert_eq!((&new["name"], &new["scopes"], &new["mode"]), (&old["name"], &old["scopes"], &old["mode"]));
        assert_eq!(refusal(&app.holder(&old).get("/api/v1/whoami").await), is(401, "revoked_api_key"));
        assert_eq!(app.holder(&new).get("/api/v1/whoami").await.status, 200);
        assert_eq!(app.audited("key.rotated").await, 1);
    }

    async fn ak_10_in_the_overlap_both_keys_work_and_never_past_the_end_of_the_old(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let soon = (app.clock.now() + TimeDelta::minutes(90)).iso();
        for (end, overlap, lives) in [(None, 3_600, 60), (None, 86_400, 1440), (Some(&soon), 86_400, 90)] {
            let mut body = wanted(&["org:read"]);
            body["expiresAt"] = json!(end);
            let old = tool.key(&body).await;
            let path = format!("/api/v1/keys/{}/rotate", old["id"].as_str().unwrap());
            let new = tool.made(&path, &json!({ "overlapSeconds": overlap })).await;
            assert_eq!(new["replaces"]["expiresAt"], json!((app.clock.now() + TimeDelta::minutes(lives)).iso()));
            for key in [&old, &new] {
                assert_eq!(app.holder(key).get("/api/v1/whoami").await.status, 200);
            }
            assert_eq!(refusal(&tool.post(&path, &json!({})).await), is(409, "ended"), "it was rotated already");
            let listed = tool.get(&format!("/api/v1/keys/{}", old["id"].as_str().unwrap())).await.json();
            assert_eq!(listed["data"]["replacedBy"], new["id"]);
        }
    }

    async fn the_old_key_ends_with_the_overlap(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let old = tool.key(&wanted(&["org:read"])).await;
        let path = format!("/api/v1/keys/{}/rotate", old["id"].as_str().unwrap());
        assert_eq!(refusal(&tool.post(&path, &json!({ "overlapSeconds": 60 })).await), is(422, "invalid_parameter"));
        let new = tool.made(&path, &json!({ "overlapSeconds": 3600 })).await;
        app.advance(TimeDelta::hours(1));
        assert_eq!(refusal(&app.holder(&old).get("/api/v1/whoami").await), is(401, "expired_api_key"));
        assert_eq!(app.holder(&new).get("/api/v1/whoami").await.status, 200);
    }

    async fn ak_10_of_many_rotations_at_once_one_gives_a_key(app) {
        let tool = app.owners_tool().await;
        let old = tool.key(&wanted(&["org:read"])).await;
        let path = format!("/api/v1/keys/{}/rotate", old["id"].as_str().unwrap());
        let answers = at_once(8, async |_| tool.post(&path, &json!({ "overlapSeconds": 3600 })).await.status);
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 201 | 409)), "{answers:?}");
        assert_eq!(app.count("credentials WHERE kind = 'api_key'").await, 2);
    }
}
