//! Exchange of API keys and personal tokens for access tokens.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{is, refusal};
use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::Answer;
use crate::support::oauth::claims;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

async fn exchanged(app: &TestApp, secret: &str, more: &[(&str, &str)]) -> Answer {
    let usual = [("grant_type", EXCHANGE), ("subject_token", secret), ("subject_token_type", ACCESS_TOKEN)];
    let form: Vec<_> = usual
        .into_iter()
        .filter(|(name, _)| more.iter().all(|(other, _)| other != name))
        .chain(more.iter().copied())
        .collect();
    app.anonymous().post("/oauth/token", &form).await
}

async fn as_client(app: &TestApp, id: &str, secret: &str, scope: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
        ("scope", scope),
    ];
    app.anonymous().post("/oauth/token", &form).await
}

fn secret(made: &Value) -> &str {
    made.get("apiKey").or_else(|| made.get("token")).unwrap().as_str().unwrap()
}

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap()
}

/// An API caller with the access token of the response.
fn bearer(app: &TestApp, answer: &Answer) -> ApiCaller {
    assert_eq!(answer.status, 200, "{}", answer.body);
    app.caller(answer.json()["access_token"].as_str().unwrap())
}

fn key(scopes: &[&str]) -> Value {
    json!({ "name": "CI", "mode": "live", "scopes": scopes })
}

const RESOURCES: &str = r#"
[[resources]]
id = "https://api.example.com/v1"
name = "API"

[[resources]]
id = "https://sandbox.example.com"
name = "Sandbox"
test = true
"#;

