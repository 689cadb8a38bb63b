//! A leaked signing key: its remaining power, and its revocation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use keystiled::keys::rsa_key::PrivateKey;
use keystiled::services::signing_keys::{self, Revocation, Revoked, Rotation, RotationTiming};
use serde_json::{Value, json};

use super::forge::Forge;
use crate::support::app::{Builder, TestApp};
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::oauth::{Session, Tokens};

/// The private half of the active key, as if leaked.
fn leaked(app: &TestApp) -> Arc<PrivateKey> {
    app.inside().keyring.current().active()
}

async fn rotate_now(app: &TestApp) {
    let inside = app.inside();
    let rotated = signing_keys::rotate(&inside.store, &inside.master, &app.config.keys, RotationTiming::Now)
        .await
        .unwrap();
    assert!(matches!(rotated, Rotation::Done { .. }));
    inside.reload_keys().await.unwrap();
}

/// The keys with this state, as listed for the operator.
async fn keys(app: &TestApp, state: &str) -> Vec<String> {
    let listed = app.operate(&["keys", "list"]).await;
    let of_state = listed.as_array().unwrap().iter().filter(|key| key["state"] == state);
    of_state.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &str) -> String {
    Forge::of(token).header["kid"].as_str().unwrap().to_owned()
}

/// Waits until a node answers a token with this status.
async fn answers(app: &TestApp, token: &str, status: u16) {
    let started = Instant::now();
    while app.whoami(token).await.status != status {
        assert!(started.elapsed() < Duration::from_secs(60), "still not {status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

both_engines! {
    async fn ca_03_a_retired_key_verifies_nothing_issued_after_it_retired(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let (forge, key) = (Forge::of(&tokens.access), leaked(app));
        // Other nodes may sign with it for ten more seconds.
        let retired = (app.clock.now() + TimeDelta::seconds(10)).seconds();
        rotate_now(app).await;
        rotate_now(app).await;
        app.advance(TimeDelta::seconds(12));
        assert_eq!(app.whoami(&tokens.access).await.status, 200, "tokens signed before stay valid");
        assert_eq!(app.whoami(&forge.signed_with(&key)).await.status, 200, "a token with the same `iat` is valid");

        let now = app.clock.now().seconds();
        let year = 365 * 24 * 60 * 60;
        for (iat, exp) in [(retired + 1, now + 60), (now, now + 28_800), (now, now + 10 * year), (retired, now + 10 * year)] {
            let forged = forge.clone().claim("iat", iat).claim("exp", exp).claim("jti", "forged").signed_with(&key);
            assert_eq!(app.whoami(&forged).await.status, 401, "iat {iat}, exp {exp}");
            assert_eq!(app.userinfo(&forged).await.status, 401, "iat {iat}, exp {exp}");
        }
        let fresh = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        assert_eq!(app.whoami(&fresh.access).await.status, 200);
    }

    async fn ca_03_no_token_lives_longer_than_any_that_is_issued(app, |app| app.manual_clock()) {
        let forge = Forge::of(&app.session().await.tokens.access);
        let now = app.clock.now().seconds();
        let of = |iat: i64, seconds: i64| {
            forge.clone().claim("iat", iat).claim("exp", iat.wrapping_add(seconds)).signed(app)
        };
        assert_eq!(app.whoami(&of(now, 28_800)).await.status, 200, "tokens.access");
        for (iat, seconds) in [(now, 28_801), (now - 7_200, 28_801), (now, i64::MAX - now), (i64::MIN, i64::MAX)] {
            assert_eq!(app.whoami(&of(iat, seconds)).await.status, 401, "{iat}, {seconds} s");
        }

        // A client may have a longer lifetime of its own; a node learns of it with the first token.
        let client = app.client_with(ClientKind::Native, |client| client.access = Some(TimeDelta::hours(12))).await;
        let longer = app.session_of(&client, &app.owner().await).await.tokens;
        assert_eq!(longer.body["expires_in"], json!(43_200));
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(app.whoami(&longer.access).await.status, 200);
        let longest = Forge::of(&longer.access).claim("exp", now + 43_201).signed(app);
        assert_eq!(app.whoami(&longest).await.status, 401);
    }

    async fn ca_03_a_revoked_key_signs_and_verifies_nothing_and_the_next_takes_over(app) {
        let Session { client, tokens, .. } = app.session().await;
        let (forge, key) = (Forge::of(&tokens.access), leaked(app));
        let (old, next) = (kid(&tokens.access), keys(app, "next").await);
        let revoked = app.operate(&["keys", "revoke", "--", &old]).await;
        assert_eq!(revoked, json!({ "revoked": [old], "active": next[0] }));
        answers(app, &tokens.access, 401).await;
        assert_eq!(app.whoami(&forge.signed_with(&key)).await.status, 401);
        assert!(!app.anonymous().get("/oauth/jwks").await.body.contains(&old));

        let fresh = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        assert_eq!((kid(&fresh.access), app.whoami(&fresh.access).await.status), (next[0].clone(), 200));
        assert_eq!((keys(app, "active").await, keys(app, "next").await.len()), (next, 1));
        assert!(!app.names("SELECT kid AS name FROM signing_keys").await.contains(&old), "its private half is deleted");
        assert!(app.audit_of("instance").await.contains(&"signing_key.revoked".to_owned()));
    }

    async fn ca_03_a_waiting_key_is_replaced_and_all_keys_go_at_once(app) {
        let Session { client, tokens, .. } = app.session().await;
        let waiting = keys(app, "next").await;
        app.operate(&["keys", "revoke", "--", &waiting[0]]).await;
        assert_eq!(keys(app, "active").await, [kid(&tokens.access)], "the active key stays");
        let before = [keys(app, "active").await, keys(app, "next").await].concat();
        assert!(before.len() == 2 && !before.contains(&waiting[0]));

        let all = app.operate(&["keys", "revoke", "--all"]).await;
        let revoked: Vec<&str> = all["revoked"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(before.iter().all(|kid| revoked.contains(&kid.as_str())));
        answers(app, &tokens.access, 401).await;
        let fresh = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        assert_eq!((json!(kid(&fresh.access)), app.whoami(&fresh.access).await.status), (all["active"].clone(), 200));
        assert_eq!((keys(app, "active").await.len(), keys(app, "next").await.len()), (1, 1));
    }

    async fn ca_03_an_unknown_key_revokes_nothing(app) {
        let active = keys(app, "active").await;
        let ran = app.keystiled(&["keys", "revoke", "--", &active[0], "no-such-key"]).await;
        assert_eq!(ran.code, Some(1));
        assert!(ran.stderr.contains("There is no signing key no-such-key. Nothing was revoked."), "{}", ran.stderr);
        assert_eq!(keys(app, "active").await, active);
        assert_eq!(app.keystiled(&["keys", "revoke"]).await.code, Some(2), "which one?");
    }

    async fn ca_03_of_many_revocations_at_once_one_key_signs_and_one_waits(app) {
        let inside = app.inside();
        let revoke = |which| signing_keys::revoke(&inside.store, &inside.master, &app.config.keys, which);
        let active = keys(app, "active").await;
        let done = at_once(6, |_| revoke(Revocation::Named(active.clone())));
        let done: Vec<Revoked> = done.into_iter().map(Result::unwrap).collect();
        assert_eq!(done.iter().filter(|one| matches!(one, Revoked::Done { .. })).count(), 1, "{done:?}");
        assert_eq!((keys(app, "active").await.len(), keys(app, "next").await.len()), (1, 1));
        for one in at_once(4, |_| revoke(Revocation::All)) {
            assert!(matches!(one.unwrap(), Revoked::Done { .. }));
        }
        assert_eq!((keys(app, "active").await.len(), keys(app, "next").await.len()), (1, 1));
        inside.reload_keys().await.unwrap();
        let token = app.session().await.tokens.access;
        assert_eq!((vec![kid(&token)], app.whoami(&token).await.status), (keys(app, "active").await, 200));
    }
}

#[tokio::test]
async fn ca_03_a_key_is_revoked_on_every_node() {
    let one = Builder::on(Database::postgres()).start().await;
    let other = one.another_node().start().await;
    let Session { client, mut tokens, .. } = one.session().await;
    let old = kid(&tokens.access);
    for node in [&one, &other] {
        assert_eq!(node.whoami(&tokens.access).await.status, 200);
    }
    one.operate(&["keys", "revoke", "--", &old]).await;
    for node in [&one, &other] {
        answers(node, &tokens.access, 401).await;
    }
    for node in [&other, &one] {
        tokens = Tokens::of(&node.refresh(&client, &tokens.refresh).await);
        assert_ne!(kid(&tokens.access), old, "no node signs with it");
        for node in [&one, &other] {
            assert_eq!(node.whoami(&tokens.access).await.status, 200);
        }
    }
    other.stop().await;
    one.stop().await;
}
