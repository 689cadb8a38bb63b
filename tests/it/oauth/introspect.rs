//! Token introspection (RFC 7662).

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use reqwest::Method;
use std::pin::pin;
use std::time::Duration;

use keystile_key_format::compose;
use serde_json::{Value, json};

use super::{is, refusal};
use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::http::Answer;
use crate::support::postgres::OwnDatabase;

const PATH: &str = "/oauth/introspect";

/// The response to a key with the introspection scope.
async fn introspect(app: &TestApp, key: &str, token: &str) -> Answer {
    let anonymous = app.anonymous();
    let request = anonymous.request(Method::POST, PATH).bearer_auth(key).form(&[("token", token)]);
    anonymous.send(request).await
}

fn key(scopes: &[&str]) -> Value {
    json!({ "name": "API", "mode": "live", "scopes": scopes })
}

fn secret(made: &Value) -> &str {
    made.get("apiKey").or_else(|| made.get("token")).unwrap().as_str().unwrap()
}

both_engines! {
    async fn every_kind_of_token_is_known_to_a_key_with_the_scope(app) {
        let tool = app.owners_tool().await;
        let (owner, asking) = (app.owner().await, tool.key(&key(&["tokens:introspect"])).await);
        let asked = tool.key(&json!({ "name": "CI", "mode": "test", "scopes": ["org:read"], "expiresAt": "2099-01-01T00:00:00Z" })).await;
        let answer = introspect(app, secret(&asking), secret(&asked)).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["active"], &body["scope"]), (200, &json!(true), &json!("org:read")));
        assert_eq!((&body["sub"], &body["sid"], &body["mode"]), (&json!(owner.id), &asked["id"], &json!("test")));
        assert_eq!((&body["exp"], &body["iss"]), (&json!(4_070_908_800_i64), &json!(app.issuer())));

        let token = tool.made("/api/v1/tokens", &json!({ "name": "x", "scopes": ["org:read"] })).await;
        let body = introspect(app, secret(&asking), secret(&token)).await.json();
        assert_eq!((&body["active"], &body["credential_kind"], body.get("exp")), (&json!(true), &json!("personal_token"), None));
        let body = introspect(app, secret(&asking), &tool.credential).await.json();
        assert_eq!((&body["active"], &body["credential_kind"], &body["token_type"]), (&json!(true), &json!("cli_session"), &json!("Bearer")));
        assert_eq!((&body["org"], body["jti"].is_string()), (&json!(owner.organization.id), true));
    }

    async fn a_confidential_client_asks_about_access_tokens_and_its_own_refresh_tokens(app) {
        let client = app.client(ClientKind::Confidential).await;
        let theirs = app.session_of(&client, &app.owner().await).await.tokens;
        let others = app.session().await.tokens;
        for (token, active) in [(&theirs.access, true), (&theirs.refresh, true), (&others.access, true), (&others.refresh, false)] {
            let answer = app.client_post(&client, PATH, &[("token", token), ("token_type_hint", "access_token")]).await;
            assert_eq!((answer.status, answer.json()["active"].clone()), (200, json!(active)));
        }
        let old = app.client_post(&client, PATH, &[("token", &theirs.refresh)]).await.json();
        assert_eq!((&old["active"], old.get("token_type")), (&json!(true), None));
        app.refresh(&client, &theirs.refresh).await;
        let after = app.client_post(&client, PATH, &[("token", &theirs.refresh)]).await;
        assert_eq!(after.json(), json!({ "active": false }), "a consumed token");
    }

    async fn rs_09_introspection_needs_permission(app) {
        let tool = app.owners_tool().await;
        let token = tool.credential.as_str();
        let anonymous = app.anonymous();
        assert_eq!(anonymous.post(PATH, &[("token", token)]).await.status, 401);
        let public = app.client(ClientKind::Native).await;
        assert_eq!(refusal(&app.client_post(&public, PATH, &[("token", token)]).await), is(401, "invalid_client"));
        let wrong = [("client_id", public.id.as_str()), ("client_secret", "x"), ("token", token)];
        assert_eq!(refusal(&anonymous.post(PATH, &wrong).await), is(401, "invalid_client"));
        let personal = tool.made("/api/v1/tokens", &json!({ "name": "x", "scopes": ["org:read"] })).await;
        for caller in [token, secret(&personal), "keystile_live_x", "x"] {
            let answer = introspect(app, caller, token).await;
            assert_eq!(refusal(&answer), is(401, "invalid_token"));
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "));
        }
        let answer = introspect(app, secret(&tool.key(&key(&["org:read"])).await), token).await;
        assert_eq!(refusal(&answer), is(403, "insufficient_scope"));
        assert_eq!(answer.header("keystile-required-scopes"), Some("tokens:introspect"));
        let damaged = tool.key(&key(&["org:read"])).await;
        let damage = format!("UPDATE credentials SET last_four = NULL WHERE id = '{}'", damaged["id"].as_str().unwrap());
        app.execute(&damage).await.unwrap();
        assert_eq!(anonymous.post(PATH, &[("token", secret(&damaged))]).await.status, 401, "the token was not examined");
        let asking = tool.key(&key(&["tokens:introspect"])).await;
        let request = anonymous.request(Method::POST, PATH).bearer_auth(secret(&asking)).form(&[("nothing", "x")]);
        assert_eq!(refusal(&anonymous.send(request).await), is(400, "invalid_request"));
    }

    async fn rs_10_invalid_tokens_are_inactive_without_details(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let asking = tool.key(&key(&["tokens:introspect"])).await;
        let revoked = tool.key(&key(&["org:read"])).await;
        tool.post(&format!("/api/v1/keys/{}/revoke", revoked["id"].as_str().unwrap()), &json!({})).await;
        let mut bound = key(&["org:read"]);
        bound["allowedAddresses"] = json!(["127.0.0.1"]);
        let bound = tool.key(&bound).await;
        let ended = app.session().await.tokens;
        app.machine("keystile-cli").post("/oauth/revoke", &[("token", &ended.refresh)]).await;
        let foreign = app.tool_of(&app.member_of(&app.organization("Elsewhere").await, "owner").await, "keys:manage").await;
        let foreign = foreign.key(&key(&["keys:manage"])).await;
        // A key with a valid format and checksum that was never issued.
        let unknown = compose("keystile_live_", &[7; 32]);
        let forged = format!("{}x", tool.credential);
        let mut seen = Vec::new();
        for token in [
            secret(&revoked), secret(&bound), secret(&foreign), &unknown, &ended.refresh, &forged, "garbage",
            "keystile_live_x", "keystile_rt_x",
        ] {
            let answer = introspect(app, secret(&asking), token).await;
            seen.push((answer.status, answer.body));
        }
        app.advance(TimeDelta::hours(8));
        let expired = introspect(app, secret(&asking), &tool.credential).await;
        seen.push((expired.status, expired.body));
        assert!(seen.iter().all(|one| *one == (200, r#"{"active":false}"#.to_owned())), "{seen:?}");
    }

    async fn rs_10_a_switch_that_is_off_makes_its_tokens_inactive(app) {
        let tool = app.owners_tool().await;
        let asking = tool.key(&key(&["tokens:introspect"])).await;
        let active = async || introspect(app, secret(&asking), &tool.credential).await.json()["active"].clone();
        assert_eq!(active().await, json!(true));
        app.execute("UPDATE organizations SET personal_tokens = false").await.unwrap();
        assert_eq!(active().await, json!(false));
        app.execute("UPDATE organizations SET personal_tokens = true").await.unwrap();
        assert_eq!(active().await, json!(true));
    }

    async fn rs_11_a_key_of_one_organization_learns_nothing_of_another(app) {
        let tool = app.owners_tool().await;
        let elsewhere = app.organization("Elsewhere").await;
        let stranger = app.tool_of(&app.member_of(&elsewhere, "owner").await, "keys:manage tokens:introspect").await;
        let asking = stranger.key(&key(&["tokens:introspect"])).await;
        for token in [tool.credential.as_str(), secret(&tool.key(&key(&["org:read"])).await)] {
            assert_eq!(introspect(app, secret(&asking), token).await.json(), json!({ "active": false }));
        }
    }
}

/// The calling key and the token in question are looked up in parallel, so that the response time does not show whether
/// the token needed a lookup.
#[tokio::test]
async fn rs_10_token_and_caller_are_looked_up_in_parallel() {
    let database = OwnDatabase::new("");
    let app = Builder::on(Database::sqlite()).with("KEYSTILE_DATABASE_URL", &database.url()).start().await;
    let tool = app.owners_tool().await;
    let (asking, revoked) =
        (tool.key(&key(&["tokens:introspect"])).await, tool.key(&key(&["org:read"])).await);
    tool.post(&format!("/api/v1/keys/{}/revoke", revoked["id"].as_str().unwrap()), &json!({})).await;
    let lock = || database.in_transaction("LOCK TABLE credentials IN ACCESS EXCLUSIVE MODE");
    let mut beside = false;
    // An attempt in which the second lookup starts late, because the machine is busy, proves nothing.
    for _ in 0..10 {
        let first = lock();
        let mut answer = pin!(introspect(&app, secret(&asking), secret(&revoked)));
        let looking = async {
            while database.waiting() == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        tokio::select! {
            _ = &mut answer => panic!("answered without a lookup"),
            () = looking => {}
        }
        // After all lookups that are waiting, and before any that start later.
        let looks = database.waiting();
        let second = std::thread::scope(|scope| {
            let second = scope.spawn(lock);
            while database.waiting() == looks {
                std::thread::sleep(Duration::from_millis(10));
            }
            drop(first);
            second.join().unwrap()
        });
        let answered = tokio::time::timeout(Duration::from_secs(1), &mut answer).await;
        drop(second);
        beside = answered.is_ok();
        let answer = match answered {
            Ok(answer) => answer,
            Err(_) => answer.await,
        };
        assert_eq!((answer.status, &*answer.body), (200, r#"{"active":false}"#));
        if beside {
            break;
        }
    }
    assert!(beside, "the lookups were made one after the other");
    app.stop().await;
}
