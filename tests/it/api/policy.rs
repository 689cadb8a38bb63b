//! An organization's policies for keys and tokens.

use chrono::TimeDelta;
use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::key_policy::{Lifetime, TokenCreators};
use keystiled::services::credential_policy::{self, CredentialLimits};
use keystiled::store::organizations;
use serde_json::{Value, json};

use super::{is, refusal, wanted};
use crate::support::app::TestApp;
use crate::support::both_engines;

async fn organization(app: &TestApp, set: &str) {
    let id = app.owner().await.organization.id;
    app.execute(&format!("UPDATE organizations SET {set} WHERE id = '{id}'")).await.unwrap();
}

async fn switch_keys(app: &TestApp, on: bool) {
    let id = app.owner().await.organization.id;
    let turned = app.inside().store.write(move |work| {
        credential_policy::set_api_keys(work, &id, on, &Actor::Operator, &Origin::default())
    });
    assert!(turned.await.unwrap());
}

fn unrestricted() -> Value {
    json!({ "name": "CI", "mode": "live" })
}

both_engines! {
    async fn ak_05_a_key_without_scopes_is_refused_unless_the_organization_wants_such_keys(app) {
        let tool = app.owners_tool().await;
        let answer = tool.post("/api/v1/keys", &unrestricted()).await;
        assert_eq!(refusal(&answer), is(422, "invalid_parameter"));
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("Name at least one") && message.contains("owner or admin"), "{message}");
        let mut none = unrestricted();
        none["scopes"] = json!([]);
        assert_eq!(refusal(&tool.post("/api/v1/keys", &none).await), is(422, "invalid_parameter"));

        organization(app, "unrestricted_keys = true").await;
        assert_eq!(refusal(&tool.post("/api/v1/keys", &none).await), is(422, "invalid_parameter"), "an empty list does not mean all scopes");
        let key = tool.key(&unrestricted()).await;
        assert_eq!((&key["unrestricted"], &key["scopes"]), (&json!(true), &json!([])));
        let holder = app.holder(&key);
        let scopes = holder.get("/api/v1/whoami").await.json()["data"]["scopes"].clone();
        let has = |scope: &str| scopes.as_array().unwrap().contains(&json!(scope));
        assert!(has("deployments:delete") && has("operations:read"), "{scopes}");
        for power in ["keys:manage", "tokens:manage", "service_accounts:manage"] {
            assert!(!has(power), "{power} has to be named");
        }
        assert_eq!(refusal(&holder.post("/api/v1/keys", &wanted(&["org:read"])).await), is(403, "insufficient_scope"));

        let small = app.tool_of(&app.owner().await, "keys:manage org:read").await;
        assert_eq!(refusal(&small.post("/api/v1/keys", &unrestricted()).await), is(403, "insufficient_scope"));
        organization(app, "unrestricted_keys = false").await;
        assert_eq!(holder.get("/api/v1/whoami").await.json()["data"]["scopes"], json!([]));
    }

    async fn ak_15_an_expiry_beyond_the_policy_is_refused_with_the_remedy(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        organization(app, "key_max_seconds = 7776000").await;
        let mut body = wanted(&["org:read"]);
        let answer = tool.post("/api/v1/keys", &body).await;
        assert_eq!(refusal(&answer), is(422, "invalid_parameter"));
        assert_eq!(answer.json()["error"]["param"], "expiresAt");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("to 90 days"), "{}", answer.body);
        for (days, status) in [(91, 422), (-1, 422), (90, 201)] {
            body["expiresAt"] = json!((app.clock.now() + TimeDelta::days(days)).iso());
            assert_eq!(tool.post("/api/v1/keys", &body).await.status, status, "{days} days");
        }
        body["expiresAt"] = json!("tomorrow");
        assert_eq!(refusal(&tool.post("/api/v1/keys", &body).await), is(400, "invalid_request"));
        organization(app, "key_max_seconds = 0").await;
        let forever = tool.key(&wanted(&["org:read"])).await;
        organization(app, "key_max_seconds = 86400").await;
        let rotated = tool.made(&format!("/api/v1/keys/{}/rotate", forever["id"].as_str().unwrap()), &json!({})).await;
        assert_eq!(rotated["expiresAt"], json!((app.clock.now() + TimeDelta::days(1)).iso()), "a rotation does not evade the limit");
    }

    async fn the_switch_for_keys_suspends_them_and_lets_them_work_again(app) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        switch_keys(app, false).await;
        let answer = holder.get("/api/v1/whoami").await;
        assert_eq!(refusal(&answer), is(403, "api_keys_disabled"));
        assert_eq!(answer.header("www-authenticate"), None);
        assert_eq!(refusal(&tool.post("/api/v1/keys", &wanted(&["org:read"])).await), is(403, "api_keys_disabled"));
        switch_keys(app, true).await;
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        assert_eq!((app.audited("organization.api_keys_off").await, app.audited("organization.api_keys_on").await), (1, 1));
    }

    async fn policies_of_an_organization_override_the_configuration(app) {
        let organization = app.owner().await.organization;
        let limits = CredentialLimits {
            unrestricted_keys: true,
            key_lifetime: Lifetime::AtMost(TimeDelta::days(90)),
            token_creators: TokenCreators::Admins,
            token_lifetime: Lifetime::Unlimited,
        };
        for changed in [true, false] {
            let (config, id) = (app.config.clone(), organization.id.clone());
            let set = app.inside().store.write(move |work| {
                credential_policy::set_limits(work, &config, &id, limits, &Actor::Operator, &Origin::default())
            });
            assert_eq!(set.await.unwrap(), changed);
        }
        let id = organization.id.clone();
        let now = app.inside().store.read(move |conn| organizations::find(conn, &id)).await.unwrap().unwrap();
        assert_eq!(CredentialLimits::of(&now, &app.config), limits);
        assert_eq!(app.audited("organization.credential_limits_changed").await, 1);
    }

    async fn sw_10_personal_tokens_are_neither_made_nor_accepted_while_the_switch_is_off(app) {
        let tool = app.owners_tool().await;
        let body = json!({ "name": "laptop", "scopes": ["org:read", "tokens:manage"] });
        let holder = app.holder(&tool.made("/api/v1/tokens", &body).await);
        organization(app, "personal_tokens = false").await;
        for caller in [&tool, &holder] {
            assert_eq!(refusal(&caller.get("/api/v1/whoami").await), is(403, "personal_tokens_disabled"));
            assert_eq!(refusal(&caller.post("/api/v1/tokens", &body).await), is(403, "personal_tokens_disabled"));
        }
        organization(app, "personal_tokens = true").await;
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
    }

    async fn sw_11_no_key_is_made_with_a_suspended_session_or_token(app) {
        let tool = app.owners_tool().await;
        let token = tool.made("/api/v1/tokens", &json!({ "name": "laptop", "scopes": ["keys:manage", "org:read"] })).await;
        let holder = app.holder(&token);
        let key = app.holder(&tool.key(&wanted(&["org:read"])).await);
        organization(app, "personal_tokens = false").await;
        for caller in [&tool, &holder] {
            assert_eq!(refusal(&caller.post("/api/v1/keys", &wanted(&["org:read"])).await), is(403, "personal_tokens_disabled"));
        }
        assert_eq!(key.get("/api/v1/whoami").await.status, 200, "keys have a separate setting");
        assert_eq!(app.count("credentials WHERE kind = 'api_key'").await, 1);
    }

    async fn tokens_may_be_for_owners_and_admins_alone(app) {
        let member = app.tool_of(&app.member("member").await, "tokens:manage org:read").await;
        let body = json!({ "name": "laptop", "scopes": ["org:read"] });
        let holder = app.holder(&member.made("/api/v1/tokens", &body).await);
        organization(app, "personal_token_creators = 'admins'").await;
        assert_eq!(refusal(&holder.get("/api/v1/whoami").await), is(403, "personal_tokens_admins_only"));
        assert_eq!(refusal(&member.post("/api/v1/tokens", &body).await), is(403, "not_permitted"));
        assert_eq!(member.get("/api/v1/whoami").await.status, 200, "CLI sessions are not limited to admins");
        app.owners_tool().await.made("/api/v1/tokens", &body).await;
        organization(app, "personal_token_max_seconds = 60").await;
        let answer = app.owners_tool().await.post("/api/v1/tokens", &body).await;
        assert_eq!(refusal(&answer), is(422, "invalid_parameter"));
    }
}
