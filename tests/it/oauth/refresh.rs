//! Refresh tokens: each works once, and reuse of a stolen one ends the session.

use chrono::TimeDelta;
use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::client::ClientKind;
use keystiled::domain::credential::EndReason;
use keystiled::services::accounts;
use keystiled::store::memberships;
use serde_json::json;

use super::{is, refusal};
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::oauth::{Session, Tokens, with_another_end};

const REUSE: &str = "session.refresh_reuse";

both_engines! {
    async fn rt_01_a_token_works_once_and_its_reuse_ends_the_session(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let second = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        assert!(second.access != tokens.access && second.refresh != tokens.refresh);
        assert_eq!(app.whoami(&second.access).await.status, 200);
        app.advance(TimeDelta::seconds(60));
        assert_eq!(refusal(&app.refresh(&client, &tokens.refresh).await), is(400, "invalid_grant"));
        assert_eq!(refusal(&app.refresh(&client, &second.refresh).await), is(400, "invalid_grant"));
        for access in [&tokens.access, &second.access] {
            assert_eq!((app.whoami(access).await.status, app.userinfo(access).await.status), (401, 401));
        }
        assert_eq!(app.audited(REUSE).await, 1);
        let stored = app.stored(&tokens.session()).await;
        assert_eq!(stored.revoked_reason, Some(EndReason::RefreshReuse));
    }

    async fn rt_02_fifty_parallel_refreshes_have_one_successor(app) {
        let Session { client, tokens, .. } = app.session().await;
        let answers = at_once(50, |_| app.refresh(&client, &tokens.refresh));
        let given: Vec<Tokens> = answers.iter().map(Tokens::of).collect();
        assert!(given.iter().all(|one| one.refresh == given[0].refresh), "one successor");
        assert_eq!(app.stored(&tokens.session()).await.generation, 2);
        assert_eq!((app.count("credentials").await, app.audited(REUSE).await), (1, 0));
        assert_eq!(app.refresh(&client, &given[0].refresh).await.status, 200);
    }

    async fn rt_03_a_lost_answer_can_be_asked_for_again_for_a_minute(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let lost = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        app.advance(TimeDelta::seconds(59));
        let again = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        assert_eq!(again.refresh, lost.refresh);
        assert_eq!((app.stored(&tokens.session()).await.generation, app.audited(REUSE).await), (2, 0));
        app.advance(TimeDelta::seconds(1));
        assert_eq!(refusal(&app.refresh(&client, &tokens.refresh).await), is(400, "invalid_grant"));
        assert_eq!(app.audited(REUSE).await, 1);
    }

    async fn rt_04_once_the_successor_was_used_the_old_token_is_reuse_at_any_time(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let second = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        let third = Tokens::of(&app.refresh(&client, &second.refresh).await);
        assert_eq!(refusal(&app.refresh(&client, &tokens.refresh).await), is(400, "invalid_grant"));
        assert_eq!(app.whoami(&third.access).await.status, 401);
        assert_eq!(app.audited(REUSE).await, 1);
    }

    async fn rt_05_without_a_grace_every_second_use_is_reuse(app, |app| app.with("KEYSTILE_TOKENS__REFRESH_GRACE", "0s")) {
        let Session { client, tokens, .. } = app.session().await;
        let second = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        assert_eq!(refusal(&app.refresh(&client, &tokens.refresh).await), is(400, "invalid_grant"));
        assert_eq!((app.whoami(&second.access).await.status, app.audited(REUSE).await), (401, 1));
    }

    async fn rt_06_another_client_gets_nothing_and_harms_nobody(app) {
        let Session { client, tokens, .. } = app.session().await;
        for kind in [ClientKind::Native, ClientKind::Confidential] {
            let other = app.client(kind).await;
            assert_eq!(refusal(&app.refresh(&other, &tokens.refresh).await), is(400, "invalid_grant"));
        }
        let form = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
        assert_eq!(refusal(&app.anonymous().post("/oauth/token", &form).await), is(401, "invalid_client"));
        assert_eq!(app.audited("session.foreign_client").await, 2);
        assert_eq!(app.stored(&tokens.session()).await.generation, 1);
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 200);
    }

    async fn cb_07_a_foreign_client_is_recorded_ten_times_an_hour_at_most(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let other = app.client(ClientKind::Native).await;
        for recorded in [10, 20] {
            for _ in 0..15 {
                assert_eq!(refusal(&app.refresh(&other, &tokens.refresh).await), is(400, "invalid_grant"));
            }
            assert_eq!(app.audited("session.foreign_client").await, recorded);
            app.advance(TimeDelta::hours(1));
        }
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 200);
    }

    async fn rt_07_a_wrong_secret_uses_nothing_up(app) {
        let client = app.client(ClientKind::Confidential).await;
        let Session { tokens, .. } = app.session_of(&client, &app.owner().await).await;
        let mut wrong = client.clone();
        wrong.secret = Some("guessed".to_owned());
        assert_eq!(refusal(&app.refresh(&wrong, &tokens.refresh).await), is(401, "invalid_client"));
        wrong.secret = None;
        assert_eq!(refusal(&app.refresh(&wrong, &tokens.refresh).await), is(401, "invalid_client"));
        assert_eq!(app.stored(&tokens.session()).await.generation, 1);
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 200);
    }

    async fn rt_08_a_refresh_narrows_its_access_token_and_never_widens_the_session(app) {
        let Session { client, tokens, .. } = app.session().await;
        let refresh = async |token: &str, scope: &str| {
            let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
            app.client_post(&client, "/oauth/token", &form).await
        };
        let wider = refresh(&tokens.refresh, "openid deployments:delete").await;
        assert_eq!(refusal(&wider), is(400, "invalid_scope"));
        assert_eq!(app.stored(&tokens.session()).await.generation, 1);
        let narrow = Tokens::of(&refresh(&tokens.refresh, "openid").await);
        assert_eq!((narrow.body["scope"].as_str(), &narrow.claims()["scope"]), (Some("openid"), &json!("openid")));
        let full = Tokens::of(&app.refresh(&client, &narrow.refresh).await);
        assert_eq!(full.body["scope"], tokens.body["scope"]);
    }

    async fn rt_09_a_resource_that_was_not_granted_uses_nothing_up(app) {
        let Session { client, tokens, .. } = app.session().await;
        for resource in ["https://elsewhere.example", "foo", &format!("{}#a", app.issuer())] {
            let form =
                [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), ("resource", resource)];
            let answer = app.client_post(&client, "/oauth/token", &form).await;
            assert_eq!(refusal(&answer), is(400, "invalid_target"), "{resource}");
        }
        assert_eq!(app.stored(&tokens.session()).await.generation, 1);
    }

    async fn rt_10_a_session_expires_when_unused_and_after_a_year(app, |app| app.manual_clock()) {
        let unused = app.session().await;
        let Session { client, mut tokens, .. } = app.session().await;
        for _ in 0..8 {
            app.advance(TimeDelta::days(45));
            tokens = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        }
        assert_eq!(refusal(&app.refresh(&unused.client, &unused.tokens.refresh).await), is(400, "invalid_grant"));
        app.advance(TimeDelta::days(5) - TimeDelta::seconds(1));
        tokens = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        assert_eq!(tokens.body["expires_in"], json!(1), "an access token does not outlive its session");
        app.advance(TimeDelta::seconds(1));
        assert_eq!(refusal(&app.refresh(&client, &tokens.refresh).await), is(400, "invalid_grant"));
        assert_eq!(app.whoami(&tokens.access).await.status, 401);
    }

    async fn rt_11_whatever_ends_the_right_to_act_ends_the_session(app) {
        let client = app.client(ClientKind::Native).await;
        let (disabled, left) = (app.member("member").await, app.member("member").await);
        let signed_out = app.session().await;
        let of_disabled = app.session_of(&client, &disabled).await;
        let of_left = app.session_of(&client, &left).await;
        let removed = app.session().await;

        let form = [("token", signed_out.tokens.refresh.as_str())];
        assert_eq!(app.client_post(&signed_out.client, "/oauth/revoke", &form).await.status, 200);
        let sql = format!("UPDATE users SET disabled_at = created_at WHERE id = '{}'", disabled.id);
        app.execute(&sql).await.unwrap();
        let id = removed.client.id.clone();
        app.inside().store.write(move |work| {
            memberships::remove(work.conn, &left.organization.id, &left.id)?;
            accounts::remove_client(work, &id, &Actor::Operator, &Origin::default())
        }).await.unwrap();

        for session in [&signed_out, &of_disabled, &of_left] {
            let answer = app.refresh(&session.client, &session.tokens.refresh).await;
            assert_eq!(refusal(&answer), is(400, "invalid_grant"));
        }
        assert_eq!(refusal(&app.refresh(&removed.client, &removed.tokens.refresh).await), is(401, "invalid_client"));
        for session in [signed_out, of_disabled, of_left, removed] {
            assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        }
    }

    async fn rt_13_the_database_holds_no_refresh_token(app) {
        let Session { client, tokens, .. } = app.session().await;
        let next = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        for token in [&tokens.refresh, &next.refresh, &next.access] {
            assert!(!app.holds(token).await);
        }
        assert!(tokens.refresh.starts_with("keystile_rt_"), "secret scanners recognize the prefix");
        let changed = with_another_end(&tokens.refresh);
        assert_eq!(refusal(&app.refresh(&client, &changed).await), is(400, "invalid_grant"));
    }

    async fn rt_14_access_and_refresh_tokens_are_not_interchangeable(app) {
        let Session { client, tokens, .. } = app.session().await;
        assert_eq!(app.whoami(&tokens.refresh).await.status, 401);
        assert_eq!(app.userinfo(&tokens.refresh).await.status, 401);
        let id_token = tokens.body["id_token"].as_str().unwrap();
        for token in [tokens.access.as_str(), id_token, "x", "keystile_rt_"] {
            assert_eq!(refusal(&app.refresh(&client, token).await), is(400, "invalid_grant"));
        }
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 200);
    }

    async fn rt_16_a_clock_that_is_set_back_revives_nothing(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let second = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        app.advance(TimeDelta::minutes(2));
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 400);
        app.advance(TimeDelta::hours(-1));
        for token in [&tokens.refresh, &second.refresh] {
            assert_eq!(refusal(&app.refresh(&client, token).await), is(400, "invalid_grant"));
        }
        assert_eq!(app.whoami(&second.access).await.status, 401);

        let other = app.session().await;
        let next = Tokens::of(&app.refresh(&other.client, &other.tokens.refresh).await);
        app.advance(TimeDelta::minutes(-9));
        let replay = app.refresh(&other.client, &other.tokens.refresh).await;
        assert_eq!(replay.status, 503, "the grace is not 9 minutes longer, and a wrong clock proves no reuse");
        app.advance(TimeDelta::minutes(-51));
        let replay = app.refresh(&other.client, &other.tokens.refresh).await;
        assert_eq!(refusal(&replay), is(400, "invalid_grant"), "the client must not have to wait for an hour");
        assert_eq!(app.refresh(&other.client, &next.refresh).await.status, 200);
    }

    async fn rt_17_thief_and_owner_both_lose_a_stolen_token(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let thief = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
        app.advance(TimeDelta::hours(1));
        assert_eq!(refusal(&app.refresh(&client, &tokens.refresh).await), is(400, "invalid_grant"));
        assert_eq!(refusal(&app.refresh(&client, &thief.refresh).await), is(400, "invalid_grant"));
        assert_eq!(app.whoami(&thief.access).await.status, 401);
        assert_eq!(app.audited(REUSE).await, 1, "one notice");
    }
}
