//! Refresh tokens of unknown generations, after the database was restored from an older backup.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use futures_util::future::join_all;
use keystiled::domain::audit::Actor;
use keystiled::domain::client::ClientKind;
use keystiled::domain::credential::EndReason;
use keystiled::keys::master::MasterKey;
use keystiled::keys::refresh_token::{self, Version};
use keystiled::services::recovery;
use keystiled::store::memberships;
use serde_json::{Value, json};

use super::{is, refusal};
use crate::support::app::{Builder, TestApp};
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::oauth::{Session, Tokens};
use crate::support::postgres::OwnDatabase;

const AHEAD: &str = "session.ahead";

/// A session that was refreshed to generation 5 before the database was reset to generation 2.
struct Restored {
    session: Session,
    /// The token of the honest tool.
    newest: String,
    /// The token of generation 2, which the restored database considers current.
    stale: String,
}

async fn restored(app: &TestApp) -> Restored {
    let session = app.session().await;
    let mut tokens = vec![session.tokens.refresh.clone()];
    while tokens.len() < 5 {
        let last = tokens.last().unwrap();
        tokens.push(Tokens::of(&app.refresh(&session.client, last).await).refresh);
    }
    set_generation(app, &session.tokens.session(), 2).await;
    Restored { session, newest: tokens.remove(4), stale: tokens.remove(1) }
}

async fn set_generation(app: &TestApp, session: &str, generation: i64) {
    let sql = format!("UPDATE credentials SET generation = {generation} WHERE id = '{session}'");
    assert_eq!(app.execute(&sql).await, Ok(1));
}

async fn open(app: &TestApp, length: TimeDelta) {
    app.inside().store.write(move |work| recovery::open(work, length, &Actor::Operator)).await.unwrap();
}

/// Outcome and details of all `session.ahead` events in the first organization.
async fn ahead(app: &TestApp) -> Vec<(String, Value)> {
    let chain = app.owner().await.organization.id;
    let events = app.events_of(&chain).await;
    let ahead = events.into_iter().filter(|event| event.action == AHEAD);
    ahead.map(|event| (event.outcome, serde_json::from_str(&event.details).unwrap())).collect()
}

fn numbers(presented: i64, current: i64) -> Value {
    json!({ "presented_generation": presented, "current_generation": current })
}

