//! Ended credentials are removed after `credentials.keep_ended`, and nothing else is.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use keystiled::domain::audit::Origin;
use keystiled::domain::credential::EndReason;
use keystiled::domain::time::Time;
use keystiled::services::sessions;
use keystiled::store::credentials;
use keystiled::store::ended_credentials;
use keystiled::store::sweeping::Span;
use serde_json::{Value, json};

use super::numbers;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::oauth::Session;

async fn is_there(app: &TestApp, id: &str) -> bool {
    app.count(&format!("credentials WHERE id = '{id}'")).await == 1
}

async fn events(app: &TestApp, id: &str) -> Vec<Value> {
    let log = app.owners_tool().await.get(&format!("/api/v1/audit?credential={id}")).await.json();
    log["data"].as_array().unwrap().clone()
}

/// The names in the audit log of a credential, one per event.
async fn names_in_the_log(app: &TestApp, id: &str) -> Vec<String> {
    let name = |event: &Value| event["credentialName"].as_str().unwrap_or("none").to_owned();
    events(app, id).await.iter().map(name).collect()
}

/// The same for a credential that was acted on.
async fn target_names_in_the_log(app: &TestApp, id: &str) -> Vec<String> {
    let events = events(app, id).await.into_iter().filter(|event| event["target"] == id);
    events.map(|event| event["targetName"].as_str().unwrap_or("none").to_owned()).collect()
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
        let other = revoked(app).await.tokens.session();
        // The old key works for one more hour, so it ends after the new one.
        app.advance(TimeDelta::days(400) + TimeDelta::minutes(30));
        app.sweep().await;
        assert!(is_there(app, &old_id).await && is_there(app, &new_id).await);
        assert!(!is_there(app, &other).await, "what is kept keeps nothing else");
        app.advance(TimeDelta::hours(1));
        app.sweep().await;
        app.sweep().await;
        assert!(!is_there(app, &old_id).await && !is_there(app, &new_id).await);
        assert_eq!(app.count(&format!("usage WHERE credential_id = '{old_id}'")).await, 1);
        let usage = app.owners_tool().await.get(&format!("/api/v1/usage?from={day}&to={day}&credential={old_id}")).await.json();
        assert_eq!(usage["data"][0]["mode"], "live", "{usage}");
    }

    async fn cb_12_tokens_and_the_keys_of_service_accounts_are_removed_as_well(app, |app| app.manual_clock()) {
        let tool = app.owners_tool().await;
        let account = json!({ "name": "CI", "purpose": "deploys", "role": "viewer" });
        let account = tool.made("/api/v1/service-accounts", &account).await;
        let end = (app.clock.now() + TimeDelta::days(10)).iso();
        let mut key = json!({ "name": "deploy", "mode": "test", "scopes": ["org:read"], "expiresAt": end });
        key["serviceAccount"] = account["id"].clone();
        let token = json!({ "name": "laptop", "scopes": ["org:read"], "expiresAt": end });
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let expiring = [id(&tool.key(&key).await), id(&tool.made("/api/v1/tokens", &token).await)];
        let revoked = [id(&tool.key(&key).await), id(&tool.made("/api/v1/tokens", &token).await)];
        key.as_object_mut().unwrap().remove("expiresAt");
        let for_good = json!({ "name": "laptop", "scopes": ["org:read"] });
        let live = [id(&tool.key(&key).await), id(&tool.made("/api/v1/tokens", &for_good).await)];
        for (id, path) in revoked.iter().zip(["keys", "tokens"]) {
            assert_eq!(tool.post(&format!("/api/v1/{path}/{id}/revoke"), &json!({})).await.status, 200);
        }
        let are_there = async |ids: &[String; 2]| [is_there(app, &ids[0]).await, is_there(app, &ids[1]).await];
        app.advance(TimeDelta::days(399));
        app.sweep().await;
        assert_eq!((are_there(&revoked).await, are_there(&expiring).await), ([true; 2], [true; 2]));
        app.advance(TimeDelta::days(2));
        app.sweep().await;
        assert_eq!((are_there(&revoked).await, are_there(&expiring).await), ([false; 2], [true; 2]));
        app.advance(TimeDelta::days(8));
        app.sweep().await;
        assert_eq!(are_there(&expiring).await, [true; 2], "they worked for ten days");
        app.advance(TimeDelta::days(2));
        app.sweep().await;
        assert_eq!(are_there(&expiring).await, [false; 2]);
        assert_eq!(are_there(&live).await, [true; 2], "what has no end is never removed");
        for ids in [&revoked, &expiring] {
            for (id, name) in ids.iter().zip(["deploy", "laptop"]) {
                let log = target_names_in_the_log(app, id).await;
                assert!(!log.is_empty() && log.iter().all(|known| known == name), "{log:?}");
            }
        }
    }

    async fn cb_12_what_has_ended_is_marked_and_removed_in_steps_the_oldest_first(app, |app| app.manual_clock()) {
        let session = app.session().await;
        let (org, user, client) = (&session.person.organization.id, &session.person.id, &session.client.id);
        app.execute("UPDATE credentials SET due_at = '2990-01-01T00:00:00.000000Z'").await.unwrap();
        let begin = app.clock.now();
        let at = |hours: i64| (begin + TimeDelta::hours(hours)).iso_micros();
        let columns = "(id, kind, org_id, user_id, client_id, name, scopes, created_at, ends_at, revoked_at)";
        for (name, ends, revoked) in [("late", at(3), "NULL"), ("early", at(2), "NULL"), ("gone", at(9), &format!("'{}'", at(-1)))] {
            let values = format!("SELECT 'ses_{name}' || i, 'cli_session', '{org}', '{user}', '{client}', 'n', 'org:read', '{}', '{ends}', {revoked}", at(0));
            app.execute(&format!("{} INSERT INTO credentials {columns} {values} FROM numbers", numbers(10))).await.unwrap();
        }
        let count = async |condition: &str| app.count(&format!("credentials WHERE id LIKE 'ses_%' AND name = 'n' AND {condition}")).await;
        let span = |before: i64| Span { from: Time::FIRST, before: begin + TimeDelta::hours(before), limit: 8 };
        let mark = async |span| app.inside().store.write(move |work| ended_credentials::mark_expired(work.conn, span)).await.unwrap();
        let remove = async |span| app.inside().store.write(move |work| ended_credentials::remove(work.conn, span)).await.unwrap();
        let revoked = remove(span(1)).await;
        assert_eq!((revoked.rows, count("id LIKE 'ses_gone%'").await), (8, 2));
        assert_eq!(remove(span(1)).await.rows, 2);
        assert_eq!(remove(span(1)).await.rows, 0, "what nobody has marked has not ended yet");
        assert_eq!(mark(Span { from: begin + TimeDelta::hours(1), ..span(4) }).await.rows, 0, "from where it is told to go on");
        let marked = mark(span(4)).await;
        assert_eq!((marked.rows, count("expired_at IS NOT NULL").await), (8, 8));
        assert_eq!([mark(span(4)).await.rows, mark(span(4)).await.rows, mark(span(4)).await.rows], [8, 4, 0]);
        assert_eq!(count("expired_at IS NOT NULL").await, 20);
        let first = remove(span(4)).await;
        assert_eq!((first.rows, first.to), (8, Some(begin + TimeDelta::hours(2))));
        assert_eq!((count("id LIKE 'ses_early%'").await, count("id LIKE 'ses_late%'").await), (2, 10));
        let on = |from| Span { from, ..span(4) };
        assert_eq!(remove(on(begin + TimeDelta::hours(3))).await.rows, 8, "from where it is told to go on");
        assert_eq!((count("id LIKE 'ses_early%'").await, count("id LIKE 'ses_late%'").await), (2, 2));
        assert_eq!([remove(span(4)).await.rows, remove(span(4)).await.rows], [4, 0]);
    }

    async fn cb_12_a_sweep_goes_on_until_nothing_is_left(app, |app| app.manual_clock()) {
        const ENDED: usize = 450;
        let session = app.session().await;
        let (org, user, client) = (&session.person.organization.id, &session.person.id, &session.client.id);
        let (now, end) = (app.clock.now().iso_micros(), (app.clock.now() + TimeDelta::days(1)).iso_micros());
        let columns = "(id, kind, org_id, user_id, client_id, name, scopes, created_at, idle_ends_at, ends_at)";
        let values = format!("SELECT 'ses_' || i, 'cli_session', '{org}', '{user}', '{client}', 'n', 'org:read', '{now}', '{end}', '{end}'");
        app.execute(&format!("{} INSERT INTO credentials {columns} {values} FROM numbers", numbers(ENDED))).await.unwrap();
        app.advance(TimeDelta::days(2));
        app.sweep().await;
        assert_eq!(app.count("credentials WHERE expired_at IS NOT NULL").await, 450);
        app.advance(TimeDelta::days(400));
        app.sweep().await;
        assert_eq!(app.count("credentials WHERE name = 'n'").await, 0);
        assert_eq!(app.count("removed_credentials WHERE name = 'n'").await, 450);
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

#[tokio::test]
async fn cb_12_a_sweep_waits_for_no_session_that_somebody_is_changing() {
    let app = TestApp::on(Database::postgres()).await;
    let (active, ended) = (app.session().await.tokens.session(), revoked(&app).await.tokens.session());
    let store = &app.inside().store;
    let (ready, held) = channel();
    let (release, wait) = channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let both = [active, ended];
    let holder = store.write(move |work| {
        both.iter().try_for_each(|id| credentials::lock(work.conn, id).map(drop))?;
        ready.send(()).unwrap();
        wait.lock().unwrap().recv().ok();
        Ok(())
    });
    let before = app.clock.now() + TimeDelta::days(1000);
    let span = Span { from: Time::FIRST, before, limit: 10 };
    let rows = async || {
        let mark =
            store.write(move |work| ended_credentials::mark_expired(work.conn, span)).await.unwrap().rows;
        let removed = store.write(move |work| ended_credentials::remove(work.conn, span)).await.unwrap().rows;
        (mark, removed)
    };
    let sweeping = async {
        tokio::task::spawn_blocking(move || held.recv().unwrap()).await.unwrap();
        let swept = tokio::time::timeout(Duration::from_secs(20), rows()).await;
        release.send(()).unwrap();
        assert_eq!(swept.ok(), Some((0, 0)), "it waits");
    };
    let (held, ()) = tokio::join!(holder, sweeping);
    held.unwrap();
    // By then the other one has ended too.
    assert_eq!(rows().await, (1, 2));
    app.stop().await;
}