both_engines! {
    async fn cd_03_a_test_key_is_exchanged_for_a_test_resource_alone(app, |app| app.with_file(super::RESOURCES)) {
        let tool = app.owners_tool().await;
        let (live, test) = (tool.key(&key(&["org:read"])).await, {
            let mut body = key(&["org:read"]);
            body["mode"] = json!("test");
            tool.key(&body).await
        });
        let (api, sandbox) = ("https://api.example.com/v1", "https://sandbox.example.com");
        let ask = async |made: &Value, more: &[(&str, &str)]| {
            let as_client = [("grant_type", "client_credentials"), ("client_id", id(made)), ("client_secret", secret(made))];
            let form: Vec<_> = as_client.into_iter().chain(more.iter().copied()).collect();
            [exchanged(app, secret(made), more).await, app.anonymous().post("/oauth/token", &form).await]
        };
        for (made, asked) in [
            (&test, &[][..]),
            (&test, &[("resource", app.issuer())]),
            (&test, &[("resource", api)]),
            (&test, &[("resource", sandbox), ("resource", api)]),
            (&test, &[("resource", "https://sandbox.example.com/other")]),
            (&live, &[("resource", sandbox)]),
            (&live, &[("resource", "https://elsewhere.example.com")]),
        ] {
            for answer in ask(made, asked).await {
                assert_eq!(refusal(&answer), is(400, "invalid_target"), "{asked:?}");
            }
        }
        assert_eq!(refusal(&exchanged(app, secret(&test), &[("audience", app.issuer())]).await), is(400, "invalid_target"));
        let token = |answer: &Answer| answer.json()["access_token"].as_str().unwrap().to_owned();
        for (made, asked, aud, mode) in [
            (&test, &[("resource", sandbox)][..], sandbox, "test"),
            (&test, &[("resource", "https://SANDBOX.example.com/")], sandbox, "test"),
            (&live, &[], app.issuer(), "live"),
            (&live, &[("resource", api)], api, "live"),
        ] {
            for answer in ask(made, asked).await {
                assert_eq!(answer.status, 200, "{}", answer.body);
                let said = claims(&token(&answer));
                assert_eq!((&said["aud"], &said["mode"]), (&json!(aud), &json!(mode)));
            }
        }
        // This server also checks the audience, which separates the two.
        let of_test = token(&exchanged(app, secret(&test), &[("audience", sandbox)]).await);
        let bearer = app.caller(&of_test);
        assert_eq!(bearer.get("/api/v1/whoami").await.status, 401, "its audience is another one");
        assert_eq!(bearer.get("/api/v1/verify").await.status, 401);
        assert_eq!(bearer.get(&format!("/api/v1/verify?resource={api}")).await.status, 401);
        let verified = bearer.get(&format!("/api/v1/verify?resource={sandbox}")).await;
        assert_eq!((verified.status, verified.header("x-auth-mode")), (200, Some("test")));
        assert_eq!(bearer.get("/api/v1/verify?resource=https://elsewhere.example.com").await.status, 400);
        let twice = format!("/api/v1/verify?resource={sandbox}&resource={api}");
        assert_eq!(bearer.get(&twice).await.status, 400);
        let of_live = app.caller(&token(&exchanged(app, secret(&live), &[]).await));
        assert_eq!(of_live.get("/api/v1/verify").await.status, 200);
        assert_eq!(of_live.get(&format!("/api/v1/verify?resource={sandbox}")).await.status, 401);
        let body = json!({ "credential": of_test, "resource": sandbox });
        assert_eq!(app.anonymous().send(app.anonymous().request(Method::POST, "/api/v1/verify").json(&body)).await.status, 200);
        let asking = tool.key(&key(&["tokens:introspect"])).await;
        let request = app.anonymous().request(Method::POST, "/oauth/introspect").bearer_auth(secret(&asking));
        let told = app.anonymous().send(request.form(&[("token", &of_test)])).await.json();
        assert_eq!((&told["active"], &told["aud"], &told["mode"]), (&json!(true), &json!(sandbox), &json!("test")));
    }

    async fn cd_03_a_key_that_is_bound_to_addresses_is_not_exchanged(app, |app| app.with_file(super::RESOURCES)) {
        let tool = app.owners_tool().await;
        for (mode, resource) in [("live", app.issuer()), ("test", "https://sandbox.example.com")] {
            let body = json!({ "name": "CI", "mode": mode, "scopes": ["org:read"], "allowedAddresses": ["127.0.0.1"] });
            let made = tool.key(&body).await;
            assert_eq!(app.holder(&made).get("/api/v1/whoami").await.status, 200, "the key itself works from this address");
            let resource = [("resource", resource)];
            let by_exchange = exchanged(app, secret(&made), &resource).await;
            for answer in [by_exchange, as_client(app, id(&made), secret(&made), "").await] {
                assert_eq!(refusal(&answer), is(400, "invalid_target"));
                assert_eq!(answer.json()["error_code"], "address_bound_key");
            }
        }
        let away = json!({ "name": "CI", "mode": "live", "scopes": ["org:read"], "allowedAddresses": ["192.0.2.1"] });
        let answer = exchanged(app, secret(&tool.key(&away).await), &[]).await;
        assert_eq!((answer.status, &answer.json()["error_code"]), (403, &json!("address_not_allowed")));
    }

    async fn a_key_becomes_an_access_token_in_either_way(app) {
        let tool = app.owners_tool().await;
        let made = tool.key(&key(&["org:read", "deployments:read"])).await;
        let by_exchange = exchanged(app, secret(&made), &[]).await;
        let as_client = as_client(app, id(&made), secret(&made), "").await;
        assert_eq!(by_exchange.json()["issued_token_type"], ACCESS_TOKEN);
        assert_eq!(by_exchange.header("cache-control"), Some("no-store"));
        for (answer, sub) in [(by_exchange, &app.owner().await.id), (as_client, &id(&made).to_owned())] {
            let body = answer.json();
            assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(28_800)));
            assert_eq!((&body["scope"], body.get("refresh_token"), body.get("id_token")), (&json!("deployments:read org:read"), None, None));
            let token = claims(body["access_token"].as_str().unwrap());
            assert_eq!((&token["sid"], &token["client_id"]), (&made["id"], &made["id"]));
            assert_eq!((&token["sub"], &token["aud"]), (&json!(sub), &json!(app.issuer())));
            let whoami = bearer(app, &answer).get("/api/v1/whoami").await.json();
            assert_eq!((&whoami["data"]["kind"], &whoami["data"]["credential"]["id"]), (&json!("api_key"), &made["id"]));
            assert_eq!(whoami["data"]["subject"]["id"], json!(app.owner().await.id));
        }
    }

    async fn a_service_account_is_the_client_of_its_keys(app) {
        let tool = app.owners_tool().await;
        let account = tool.made("/api/v1/service-accounts", &json!({ "name": "CI", "purpose": "deploys", "role": "member" })).await;
        let mut body = key(&["org:read"]);
        body["serviceAccount"] = account["id"].clone();
        let (made, other) = (tool.key(&body).await, tool.key(&key(&["org:read"])).await);
        let answer = as_client(app, id(&account), secret(&made), "org:read").await;
        assert_eq!(claims(answer.json()["access_token"].as_str().unwrap())["sub"], account["id"]);
        assert_eq!(refusal(&as_client(app, id(&account), secret(&other), "").await), is(401, "invalid_client"));
        assert_eq!(refusal(&as_client(app, id(&made), secret(&other), "").await), is(401, "invalid_client"));
    }

    async fn the_token_dies_with_its_key_and_shrinks_with_it(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let made = tool.key(&key(&["org:read", "deployments:read"])).await;
        let holder = bearer(app, &exchanged(app, secret(&made), &[]).await);
        tool.post(&format!("/api/v1/keys/{}/scopes", id(&made)), &json!({ "scopes": ["org:read"] })).await;
        assert_eq!(holder.get("/api/v1/whoami").await.json()["data"]["scopes"], json!(["org:read"]));
        let other = tool.key(&key(&["org:read"])).await;
        let other = bearer(app, &exchanged(app, secret(&other), &[]).await);
        tool.post(&format!("/api/v1/keys/{}/revoke", id(&made)), &json!({})).await;
        assert_eq!(holder.get("/api/v1/verify").await.status, 401);
        assert_eq!(other.get("/api/v1/verify").await.status, 200);
        app.advance(TimeDelta::hours(8));
        assert_eq!(other.get("/api/v1/verify").await.status, 401, "access tokens last eight hours");
    }

    async fn a_token_does_not_outlive_its_key(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let mut body = key(&["org:read"]);
        body["expiresAt"] = json!((app.clock.now() + TimeDelta::hours(1)).iso());
        let made = tool.key(&body).await;
        let answer = exchanged(app, secret(&made), &[]).await.json();
        let left = answer["expires_in"].as_i64().unwrap();
        assert!((3590..=3600).contains(&left), "{answer}");
    }

    async fn a_scope_narrows_the_token_and_never_widens_it(app) {
        let tool = app.owners_tool().await;
        let made = tool.key(&key(&["org:read", "deployments:read"])).await;
        let narrow = exchanged(app, secret(&made), &[("scope", "org:read")]).await;
        let holder = bearer(app, &narrow);
        assert_eq!(holder.get("/api/v1/whoami").await.json()["data"]["scopes"], json!(["org:read"]));
        assert_eq!(holder.get("/api/v1/verify?scope=deployments:read").await.status, 403);
        for answer in [exchanged(app, secret(&made), &[("scope", "keys:manage")]).await, as_client(app, id(&made), secret(&made), "keys:manage").await] {
            assert_eq!(refusal(&answer), is(400, "invalid_scope"));
        }
    }

    async fn sw_11_a_personal_token_is_exchanged_while_the_switch_is_on(app) {
        let tool = app.owners_tool().await;
        let made = tool.made("/api/v1/tokens", &json!({ "name": "x", "scopes": ["org:read"] })).await;
        let holder = bearer(app, &exchanged(app, secret(&made), &[]).await);
        assert_eq!(holder.get("/api/v1/whoami").await.json()["data"]["kind"], "personal_token");
        app.execute("UPDATE organizations SET personal_tokens = false").await.unwrap();
        let answer = exchanged(app, secret(&made), &[]).await;
        assert_eq!(refusal(&answer), is(403, "access_denied"));
        assert_eq!(answer.json()["error_code"], "personal_tokens_disabled");
        assert_eq!(holder.get("/api/v1/whoami").await.status, 403);
        assert_eq!(refusal(&as_client(app, id(&made), secret(&made), "").await), is(401, "invalid_client"));
    }

    async fn other_secrets_are_not_exchanged(app) {
        let tool = app.owners_tool().await;
        let made = tool.key(&key(&["org:read"])).await;
        tool.post(&format!("/api/v1/keys/{}/revoke", id(&made)), &json!({})).await;
        let jwt = tool.credential.clone();
        for bad in [secret(&made), &jwt, "keystile_live_x", "x"] {
            assert_eq!(refusal(&exchanged(app, bad, &[]).await), is(400, "invalid_request"), "{bad}");
            assert_eq!(refusal(&as_client(app, id(&made), bad, "").await), is(401, "invalid_client"), "{bad}");
        }
        let good = tool.key(&key(&["org:read"])).await;
        for (name, value, error) in [
            ("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token", "invalid_request"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token", "invalid_request"),
            ("actor_token", "x", "invalid_request"),
            ("audience", "https://elsewhere.example", "invalid_target"),
            ("resource", "https://elsewhere.example", "invalid_target"),
        ] {
            assert_eq!(refusal(&exchanged(app, secret(&good), &[(name, value)]).await), is(400, error), "{name}");
        }
        assert_eq!(refusal(&exchanged(app, secret(&good), &[("client_id", "nobody")]).await), is(401, "invalid_client"));
        assert_eq!(exchanged(app, secret(&good), &[("client_id", "keystile-cli")]).await.status, 200);
        let public = [("grant_type", "client_credentials"), ("client_id", "keystile-cli")];
        assert_eq!(refusal(&app.anonymous().post("/oauth/token", &public).await), is(401, "invalid_client"));
    }

    async fn te_19_client_credentials_give_no_refresh_token_no_id_token_and_no_sub_of_a_person(app) {
        let tool = app.owners_tool().await;
        let made = tool.key(&key(&["openid", "offline_access", "org:read"])).await;
        let body = as_client(app, id(&made), secret(&made), "").await.json();
        assert_eq!((&body["scope"], body.get("refresh_token"), body.get("id_token")), (&json!("org:read"), None, None));
        let sub = claims(body["access_token"].as_str().unwrap())["sub"].as_str().unwrap().to_owned();
        assert_eq!(app.count(&format!("users WHERE id = '{sub}'")).await, 0);
        for scope in ["openid", "offline_access"] {
            assert_eq!(refusal(&as_client(app, id(&made), secret(&made), scope).await), is(400, "invalid_scope"));
        }
    }

    async fn ak_13_a_token_of_a_key_tells_nothing_about_a_person_and_is_revoked_by_no_client(app) {
        let tool = app.owners_tool().await;
        let made = tool.key(&key(&["openid", "org:read"])).await;
        let holder = bearer(app, &exchanged(app, secret(&made), &[]).await);
        assert_eq!(app.userinfo(&holder.credential).await.status, 401);
        let answer = app.machine("keystile-cli").post("/oauth/revoke", &[("token", &holder.credential)]).await;
        assert_eq!(refusal(&answer), is(400, "invalid_grant"));
        assert_eq!(holder.get("/api/v1/whoami").await.status, 200);
        assert_eq!(holder.get("/api/v1/whoami").await.json()["data"]["client"], json!(null));
    }
}
