//! The error for a replaced refresh token: that it was replaced, when, and whether by the same installation.

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use serde_json::{Value, json};

use super::{is, refusal};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::Answer;
use crate::support::oauth::{Session, Tokens, with_another_end};
use crate::support::people::TestClient;

const HERE: &str = "6f1e3a52-9c1b-4d0e-8a57-0d2f6f0a9b11";
const ELSEWHERE: &str = "0c9f8f0e-1b77-4f4e-9d15-3a1f0f4f2c55";

async fn refresh(app: &TestApp, client: &TestClient, token: &str, installation: Option<&str>) -> Answer {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    form.extend(installation.map(|id| ("installation_id", id)));
    app.client_post(client, "/oauth/token", &form).await
}

/// Makes the next refresh take the slow path: this node's cached client is outdated.
async fn take_the_slow_path(app: &TestApp, client: &TestClient) {
    let sql = format!("UPDATE clients SET version = version + 1 WHERE id = '{}'", client.id);
    app.execute(&sql).await.unwrap();
}

fn error_details(answer: &Answer) -> Value {
    assert_eq!(refusal(answer), is(400, "invalid_grant"));
    let body = answer.json();
    json!([body["error_code"], body["replaced_at"], body["replaced_before"], body["same_device"]])
}

both_engines! {
    async fn re_11_a_replaced_token_says_when_and_whether_the_same_installation_did_it(app, |app| app.manual_clock()) {
        for (slow, asking, same) in [
            (false, Some(HERE), json!(true)),
            (true, Some(HERE), json!(true)),
            (false, Some(ELSEWHERE), json!(false)),
            (true, Some(ELSEWHERE), json!(false)),
            (false, None, Value::Null),
        ] {
            let Session { client, tokens, .. } = app.session().await;
            if slow {
                take_the_slow_path(app, &client).await;
            }
            let next = Tokens::of(&refresh(app, &client, &tokens.refresh, Some(HERE)).await);
            let at = app.clock.now();
            app.advance(TimeDelta::minutes(5));
            let reused = refresh(app, &client, &tokens.refresh, asking).await;
            assert_eq!(error_details(&reused), json!(["refresh_token_replaced", at, null, same]), "slow: {slow}, {asking:?}");
            // The session has ended, and the same token still returns the details.
            assert_eq!(error_details(&refresh(app, &client, &tokens.refresh, asking).await)[3], same);
            let current = refresh(app, &client, &next.refresh, asking).await;
            assert_eq!(error_details(&current), json!([null, null, null, null]), "the current token was not replaced");
            assert!(!app.holds(HERE).await && !app.holds(ELSEWHERE).await, "only a MAC is stored");
        }
    }

    async fn re_12_of_an_older_token_only_the_last_refresh_is_known(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let second = Tokens::of(&refresh(app, &client, &tokens.refresh, Some(HERE)).await);
        app.advance(TimeDelta::hours(1));
        Tokens::of(&refresh(app, &client, &second.refresh, None).await);
        let at = app.clock.now();
        let reused = refresh(app, &client, &tokens.refresh, Some(HERE)).await;
        let expected = json!(["refresh_token_replaced", null, at, null]);
        assert_eq!(error_details(&reused), expected, "the last refresh did not identify its installation");
    }

    async fn re_13_nobody_else_learns_that_a_token_was_replaced(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        Tokens::of(&refresh(app, &client, &tokens.refresh, Some(HERE)).await);
        app.advance(TimeDelta::minutes(5));
        let other = app.client(ClientKind::Native).await;
        assert_eq!(error_details(&refresh(app, &other, &tokens.refresh, Some(HERE)).await), json!([null, null, null, null]));
        let wrong = with_another_end(&tokens.refresh);
        assert_eq!(error_details(&refresh(app, &client, &wrong, Some(HERE)).await), json!([null, null, null, null]));
    }

    async fn re_14_a_malformed_installation_id_is_named_and_uses_nothing_up(app) {
        let Session { client, tokens, .. } = app.session().await;
        for bad in ["short", &"a".repeat(129), "sixteen letters with spaces", "<script>alert(1)</script>"] {
            let answer = refresh(app, &client, &tokens.refresh, Some(bad)).await;
            assert_eq!(refusal(&answer), is(400, "invalid_request"), "{bad}");
            assert!(answer.body.contains("installation_id needs 16 to 128"), "{}", answer.body);
        }
        assert_eq!(app.stored(&tokens.session()).await.generation, 1);
        assert_eq!(refresh(app, &client, &tokens.refresh, Some("")).await.status, 200, "an empty id counts as absent");
    }
}