both_engines! {
    async fn re_01_while_a_recovery_is_open_a_session_advances(app) {
        let Restored { session, newest, .. } = restored(app).await;
        let accepted = app.operate(&["restore", "accept", "--forward"]).await;
        assert!(accepted["ends_at"].is_string());
        let next = Tokens::of(&app.refresh(&session.client, &newest).await);
        assert_eq!(app.whoami(&next.access).await.status, 200);
        assert_eq!(app.stored(&session.tokens.session()).await.generation, 6);
        assert_eq!(ahead(app).await, [("success".to_owned(), numbers(5, 2))]);
        let status = app.operate(&["restore", "status"]).await;
        assert_eq!((&status["open"], &status["sessions_moved_forward"], &status["sessions_ended"]), (&json!(true), &json!(1), &json!(0)));
        // From then on, the session behaves like any other.
        let again = Tokens::of(&app.refresh(&session.client, &newest).await);
        assert_eq!(again.refresh, next.refresh, "a lost answer");
        assert_eq!(app.refresh(&session.client, &next.refresh).await.status, 200);
    }

    async fn re_02_without_a_recovery_a_token_from_the_future_ends_its_session(app) {
        let Restored { session, newest, stale } = restored(app).await;
        let other = app.session().await;
        assert_eq!(refusal(&app.refresh(&session.client, &newest).await), is(400, "invalid_grant"));
        assert_eq!(refusal(&app.refresh(&session.client, &stale).await), is(400, "invalid_grant"));
        assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        let stored = app.stored(&session.tokens.session()).await;
        assert_eq!((stored.generation, stored.revoked_reason), (2, Some(EndReason::Ahead)));
        assert_eq!(ahead(app).await, [("refused".to_owned(), numbers(5, 2))]);
        let status = app.operate(&["restore", "status"]).await;
        assert_eq!((&status["open"], &status["sessions_moved_forward"], &status["sessions_ended"]), (&json!(false), &json!(0), &json!(1)));
        assert_eq!(app.refresh(&other.client, &other.tokens.refresh).await.status, 200, "nobody else");
    }

    async fn re_03_a_recovery_ends_by_itself_and_when_it_is_closed(app, |app| app.manual_clock()) {
        let (in_time, late) = (restored(app).await, restored(app).await);
        open(app, TimeDelta::hours(24)).await;
        app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
        assert_eq!(app.refresh(&in_time.session.client, &in_time.newest).await.status, 200);
        app.advance(TimeDelta::seconds(1));
        assert_eq!(refusal(&app.refresh(&late.session.client, &late.newest).await), is(400, "invalid_grant"));

        let closed = restored(app).await;
        open(app, TimeDelta::hours(24)).await;
        assert!(app.inside().store.write(|work| recovery::close(work, &Actor::Operator)).await.unwrap());
        assert!(!app.inside().store.write(|work| recovery::close(work, &Actor::Operator)).await.unwrap());
        assert_eq!(refusal(&app.refresh(&closed.session.client, &closed.newest).await), is(400, "invalid_grant"));
        let recorded = app.audit_of("instance").await;
        let count = |action: &str| recorded.iter().filter(|known| *known == action).count();
        assert_eq!((count("recovery.opened"), count("recovery.closed")), (2, 1));
    }

    async fn re_04_a_thief_with_an_older_token_ends_the_session_whoever_comes_first(app, |app| app.manual_clock()) {
        // If the honest tool is first, the thief's token is an old one.
        let Restored { session, newest, stale } = restored(app).await;
        open(app, TimeDelta::hours(1)).await;
        let next = Tokens::of(&app.refresh(&session.client, &newest).await);
        assert_eq!(refusal(&app.refresh(&session.client, &stale).await), is(400, "invalid_grant"));
        assert_eq!(app.audited("session.refresh_reuse").await, 1);
        assert_eq!(refusal(&app.refresh(&session.client, &next.refresh).await), is(400, "invalid_grant"));

        // If the thief is first, the tool's token still advances the session, and the thief's next use ends it.
        let Restored { session, newest, stale } = restored(app).await;
        let stolen = Tokens::of(&app.refresh(&session.client, &stale).await);
        Tokens::of(&app.refresh(&session.client, &newest).await);
        assert_eq!(refusal(&app.refresh(&session.client, &stolen.refresh).await), is(400, "invalid_grant"));
        assert_eq!(app.audited("session.refresh_reuse").await, 2);
    }

    async fn re_05_a_forged_generation_changes_nothing(app) {
        let Restored { session, .. } = restored(app).await;
        open(app, TimeDelta::hours(1)).await;
        let id = session.tokens.session();
        let forged = refresh_token::make(&app.inside().master, "keystile", &id, 9, &[7; 32]);
        assert_eq!(refusal(&app.refresh(&session.client, forged.expose()).await), is(400, "invalid_grant"));
        let stored = app.stored(&id).await;
        assert_eq!((stored.generation, stored.revoked_at), (2, None));
        assert_eq!(ahead(app).await, []);
    }

    async fn re_06_version_1_tokens_are_accepted_but_never_advance_a_session(app) {
        let Session { client, tokens, .. } = app.session().await;
        let id = tokens.session();
        let seed = app.stored(&id).await.seed.unwrap();
        let first = |generation| {
            refresh_token::make_version(Version::First, &app.inside().master, "keystile", &id, generation, &seed)
        };
        let next = Tokens::of(&app.refresh(&client, first(1).expose()).await);
        assert_eq!(app.stored(&id).await.generation, 2);
        let again = Tokens::of(&app.refresh(&client, first(1).expose()).await);
        assert_eq!(again.refresh, next.refresh, "a lost response can be repeated with it too");
        let next = Tokens::of(&app.refresh(&client, &next.refresh).await);

        open(app, TimeDelta::hours(1)).await;
        assert_eq!(refusal(&app.refresh(&client, first(9).expose()).await), is(400, "invalid_grant"));
        assert_eq!(ahead(app).await, [("refused".to_owned(), numbers(9, 3))]);
        assert_eq!(app.whoami(&next.access).await.status, 401);
    }

    async fn re_07_a_copy_under_another_public_url_makes_no_token_that_counts_here(app) {
        let text = std::fs::read_to_string(app.data_dir().join("master.key")).unwrap();
        let bytes: [u8; 32] = STANDARD.decode(text.trim()).unwrap().try_into().unwrap();
        let [ours, theirs] = [app.issuer(), "https://staging.example"].map(|issuer| MasterKey::new(&bytes, issuer));
        let Session { client, tokens, .. } = app.session().await;
        let id = tokens.session();
        let seed = app.stored(&id).await.seed.unwrap();
        open(app, TimeDelta::hours(1)).await;
        for generation in [1, 2, 7] {
            let theirs = refresh_token::make(&theirs, "keystile", &id, generation, &seed);
            assert_eq!(refusal(&app.refresh(&client, theirs.expose()).await), is(400, "invalid_grant"));
        }
        let stored = app.stored(&id).await;
        assert_eq!((stored.generation, stored.revoked_at), (1, None), "nothing has changed");
        let current = refresh_token::make(&ours, "keystile", &id, 1, &seed);
        assert_eq!(current.expose(), tokens.refresh);
        assert_eq!(app.refresh(&client, &tokens.refresh).await.status, 200);
    }

    async fn re_08_sessions_that_cannot_be_refreshed_do_not_advance(app) {
        let one = restored(app).await;
        open(app, TimeDelta::hours(1)).await;
        let id = one.session.tokens.session();
        let org = one.session.person.organization.id.clone();
        let stranger = app.client(ClientKind::Native).await;
        assert_eq!(refusal(&app.refresh(&stranger, &one.newest).await), is(400, "invalid_grant"));
        let switch = |on: bool| format!("UPDATE organizations SET personal_tokens = {on} WHERE id = '{org}'");
        app.execute(&switch(false)).await.unwrap();
        assert_eq!(refusal(&app.refresh(&one.session.client, &one.newest).await), is(403, "access_denied"));
        app.execute(&switch(true)).await.unwrap();
        let stored = app.stored(&id).await;
        assert_eq!((stored.generation, stored.revoked_at), (2, None));
        assert_eq!(app.refresh(&one.session.client, &one.newest).await.status, 200);

        let gone = restored(app).await;
        let (org, user) = (gone.session.person.organization.id.clone(), gone.session.person.id.clone());
        app.inside().store.write(move |work| memberships::remove(work.conn, &org, &user)).await.unwrap();
        assert_eq!(refusal(&app.refresh(&gone.session.client, &gone.newest).await), is(400, "invalid_grant"));
        assert_eq!(app.stored(&gone.session.tokens.session()).await.generation, 2);
    }

    async fn re_09_the_operator_opens_and_closes_a_recovery_and_is_told_what_is_wrong(app) {
        assert_eq!(app.keystiled(&["restore", "accept"]).await.code, Some(2), "an argument is required");
        for (length, said) in [("8d", "is not between 0 and 7 days"), ("0s", "needs a duration of more than 0s"), ("x", "Write a whole number")] {
            let ran = app.keystiled(&["restore", "accept", "--forward", "--for", length]).await;
            assert_eq!((ran.code, ran.stderr.contains(said)), (Some(1), true), "{}", ran.stderr);
            assert!(!ran.stderr.contains(".."), "{}", ran.stderr);
        }
        assert_eq!(app.operate(&["restore", "status"]).await["ends_at"], Value::Null);
        app.operate(&["restore", "accept", "--forward", "--for", "2h"]).await;
        assert_eq!(app.operate(&["restore", "status"]).await["open"], true);
        assert_eq!(app.operate(&["restore", "close"]).await["closed"], true);
        assert_eq!(app.operate(&["restore", "status"]).await["open"], false);
        assert_eq!(app.operate(&["restore", "close"]).await["closed"], false);
    }

    async fn re_10_of_concurrent_refreshes_one_advances_the_session(app) {
        let Restored { session, newest, .. } = restored(app).await;
        open(app, TimeDelta::hours(1)).await;
        let answers = at_once(30, |_| app.refresh(&session.client, &newest));
        let given: Vec<Tokens> = answers.iter().map(Tokens::of).collect();
        assert!(given.iter().all(|one| one.refresh == given[0].refresh), "one successor");
        assert_eq!(app.stored(&session.tokens.session()).await.generation, 6);
        assert_eq!(ahead(app).await.len(), 1);
        assert_eq!(app.refresh(&session.client, &given[0].refresh).await.status, 200);
    }
}

