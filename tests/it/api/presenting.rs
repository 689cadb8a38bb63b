//! Presenting a key: headers, allowed addresses, and errors.

use keystiled::domain::entropy::Entropy;
use keystiled::domain::static_secret::{self, Mode, StaticKind};
use reqwest::Method;
use serde_json::json;

use super::{is, refusal, wanted};
use crate::support::both_engines;

both_engines! {
    async fn a_key_comes_in_either_header_and_so_does_a_token_of_a_session(app) {
        let tool = app.owners_tool().await;
        let key = app.holder(&tool.key(&wanted(&["org:read"])).await);
        let anonymous = app.anonymous();
        for credential in [&tool.credential, &key.credential] {
            let request = || anonymous.request(Method::GET, "/api/v1/whoami");
            assert_eq!(anonymous.send(request().bearer_auth(credential)).await.status, 200);
            assert_eq!(anonymous.send(request().header("X-API-Key", credential)).await.status, 200);
            let both = request().bearer_auth(credential).header("X-API-Key", credential);
            assert_eq!(anonymous.send(both).await.status, 200);
        }
        let two = anonymous.request(Method::GET, "/api/v1/whoami").bearer_auth(&tool.credential);
        let answer = anonymous.send(two.header("X-API-Key", &key.credential)).await;
        assert_eq!(refusal(&answer), is(400, "ambiguous_credentials"));
    }

    async fn ak_04_a_key_in_the_address_is_refused(app) {
        let tool = app.owners_tool().await;
        let key = app.holder(&tool.key(&wanted(&["org:read"])).await).credential;
        for name in ["api_key", "access_token", "token"] {
            let answer = app.anonymous().get(&format!("/api/v1/whoami?{name}={key}")).await;
            assert_eq!(refusal(&answer), is(400, "credential_in_query"));
            assert!(!answer.body.contains(&key));
        }
    }

    async fn ak_02_a_near_miss_is_refused_like_any_unknown_key(app) {
        let tool = app.owners_tool().await;
        let key = app.holder(&tool.key(&wanted(&["org:read"])).await).credential;
        let mut typo = key.clone().into_bytes();
        typo[20] = if typo[20] == b'a' { b'b' } else { b'a' };
        let typo = String::from_utf8(typo).unwrap();
        let unknown = static_secret::mint("keystile", StaticKind::ApiKey(Mode::Live), Entropy).secret;
        let mut seen = Vec::new();
        for wrong in [typo.as_str(), unknown.expose()] {
            let answer = app.caller(wrong).get("/api/v1/whoami").await;
            assert_eq!(refusal(&answer), is(401, "invalid_api_key"));
            let mut body = answer.json();
            body["error"]["request_id"] = json!(null);
            seen.push((answer.header("www-authenticate").unwrap().to_owned(), body));
        }
        assert_eq!(seen[0], seen[1]);
    }

    async fn ak_16_a_key_with_extra_text_is_401_and_never_500(app) {
        let tool = app.owners_tool().await;
        let key = app.holder(&tool.key(&wanted(&["org:read"])).await).credential;
        let anonymous = app.anonymous();
        for pasted in [format!("\"{key}\""), format!("Bearer {key}"), format!("'{key}'"), format!("{key}\t{key}"), "keystile_live_".to_owned(), "é".to_owned()] {
            let request = anonymous.request(Method::GET, "/api/v1/whoami").header("X-API-Key", pasted.as_bytes());
            assert_eq!(anonymous.send(request).await.status, 401, "{pasted}");
        }
    }

    async fn a_key_with_a_list_of_addresses_works_from_these_alone(app) {
        let tool = app.owners_tool().await;
        let with = |addresses: &[&str]| json!({ "name": "CI", "mode": "live", "scopes": ["org:read"], "allowedAddresses": addresses });
        let key = tool.key(&with(&["127.0.0.0/8", "::1"])).await;
        assert_eq!(key["allowedAddresses"], json!(["127.0.0.0/8", "::1/128"]));
        assert_eq!(app.holder(&key).get("/api/v1/whoami").await.status, 200);
        let elsewhere = app.holder(&tool.key(&with(&["203.0.113.7"])).await);
        assert_eq!(refusal(&elsewhere.get("/api/v1/whoami").await), is(403, "address_not_allowed"));
        let forwarded = elsewhere.request(Method::GET, "/api/v1/whoami").header("X-Forwarded-For", "203.0.113.7");
        assert_eq!(elsewhere.send_request(forwarded).await.status, 403, "the header is not from a trusted proxy");
        for bad in [&[][..], &["example.com"], &["1.2.3.4/33"]] {
            assert_eq!(refusal(&tool.post("/api/v1/keys", &with(bad)).await), is(422, "invalid_parameter"), "{bad:?}");
        }
    }

    async fn a_missing_scope_is_named_in_the_body_the_header_and_the_challenge(app) {
        let tool = app.owners_tool().await;
        let holder = app.holder(&tool.key(&wanted(&["org:read"])).await);
        let answer = holder.get("/api/v1/service-accounts").await;
        assert_eq!(refusal(&answer), is(403, "insufficient_scope"));
        let error = &answer.json()["error"];
        assert_eq!((&error["type"], &error["required_scopes"]), (&json!("permission_error"), &json!(["service_accounts:manage"])));
        assert_eq!(answer.header("keystile-required-scopes"), Some("service_accounts:manage"));
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains(r#"error="insufficient_scope", scope="service_accounts:manage""#), "{challenge}");
    }

    async fn when_a_key_was_used_is_seen_and_not_written_every_time(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let key = tool.key(&wanted(&["org:read"])).await;
        let (holder, path) = (app.holder(&key), format!("/api/v1/keys/{}", key["id"].as_str().unwrap()));
        let seen = async || tool.get(&path).await.json()["data"]["lastUsedAt"].clone();
        assert_eq!(seen().await, json!(null));
        let first = app.clock.now().iso();
        for (seconds, uses) in [(0, 1), (30, 2), (29, 3)] {
            app.advance(chrono::TimeDelta::seconds(seconds));
            assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
            tool.uses_of(&key, uses).await;
            assert_eq!(seen().await, json!(first));
        }
        app.advance(chrono::TimeDelta::seconds(1));
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        tool.uses_of(&key, 4).await;
        assert_eq!(seen().await, json!(app.clock.now().iso()));
        assert_eq!(tool.get(&path).await.json()["data"]["lastUsedIp"], "127.0.0.1");
    }
}
