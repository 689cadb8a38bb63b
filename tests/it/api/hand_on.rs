//! Permissions that a credential may not pass on, to itself or to others.

use std::time::Duration;

use keystiled::domain::engine::Engine;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::{is, refusal, wanted};
use crate::store::numbers;
use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::wire::listen;

const KEYS: &str = "/api/v1/keys";
const ACCOUNTS: &str = "/api/v1/service-accounts";

fn account(role: &str) -> Value {
    json!({ "name": "CI", "purpose": "Deploys what was merged", "role": role })
}

async fn allow_unrestricted(app: &TestApp, allowed: bool) {
    let id = app.owner().await.organization.id;
    let set = format!("UPDATE organizations SET unrestricted_keys = {allowed} WHERE id = '{id}'");
    app.execute(&set).await.unwrap();
}

fn path(thing: &Value, base: &str, act: &str) -> String {
    format!("{base}/{}/{act}", thing["id"].as_str().unwrap())
}

/// Starts to create a key, runs `meanwhile` between the head and the body of the request, and returns the statuses.
async fn create_while(app: &TestApp, caller: &ApiCaller, meanwhile: impl AsyncFnOnce()) -> Vec<u16> {
    let body = wanted(&["org:read"]).to_string();
    let head = format!(
        "POST {KEYS} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        app.address(),
        caller.credential,
        body.len()
    );
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // Enough time to authenticate the credential, which happens once the head has arrived.
    sleep(Duration::from_millis(300)).await;
    meanwhile().await;
    stream.write_all(body.as_bytes()).await.unwrap();
    listen(&mut stream, Duration::from_secs(20)).await.statuses()
}