#[tokio::test]
async fn re_10_of_concurrent_refreshes_on_two_nodes_one_advances_the_session() {
    let database = OwnDatabase::new("");
    let on_it = |node: Builder| node.with("KEYSTILE_DATABASE_URL", &database.url());
    let one = on_it(Builder::on(Database::sqlite())).start().await;
    let other = on_it(one.another_node()).start().await;
    let Restored { session, newest, .. } = restored(&one).await;
    open(&one, TimeDelta::hours(1)).await;
    let id = session.tokens.session();
    // All requests wait for the session before any has changed it.
    let held = database.in_transaction(&format!("SELECT 1 FROM credentials WHERE id = '{id}' FOR UPDATE"));
    let release = async {
        database.until_waiting(4).await;
        drop(held);
    };
    let requests = [&one, &other, &one, &other].map(|node| node.refresh(&session.client, &newest));
    let (answers, ()) = tokio::join!(join_all(requests), release);
    let given: Vec<Tokens> = answers.iter().map(Tokens::of).collect();
    assert!(given.iter().all(|one| one.refresh == given[0].refresh), "one successor");
    assert_eq!(one.stored(&id).await.generation, 6);
    assert_eq!(ahead(&one).await.len(), 1);
    assert_eq!(other.refresh(&session.client, &given[0].refresh).await.status, 200);
    other.stop().await;
    one.stop().await;
}
