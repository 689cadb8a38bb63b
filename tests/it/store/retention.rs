//! Ended credentials are removed after `credentials.keep_ended`, and nothing else is.

use chrono::TimeDelta;
use keystiled::domain::audit::Origin;
use keystiled::domain::credential::EndReason;
use keystiled::domain::time::Time;
use keystiled::services::sessions;
use keystiled::store::credentials;
use keystiled::store::ended_credentials;
use keystiled::store::sweeping::Span;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::oauth::Session;

async fn is_there(app: &TestApp, id: &str) -> bool {
    app.count(&format!("credentials WHERE id = '{id}'")).await == 1
}

/// The names in the audit log of a credential, one per event.
async fn names_in_the_log(app: &TestApp, id: &str) -> Vec<String> {
    let log = app.owners_tool().await.get(&format!("/api/v1/audit?credential={id}")).await.json();
    let name = |event: &Value| event["credentialName"].as_str().unwrap_or("none").to_owned();
    log["data"].as_array().unwrap().iter().map(name).collect()
}

async fn revoked(app: &TestApp) -> Session {
    let session = app.session().await;
    let gone = app.client_post(&session.client, "/oauth/revoke", &[("token", &session.tokens.refresh)]).await;
    assert_eq!(gone.status, 200);
    session
}

