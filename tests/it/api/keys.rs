//! API keys: creation, lists, changes and revocation.

use keystiled::domain::secret::Digest;
use serde_json::{Value, json};

use super::{is, refusal, wanted};
use crate::support::both_engines;

both_engines! {
    async fn ak_01_a_key_is_shown_once_and_only_its_digest_is_kept(app) {
        let tool = app.owners_tool().await;
        let key = tool.key(&wanted(&["org:read", "deployments:read"])).await;
        let secret = key["apiKey"].as_str().unwrap();
        assert!(secret.starts_with("keystile_live_") && secret.len() == "keystile_live_".len() + 49, "{key}");
        assert!(key["id"].as_str().unwrap().starts_with("key_"));
        assert_eq!(key["mode"], "live");
        assert_eq!(key["scopes"], json!(["deployments:read", "org:read"]));
        assert_eq!((&key["unrestricted"], &key["expiresAt"]), (&json!(false), &Value::Null));
        let made_at = key["createdAt"].as_str().unwrap();
        assert!(made_at.len() == 24 && made_at.ends_with('Z') && made_at.as_bytes()[19] == b'.', "{made_at}");
        assert_eq!(key["createdBy"]["id"], app.owner().await.id);
        assert_eq!((&key["prefix"], key["lastFour"].as_str()), (&json!("keystile_live_"), secret.get(secret.len() - 4..)));

        let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
        for path in ["/api/v1/keys", &path] {
            let answer = tool.get(path).await;
            assert_eq!(answer.status, 200);
            assert!(!answer.body.contains(secret) && !answer.body.contains("apiKey"), "{}", answer.body);
            assert!(answer.body.contains(key["id"].as_str().unwrap()));
        }
        assert!(!app.holds(secret).await && !app.holds(&secret[14..]).await);
        let kept = app.count(&format!("credentials WHERE id = '{}' AND secret_hash IS NOT NULL", key["id"].as_str().unwrap())).await;
        assert_eq!((kept, Digest::of(secret).as_bytes().len()), (1, 32));
        assert_eq!(app.audited("key.created").await, 1);
    }

    async fn a_test_key_says_that_it_is_one(app) {
        let tool = app.owners_tool().await;
        let key = tool.key(&json!({ "name": "CI", "mode": "test", "scopes": ["org:read"] })).await;
        assert!(key["apiKey"].as_str().unwrap().starts_with("keystile_test_"));
        let whoami = app.holder(&key).get("/api/v1/whoami").await.json();
        assert_eq!((&whoami["data"]["kind"], &whoami["data"]["credential"]["mode"]), (&json!("api_key"), &json!("test")));
        assert_eq!(whoami["data"]["scopes"], json!(["org:read"]));
    }

    async fn ak_03_a_revoked_key_is_refused_at_once_and_for_good(app) {
        let tool = app.owners_tool().await;
        let key = tool.key(&wanted(&["org:read"])).await;
        let holder = app.holder(&key);
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
        let revoked = tool.post(&format!("{path}/revoke"), &json!({})).await;
        assert_eq!(revoked.status, 200);
        assert!(revoked.json()["data"]["revokedAt"].is_string());
        let answer = holder.get("/api/v1/whoami").await;
        assert_eq!(refusal(&answer), is(401, "revoked_api_key"));
        assert!(answer.header("www-authenticate").unwrap().contains(r#"error="invalid_token""#));
        assert_eq!(tool.post(&format!("{path}/revoke"), &json!({})).await.status, 200, "revocation is idempotent");
        assert_eq!(refusal(&tool.post(&format!("{path}/rotate"), &json!({})).await), is(409, "ended"));
        assert_eq!(refusal(&tool.post(&format!("{path}/scopes"), &json!({ "scopes": ["org:read"] })).await), is(409, "ended"));
        assert_eq!(app.audited("key.revoked").await, 1);
    }

    async fn ak_03_an_expired_key_is_refused_and_says_so(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let end = (app.clock.now() + chrono::TimeDelta::hours(1)).iso();
        let key = tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"], "expiresAt": end })).await;
        let holder = app.holder(&key);
        app.advance(chrono::TimeDelta::minutes(59));
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        app.advance(chrono::TimeDelta::minutes(1));
        assert_eq!(refusal(&holder.get("/api/v1/whoami").await), is(401, "expired_api_key"));
    }

    async fn scopes_are_changed_at_once_and_never_to_none(app) {
        let tool = app.owners_tool().await;
        let key = tool.key(&wanted(&["org:read"])).await;
        let path = format!("/api/v1/keys/{}/scopes", key["id"].as_str().unwrap());
        assert_eq!(refusal(&tool.post(&path, &json!({ "scopes": [] })).await), is(422, "invalid_parameter"));
        assert_eq!(refusal(&tool.post(&path, &json!({ "scopes": ["no:such"] })).await), is(422, "invalid_parameter"));
        let changed = tool.post(&path, &json!({ "scopes": ["deployments:read", "keys:read"] })).await;
        assert_eq!(changed.json()["data"]["scopes"], json!(["deployments:read", "keys:read"]));
        let scopes = app.holder(&key).get("/api/v1/whoami").await.json()["data"]["scopes"].clone();
        assert_eq!(scopes, json!(["deployments:read", "keys:read"]));
        assert_eq!(app.audited("key.scopes_changed").await, 1);
        // A tool with fewer scopes can narrow the key, but not widen it.
        let small = app.tool_of(&app.owner().await, "keys:manage").await;
        assert_eq!(small.post(&path, &json!({ "scopes": ["deployments:read"] })).await.status, 200);
        let wider = small.post(&path, &json!({ "scopes": ["deployments:read", "deployments:write"] })).await;
        assert_eq!(refusal(&wider), is(403, "insufficient_scope"));
    }

    async fn ak_08_nobody_makes_a_key_that_can_do_more_than_they_can(app) {
        let member = app.member("member").await;
        let tool = app.tool_of(&member, "keys:manage deployments:read deployments:write").await;
        for scope in ["deployments:delete", "audit:read", "service_accounts:manage", "org:read"] {
            let answer = tool.post("/api/v1/keys", &wanted(&["deployments:read", scope])).await;
            assert_eq!(refusal(&answer), is(403, "insufficient_scope"), "{scope}");
            assert_eq!(answer.header("keystile-required-scopes"), Some(scope));
            assert_eq!(answer.json()["error"]["required_scopes"], json!([scope]));
        }
        tool.key(&wanted(&["deployments:read", "deployments:write"])).await;
    }

    async fn ak_13_a_key_makes_no_other_unless_it_was_given_that_power(app) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        for path in ["/api/v1/keys", "/api/v1/tokens", "/api/v1/service-accounts"] {
            let body = match path {
                "/api/v1/keys" => wanted(&["org:read"]),
                "/api/v1/tokens" => json!({ "name": "x", "scopes": ["org:read"] }),
                _ => json!({ "name": "x", "purpose": "x", "role": "viewer" }),
            };
            assert_eq!(holder.post(path, &body).await.status, 403, "{path}");
        }
        let secret = holder.credential.as_str();
        for form in [[("grant_type", "refresh_token"), ("refresh_token", secret)], [("grant_type", "authorization_code"), ("code", secret)]] {
            assert_eq!(app.machine("keystile-cli").post("/oauth/token", &form).await.status, 400);
        }
        assert_eq!(app.userinfo(secret).await.status, 401);
        let manager = app.holder(&tool.key(&wanted(&["keys:manage", "org:read"])).await);
        manager.key(&wanted(&["org:read"])).await;
        assert_eq!(refusal(&manager.post("/api/v1/keys", &wanted(&["deployments:read"])).await), is(403, "insufficient_scope"));
        let token = json!({ "name": "x", "scopes": ["org:read"] });
        assert_eq!(refusal(&manager.post("/api/v1/tokens", &token).await), is(403, "not_permitted"));
    }

    async fn keys_are_listed_page_by_page_the_newest_first(app) {
        let tool = app.owners_tool().await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(tool.key(&wanted(&["org:read"])).await["id"].clone());
        }
        made.reverse();
        let (mut seen, mut path) = (Vec::new(), "/api/v1/keys?limit=2".to_owned());
        loop {
            let page = tool.get(&path).await.json();
            seen.extend(page["data"].as_array().unwrap().iter().map(|key| key["id"].clone()));
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            path = format!("/api/v1/keys?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, made);
    }

    async fn tn_02_the_body_cannot_set_actor_or_organization(app) {
        let tool = app.owners_tool().await;
        for extra in ["role", "is_admin", "org_id", "orgId", "owner", "createdBy", "id"] {
            let mut body = wanted(&["org:read"]);
            body[extra] = json!("owner");
            let answer = tool.post("/api/v1/keys", &body).await;
            assert_eq!(refusal(&answer), is(400, "invalid_request"), "{extra}");
            assert!(answer.json()["error"]["message"].as_str().unwrap().contains(extra));
        }
    }

    async fn bodies_that_are_too_large_or_no_json_have_a_status_of_their_own(app) {
        let tool = app.owners_tool().await;
        let post = |kind: &str, body: String| {
            tool.request(reqwest::Method::POST, "/api/v1/keys").header("Content-Type", kind).body(body)
        };
        let json = wanted(&["org:read"]).to_string();
        for (kind, body, status) in [
            ("text/plain", json.clone(), 415),
            ("application/x-www-form-urlencoded", "name=x".to_owned(), 415),
            ("application/json", "{".to_owned(), 400),
            ("application/json", format!("{{\"name\":\"{}\"}}", "x".repeat(70_000)), 413),
            ("application/json", json!({ "name": "x", "mode": "dead" }).to_string(), 422),
            ("application/json; charset=utf-8", json, 201),
        ] {
            let answer = tool.send_request(post(kind, body)).await;
            assert_eq!(answer.status, status, "{kind}: {}", answer.body);
        }
    }
}