both_engines! {
    async fn ak_08_a_narrow_credential_gives_no_role_that_can_do_more(app) {
        allow_unrestricted(app, true).await;
        let admin = app.member("admin").await;
        let narrow = app.tool_of(&admin, "keys:manage service_accounts:manage org:read").await;
        let own = narrow.made(ACCOUNTS, &account("viewer")).await;
        assert_eq!(narrow.post(&path(&own, ACCOUNTS, "role"), &json!({ "role": "admin" })).await.status, 200, "the account has no key");
        let owner = app.owners_tool().await;
        let made = owner.made(ACCOUNTS, &account("viewer")).await;
        let key = owner.key(&json!({ "name": "CI", "mode": "live", "serviceAccount": made["id"] })).await;
        let raised = narrow.post(&path(&made, ACCOUNTS, "role"), &json!({ "role": "admin" })).await;
        assert_eq!(refusal(&raised), is(403, "insufficient_scope"));
        assert_eq!(narrow.post(&path(&made, ACCOUNTS, "disable"), &json!({})).await.status, 200, "disabling adds no permission");
        assert_eq!(refusal(&narrow.post(&path(&made, ACCOUNTS, "enable"), &json!({})).await), is(403, "insufficient_scope"));
        assert_eq!(owner.post(&path(&made, ACCOUNTS, "enable"), &json!({})).await.status, 200);
        let scopes = app.holder(&key).get("/api/v1/whoami").await.json()["data"]["scopes"].clone();
        assert!(!scopes.as_array().unwrap().contains(&json!("deployments:delete")), "{scopes}");
    }

    async fn ak_08_each_key_of_a_service_account_is_looked_at_however_many_it_has(app) {
        let admin = app.member("admin").await;
        let narrow = app.tool_of(&admin, "keys:manage service_accounts:manage org:read").await;
        let owner = app.owners_tool().await;
        let made = owner.made(ACCOUNTS, &account("viewer")).await;
        let mut body = wanted(&["org:read"]);
        body["serviceAccount"] = made["id"].clone();
        let oldest = owner.key(&body).await;
        let (id, account) = (oldest["id"].as_str().unwrap(), made["id"].as_str().unwrap());
        app.execute(&format!("UPDATE credentials SET scopes = 'deployments:delete org:read' WHERE id = '{id}'")).await.unwrap();
        let copied = "kind, org_id, mode, display_prefix, last_four, created_by_user, name";
        let (hash, at) = match app.inside().store.engine() {
            Engine::Sqlite => ("CAST(printf('%032d', i) AS BLOB)", "'2090-01-01T00:00:00.000000Z'"),
            Engine::Postgres => ("convert_to(lpad(i::text, 32, '0'), 'UTF8')", "timestamptz '2090-01-01'"),
        };
        let values = format!("'key_' || i, 'org:read', '{account}', {at}");
        let more = format!(
            "{} INSERT INTO credentials (id, scopes, service_account_id, created_at, secret_hash, {copied})
            SELECT {values}, {hash}, {copied} FROM numbers, credentials WHERE credentials.id = '{id}'",
            numbers(1200)
        );
        app.execute(&more).await.unwrap();
        let raised = narrow.post(&path(&made, ACCOUNTS, "role"), &json!({ "role": "admin" })).await;
        assert_eq!(refusal(&raised), is(403, "insufficient_scope"));
        assert_eq!(owner.post(&path(&oldest, KEYS, "revoke"), &json!({})).await.status, 200);
        assert_eq!(narrow.post(&path(&made, ACCOUNTS, "role"), &json!({ "role": "admin" })).await.status, 200);
    }

    async fn tn_10_a_key_cannot_act_as_another_person_or_exceed_its_creator(app) {
        let owner = app.owners_tool().await;
        let above = owner.made(ACCOUNTS, &account("owner")).await;
        let mut body = wanted(&["org:read"]);
        body["serviceAccount"] = above["id"].clone();
        let for_account = owner.key(&body).await;
        let own = owner.key(&wanted(&["org:read"])).await;
        let all = app.config.catalog.ids().collect::<Vec<_>>().join(" ");
        let admin = app.tool_of(&app.member("admin").await, &all).await;
        assert_eq!(refusal(&admin.post(KEYS, &body).await), is(403, "not_permitted"));
        for key in [&for_account, &own] {
            assert_eq!(refusal(&admin.post(&path(key, KEYS, "rotate"), &json!({})).await), is(403, "not_permitted"));
            assert_eq!(admin.post(&path(key, KEYS, "revoke"), &json!({})).await.status, 200, "revoking is not acting as the owner");
        }
    }

    async fn sw_11_a_credential_that_ends_between_head_and_body_creates_no_key(app) {
        let tool = app.owners_tool().await;
        let token = json!({ "name": "x", "scopes": ["keys:manage", "org:read"] });
        let (token, other) = (tool.made("/api/v1/tokens", &token).await, tool.made("/api/v1/tokens", &token).await);
        let revoke = async || {
            assert_eq!(tool.post(&path(&token, "/api/v1/tokens", "revoke"), &json!({})).await.status, 200);
        };
        assert_eq!(create_while(app, &app.holder(&token), revoke).await, [401]);
        let off = async || {
            app.execute("UPDATE organizations SET personal_tokens = false").await.unwrap();
        };
        assert_eq!(create_while(app, &app.holder(&other), off).await, [403]);
        assert_eq!(app.count("credentials WHERE kind = 'api_key'").await, 0);
        app.execute("UPDATE organizations SET personal_tokens = true").await.unwrap();
        assert_eq!(create_while(app, &app.holder(&other), async || {}).await, [201]);
    }

    async fn keys_and_tokens_neither_see_nor_end_sessions(app) {
        let tool = app.owners_tool().await;
        let session = tool.get("/api/v1/whoami").await.json()["data"]["credential"].clone();
        let all: Vec<&str> = app.config.catalog.ids().collect();
        let token = tool.made("/api/v1/tokens", &json!({ "name": "x", "scopes": all })).await;
        for made in [tool.key(&wanted(&all)).await, token] {
            let holder = app.holder(&made);
            assert_eq!(refusal(&holder.get("/api/v1/sessions").await), is(403, "not_permitted"));
            let end = path(&session, "/api/v1/sessions", "revoke");
            assert_eq!(refusal(&holder.post(&end, &json!({})).await), is(403, "not_permitted"));
        }
        assert_eq!(tool.get("/api/v1/sessions").await.status, 200);
    }

    async fn ak_08_a_key_that_is_off_is_not_revived_with_more_than_the_caller_has(app) {
        allow_unrestricted(app, true).await;
        let owner = app.owner().await;
        let key = app.owners_tool().await.key(&json!({ "name": "CI", "mode": "live" })).await;
        allow_unrestricted(app, false).await;
        let narrow = app.tool_of(&owner, "keys:manage org:read").await;
        let scopes = path(&key, KEYS, "scopes");
        let more = narrow.post(&scopes, &json!({ "scopes": ["deployments:delete"] })).await;
        assert_eq!(refusal(&more), is(403, "insufficient_scope"));
        assert_eq!(narrow.post(&scopes, &json!({ "scopes": ["org:read"] })).await.status, 200);
    }

    async fn the_key_of_a_disabled_account_can_lose_scopes_and_get_none(app) {
        let owner = app.owners_tool().await;
        let made = owner.made(ACCOUNTS, &account("member")).await;
        let mut body = wanted(&["org:read", "deployments:read"]);
        body["serviceAccount"] = made["id"].clone();
        let key = owner.key(&body).await;
        assert_eq!(owner.post(&path(&made, ACCOUNTS, "disable"), &json!({})).await.status, 200);
        let scopes = path(&key, KEYS, "scopes");
        let more = owner.post(&scopes, &json!({ "scopes": ["org:read", "deployments:write"] })).await;
        assert_eq!(refusal(&more), is(422, "invalid_parameter"));
        let less = owner.post(&scopes, &json!({ "scopes": ["org:read"] })).await;
        assert_eq!(less.json()["data"]["scopes"], json!(["org:read"]));
    }

    async fn ak_08_named_scopes_do_not_come_back_by_a_credential_without_them(app) {
        let owner = app.owners_tool().await;
        let made = owner.made(ACCOUNTS, &account("member")).await;
        let mut body = wanted(&["deployments:write"]);
        body["serviceAccount"] = made["id"].clone();
        let holder = app.holder(&owner.key(&body).await);
        assert_eq!(owner.post(&path(&made, ACCOUNTS, "role"), &json!({ "role": "viewer" })).await.status, 200);
        let narrow = app.tool_of(&app.member("admin").await, "service_accounts:manage org:read").await;
        let back = narrow.post(&path(&made, ACCOUNTS, "role"), &json!({ "role": "member" })).await;
        assert_eq!(refusal(&back), is(403, "insufficient_scope"));
        assert_eq!(holder.get("/api/v1/whoami").await.json()["data"]["scopes"], json!([]));
    }

    async fn ak_13_a_limited_key_cannot_extend_an_unlimited_one(app) {
        let tool = app.owners_tool().await;
        let wide = tool.key(&wanted(&["org:read"])).await;
        let mut body = wanted(&["keys:manage", "deployments:write"]);
        body["mode"] = json!("test");
        let holder = app.holder(&tool.key(&body).await);
        let widened = holder.post(&path(&wide, KEYS, "scopes"), &json!({ "scopes": ["org:read", "deployments:write"] })).await;
        assert_eq!(refusal(&widened), is(422, "invalid_parameter"));
    }

    async fn ak_13_keys_created_by_a_key_have_its_limits(app) {
        let mut body = wanted(&["keys:manage", "org:read"]);
        body["mode"] = json!("test");
        body["expiresAt"] = json!("2999-01-01T00:00:00.000Z");
        let key = app.owners_tool().await.key(&body).await;
        let holder = app.holder(&key);
        let param = async |change: &[(&str, &str)]| {
            let mut child = wanted(&["org:read"]);
            for (name, value) in change {
                child[*name] = json!(value);
            }
            let answer = holder.post(KEYS, &child).await;
            (answer.status, answer.json()["error"]["param"].as_str().map(str::to_owned))
        };
        let refused = |field: &str| (422, Some(field.to_owned()));
        assert_eq!(param(&[("mode", "test")]).await, refused("expiresAt"));
        assert_eq!(param(&[("mode", "live"), ("expiresAt", "2998-01-01T00:00:00Z")]).await, refused("mode"));
        assert_eq!(param(&[("mode", "test"), ("expiresAt", "2998-01-01T00:00:00Z")]).await, (201, None));
        assert_eq!(holder.post(&path(&key, KEYS, "rotate"), &json!({})).await.status, 201, "a key may rotate itself");
    }

    async fn a_token_with_fewer_scopes_does_not_get_an_earlier_response(app) {
        let owner = app.owners_tool().await;
        let made = owner.made("/api/v1/tokens", &json!({ "name": "x", "scopes": ["tokens:manage", "org:read"] })).await;
        let holder = app.holder(&made);
        let body = json!({ "name": "y", "scopes": ["org:read"] });
        let first = holder.post_once("/api/v1/tokens", "k-1", &body).await;
        assert_eq!((first.status, holder.post_once("/api/v1/tokens", "k-1", &body).await.status), (201, 201));
        app.execute(&format!("UPDATE credentials SET scopes = 'org:read' WHERE id = '{}'", made["id"].as_str().unwrap())).await.unwrap();
        let again = holder.post_once("/api/v1/tokens", "k-1", &body).await;
        assert_eq!(refusal(&again), is(409, "idempotency_conflict"));
    }

    async fn expiries_and_ids_that_cannot_be_stored_are_refused(app) {
        let tool = app.owners_tool().await;
        let mut body = wanted(&["org:read"]);
        body["expiresAt"] = json!("9999-12-31T23:59:59-12:00");
        assert_eq!(refusal(&tool.post(KEYS, &body).await), is(400, "invalid_request"));
        body["expiresAt"] = json!("9999-12-31T23:59:59Z");
        let last = tool.key(&body).await;
        assert_eq!(tool.post(&path(&last, KEYS, "rotate"), &json!({})).await.status, 201);
        assert_eq!(tool.get(KEYS).await.status, 200);
        assert_eq!(tool.get("/api/v1/keys/a%00b").await.status, 404);
        let mut body = wanted(&["org:read"]);
        body["serviceAccount"] = json!("sa_\0");
        assert_eq!(refusal(&tool.post(KEYS, &body).await), is(422, "invalid_parameter"));
    }

    async fn a_null_limit_is_refused(app) {
        allow_unrestricted(app, true).await;
        let tool = app.owners_tool().await;
        for field in ["scopes", "allowedAddresses"] {
            let mut body = wanted(&["org:read"]);
            body[field] = json!(null);
            assert_eq!(refusal(&tool.post(KEYS, &body).await), is(400, "invalid_request"), "{field}");
        }
    }
}