both_engines! {
    async fn cb_12_a_session_is_removed_so_long_after_it_was_revoked_and_the_log_still_names_it(app, |app| app.manual_clock()) {
        let session = revoked(app).await;
        let id = session.tokens.session();
        let before = names_in_the_log(app, &id).await;
        assert!(before.len() >= 2 && before.iter().all(|name| name == "Fred"), "{before:?}");
        app.advance(TimeDelta::days(399));
        app.sweep().await;
        assert!(is_there(app, &id).await);
        app.advance(TimeDelta::days(2));
        app.sweep().await;
        assert!(!is_there(app, &id).await);
        assert_eq!(names_in_the_log(app, &id).await, before);
        let gone = app.refresh(&session.client, &session.tokens.refresh).await;
        let unknown = app.refresh(&session.client, "keystile_rt_unknown").await;
        assert_eq!((gone.status, gone.json()), (unknown.status, unknown.json()));
        assert_eq!(gone.json()["error"], "invalid_grant");
        assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        let owner = app.browser_of(&session.person).await;
        for path in [format!("/cli-sessions/{id}/end"), format!("/cli-sessions/{id}/rename")] {
            assert_eq!(owner.get(&path).await.status, 404, "{path}");
        }
    }

    async fn cb_12_a_session_that_ended_by_itself_is_removed_so_long_after_its_end(app, |app| app.manual_clock()) {
        let id = app.session().await.tokens.session();
        app.advance(TimeDelta::days(90 + 399));
        app.sweep().await;
        assert!(is_there(app, &id).await);
        app.advance(TimeDelta::days(2));
        app.sweep().await;
        assert!(!is_there(app, &id).await);
    }

    async fn cb_12_the_setting_says_how_long(app, |app| app.manual_clock().with("KEYSTILE_CREDENTIALS__KEEP_ENDED", "2d")) {
        let id = revoked(app).await.tokens.session();
        app.advance(TimeDelta::hours(47));
        app.sweep().await;
        assert!(is_there(app, &id).await);
        app.advance(TimeDelta::hours(2));
        app.sweep().await;
        assert!(!is_there(app, &id).await);
    }

    async fn cb_12_a_session_in_use_is_put_off_and_its_old_tokens_still_end_it(app, |app| app.manual_clock()) {
        let session = app.session().await;
        let id = session.tokens.session();
        let due = |days: i64| format!("credentials WHERE id = '{id}' AND due_at = '{}'", (app.clock.now() + TimeDelta::days(days)).iso_micros());
        let until = due(90);
        app.advance(TimeDelta::minutes(59));
        app.sweep().await;
        assert_eq!(app.count(&until).await, 0, "the sweep writes nothing for a session younger than an hour");
        app.advance(TimeDelta::minutes(2));
        app.sweep().await;
        assert_eq!(app.count(&until).await, 1);
        app.advance(TimeDelta::days(60));
        let until = due(90);
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 200);
        app.advance(TimeDelta::days(40));
        app.sweep().await;
        assert_eq!(app.count("credentials WHERE expired_at IS NOT NULL").await, 0);
        assert_eq!(app.count(&until).await, 1);
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 400);
        assert_eq!(app.stored(&id).await.revoked_reason, Some(EndReason::RefreshReuse));
    }

    async fn cb_12_a_key_is_removed_after_the_one_that_it_replaced(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let old = tool.key(&json!({ "name": "deploy", "mode": "live", "scopes": ["org:read"] })).await;
        assert_eq!(app.holder(&old).get("/api/v1/whoami").await.status, 200);
        tool.uses_of(&old, 1).await;
        let (old_id, day) = (old["id"].as_str().unwrap().to_owned(), app.clock.now().day());
        // The sweep puts off a key without an end forever, until a rotation gives it one.
        app.advance(TimeDelta::hours(2));
        app.sweep().await;
        let far = format!("credentials WHERE id = '{old_id}' AND due_at > '9000-01-01T00:00:00.000000Z'");
        assert_eq!(app.count(&far).await, 1);
        let path = format!("/api/v1/keys/{old_id}/rotate");
        let new = tool.made(&path, &json!({ "overlapSeconds": 3600 })).await;
        let new_id = new["id"].as_str().unwrap().to_owned();
        assert_eq!(tool.post(&format!("/api/v1/keys/{new_id}/revoke"), &json!({})).await.status, 200);
        // The old key works for one more hour, so it ends after the new one.
        app.advance(TimeDelta::days(400) + TimeDelta::minutes(30));
        app.sweep().await;
        assert!(is_there(app, &old_id).await && is_there(app, &new_id).await);
        app.advance(TimeDelta::hours(1));
        app.sweep().await;
        app.sweep().await;
        assert!(!is_there(app, &old_id).await && !is_there(app, &new_id).await);
        assert_eq!(app.count(&format!("usage WHERE credential_id = '{old_id}'")).await, 1);
        let usage = app.owners_tool().await.get(&format!("/api/v1/usage?from={day}&to={day}&credential={old_id}")).await.json();
        assert_eq!(usage["data"][0]["mode"], "live", "{usage}");
    }

    async fn cb_12_codes_and_device_requests_do_not_keep_their_sessions(app, |app| app.manual_clock()) {
        let id = revoked(app).await.tokens.session();
        assert_eq!(app.count(&format!("authorization_codes WHERE credential_id = '{id}'")).await, 1);
        let span = Span { from: Time::FIRST, before: app.clock.now() + TimeDelta::hours(1), limit: 10 };
        let removed = app.inside().store.write(move |work| ended_credentials::remove(work.conn, span));
        assert_eq!(removed.await.unwrap().rows, 1);
        assert!(!is_there(app, &id).await);
    }

    async fn cb_12_an_expiry_mark_of_a_wrong_clock_has_no_effect(app) {
        let session = app.session().await;
        let wrong = || app.execute("UPDATE credentials SET expired_at = '2020-01-01T00:00:00.000000Z'");
        wrong().await.unwrap();
        app.sweep().await;
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 200);
        let (org, user) = (session.person.organization.id.clone(), session.person.id.clone());
        let ended = app.inside().store.write(move |work| sessions::end_all(work, &org, &user, &Origin::default()));
        assert_eq!(ended.await.unwrap(), 1);
        app.session().await;
        wrong().await.unwrap();
        let org = session.person.organization.id.clone();
        let ended = app.inside().store.write(move |work| {
            credentials::revoke_personal(work.conn, &org, work.now, EndReason::RevokedByAdmin)
        });
        assert_eq!(ended.await.unwrap().len(), 1);
    }
}
