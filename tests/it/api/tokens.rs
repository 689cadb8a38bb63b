//! Personal tokens.

use serde_json::json;

use super::{is, refusal};
use crate::support::both_engines;

both_engines! {
    async fn a_personal_token_is_shown_once_and_acts_for_its_person(app) {
        let tool = app.owners_tool().await;
        let token = tool.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["org:read", "profile"] })).await;
        let secret = token["token"].as_str().unwrap();
        assert!(secret.starts_with("keystile_pat_") && token["id"].as_str().unwrap().starts_with("pat_"), "{token}");
        assert!(token.get("mode").is_none() && token.get("owner").is_none());
        assert!(!app.holds(secret).await);
        let whoami = app.holder(&token).get("/api/v1/whoami").await.json();
        assert_eq!((&whoami["data"]["kind"], &whoami["data"]["subject"]["id"]), (&json!("personal_token"), &json!(app.owner().await.id)));
        let path = format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
        for path in ["/api/v1/tokens", &path] {
            let answer = tool.get(path).await;
            assert!(answer.status == 200 && !answer.body.contains(secret), "{}", answer.body);
        }
        assert_eq!(tool.post(&format!("{path}/revoke"), &json!({})).await.status, 200);
        assert_eq!(refusal(&app.holder(&token).get("/api/v1/whoami").await), is(401, "revoked_api_key"));
        assert_eq!((app.audited("token.created").await, app.audited("token.revoked").await), (1, 1));
    }

    async fn tn_05_a_token_of_another_person_is_a_404_even_for_an_admin(app) {
        let member = app.tool_of(&app.member("member").await, "tokens:manage org:read").await;
        let token = member.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["org:read"] })).await;
        let admin = app.owners_tool().await;
        let path = format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
        assert_eq!(refusal(&admin.get(&path).await), is(404, "not_found"));
        assert_eq!(refusal(&admin.post(&format!("{path}/revoke"), &json!({})).await), is(404, "not_found"));
        assert_eq!(admin.get("/api/v1/tokens").await.json()["data"], json!([]));
        assert_eq!(app.holder(&token).get("/api/v1/whoami").await.status, 200);
    }

    async fn a_token_needs_scopes_and_never_gets_more_than_the_tool_has(app) {
        let tool = app.tool_of(&app.owner().await, "tokens:manage org:read").await;
        let post = async |scopes: serde_json::Value| tool.post("/api/v1/tokens", &json!({ "name": "x", "scopes": scopes })).await;
        assert_eq!(refusal(&post(json!([])).await), is(422, "invalid_parameter"));
        assert_eq!(refusal(&post(json!(["no:such"])).await), is(422, "invalid_parameter"));
        assert_eq!(refusal(&post(json!(["deployments:write"])).await), is(403, "insufficient_scope"));
        assert_eq!(refusal(&tool.post("/api/v1/tokens", &json!({ "name": "x" })).await), is(400, "invalid_request"));
        assert_eq!(refusal(&tool.post("/api/v1/tokens", &json!({ "name": " ", "scopes": ["org:read"] })).await), is(422, "invalid_parameter"));
    }
}
