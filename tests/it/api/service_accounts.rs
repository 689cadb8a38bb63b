//! Service accounts.

use serde_json::{Value, json};

use super::{is, refusal, wanted};
use crate::support::both_engines;

fn account(role: &str) -> Value {
    json!({ "name": "CI", "purpose": "Deploys what was merged", "role": role })
}

both_engines! {
    async fn a_disabled_service_account_stops_its_keys_until_it_is_enabled_again(app) {
        let tool = app.owners_tool().await;
        let made = tool.made("/api/v1/service-accounts", &account("member")).await;
        assert!(made["id"].as_str().unwrap().starts_with("sa_"));
        assert_eq!((&made["createdBy"]["name"], &made["disabledAt"]), (&json!("Olivia"), &json!(null)));
        let mut body = wanted(&["deployments:write"]);
        body["serviceAccount"] = made["id"].clone();
        let holder = app.holder(&tool.key(&body).await);
        let path = format!("/api/v1/service-accounts/{}", made["id"].as_str().unwrap());
        assert!(tool.post(&format!("{path}/disable"), &json!({})).await.json()["data"]["disabledAt"].is_string());
        assert_eq!(refusal(&holder.get("/api/v1/whoami").await), is(401, "revoked_api_key"));
        assert_eq!(refusal(&tool.post("/api/v1/keys", &body).await), is(422, "invalid_parameter"));
        assert_eq!(tool.post(&format!("{path}/enable"), &json!({})).await.status, 200);
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        assert_eq!(tool.post(&format!("{path}/role"), &json!({ "role": "viewer" })).await.json()["data"]["role"], "viewer");
        assert_eq!(holder.get("/api/v1/whoami").await.json()["data"]["scopes"], json!([]));
        assert_eq!(refusal(&tool.post("/api/v1/keys", &body).await), is(422, "invalid_parameter"), "a viewer does not hold the scope");
        for action in ["created", "disabled", "enabled", "role_changed"] {
            assert_eq!(app.audited(&format!("service_account.{action}")).await, 1, "{action}");
        }
    }

    async fn nobody_creates_a_service_account_with_more_permissions(app) {
        let admin = app.tool_of(&app.member("admin").await, &app.config.catalog.ids().collect::<Vec<_>>().join(" ")).await;
        assert_eq!(refusal(&admin.post("/api/v1/service-accounts", &account("owner")).await), is(403, "not_permitted"));
        assert_eq!(refusal(&admin.post("/api/v1/service-accounts", &account("emperor")).await), is(422, "invalid_parameter"));
        let made = admin.made("/api/v1/service-accounts", &account("admin")).await;
        let path = format!("/api/v1/service-accounts/{}", made["id"].as_str().unwrap());
        assert_eq!(refusal(&admin.post(&format!("{path}/role"), &json!({ "role": "owner" })).await), is(403, "not_permitted"));
        let owner = app.owners_tool().await;
        assert_eq!(owner.post(&format!("{path}/role"), &json!({ "role": "owner" })).await.status, 200);
        assert_eq!(refusal(&admin.post(&format!("{path}/disable"), &json!({})).await), is(403, "not_permitted"));
    }

    async fn members_make_no_keys_for_service_accounts(app) {
        let owner = app.owners_tool().await;
        let made = owner.made("/api/v1/service-accounts", &account("member")).await;
        let member = app.tool_of(&app.member("member").await, "keys:manage org:read").await;
        let mut body = wanted(&["org:read"]);
        body["serviceAccount"] = made["id"].clone();
        assert_eq!(refusal(&member.post("/api/v1/keys", &body).await), is(403, "not_permitted"));
        assert_eq!(refusal(&member.get("/api/v1/service-accounts").await), is(403, "insufficient_scope"));
        body["serviceAccount"] = json!("sa_nowhere");
        assert_eq!(refusal(&owner.post("/api/v1/keys", &body).await), is(422, "invalid_parameter"));
    }

    async fn a_service_account_with_the_power_to_make_keys_makes_them_for_itself(app) {
        let owner = app.owners_tool().await;
        let made = owner.made("/api/v1/service-accounts", &account("member")).await;
        let mut body = wanted(&["keys:manage", "org:read"]);
        body["serviceAccount"] = made["id"].clone();
        let robot = app.holder(&owner.key(&body).await);
        let key = robot.key(&wanted(&["org:read"])).await;
        assert_eq!((&key["owner"]["id"], &key["createdBy"]["id"]), (&made["id"], &made["id"]));
        owner.key(&wanted(&["org:read"])).await;
        assert_eq!(robot.get("/api/v1/keys").await.json()["data"].as_array().unwrap().len(), 2, "its own");
        assert_eq!(refusal(&robot.post("/api/v1/service-accounts", &account("viewer")).await), is(403, "insufficient_scope"));
    }
}
