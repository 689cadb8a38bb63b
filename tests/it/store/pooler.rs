//! PostgreSQL behind PgBouncer in transaction mode.

use std::sync::mpsc;
use std::time::Duration;

use keystiled::config::Pooler;
use keystiled::domain::client::ClientKind;
use keystiled::store::{self, DatabaseLocation};
use serde_json::json;

use crate::support::app::Builder;
use crate::support::at_once::at_once;
use crate::support::database::Database;
use crate::support::failover::PgBouncer;
use crate::support::oauth::Tokens;
use crate::support::postgres::{OwnDatabase, value};

const TRANSACTION: (&str, &str) = ("KEYSTILE_DATABASE__POOLER", "transaction");

#[tokio::test]
async fn cc_02_everything_works_where_each_transaction_has_another_session() {
    let database = OwnDatabase::new("");
    let pgbouncer = PgBouncer::start(database.host(), true);
    let url = pgbouncer.url(&database.url());
    let on_it = |app: Builder| app.with("KEYSTILE_DATABASE_URL", &url).with(TRANSACTION.0, TRANSACTION.1);
    let app = on_it(Builder::on(Database::sqlite())).start().await;
    let client = app.client(ClientKind::Native).await;
    let owner = app.owner().await;
    let browser = app.browser_of(&owner).await;
    let mut sessions = Vec::new();
    for _ in 0..6 {
        sessions.push(app.session_in(&browser, &client, &owner).await);
    }
    let tool = app.owners_tool().await;
    let key = app.holder(&tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await);
    at_once(6, async |number| {
        let mut refresh_token = sessions[number].tokens.refresh.clone();
        for _ in 0..5 {
            refresh_token = Tokens::of(&app.refresh(&client, &refresh_token).await).refresh;
            assert_eq!(key.get("/api/v1/verify").await.status, 200);
            assert_eq!(app.browser_of(&owner).await.get("/cli-sessions").await.status, 200);
        }
    });
    for setting in ["statement_timeout", "lock_timeout", "enable_seqscan"] {
        let left = value(&url, &format!("current_setting('{setting}')"));
        assert_eq!(left, value(&database.url(), &format!("current_setting('{setting}')")), "{setting}");
    }
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(value(&database.url(), locks), "0", "no lock stays in a session of the pooler");
    let other = on_it(app.another_node()).start().await;
    assert_eq!(
        other.refresh(&client, &sessions[0].tokens.refresh).await.status,
        400,
        "the session was rotated five times"
    );
    other.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn cc_02_a_pooler_in_transaction_mode_is_noticed_at_the_start() {
    let database = OwnDatabase::new("");
    let pgbouncer = PgBouncer::start(database.host(), false);
    let url = pgbouncer.url(&database.url());
    let refused = OwnDatabase::migrate(&url, &[]).unwrap_err();
    assert!(refused.contains("a pooler in transaction mode is in front of PostgreSQL"), "{refused}");
    assert!(refused.contains("KEYSTILE_DATABASE__POOLER=transaction"), "{refused}");
    OwnDatabase::migrate(&url, &[TRANSACTION]).unwrap();
    OwnDatabase::migrate(&database.url(), &[]).unwrap();
}

#[tokio::test]
async fn cc_02_a_leftover_migration_lock_is_reported_and_blocks_no_migrated_server() {
    let migrated = OwnDatabase::new("");
    OwnDatabase::migrate(&migrated.url(), &[]).unwrap();
    for (database, patience) in
        [(&migrated, Duration::from_secs(20)), (&OwnDatabase::new(""), Duration::from_millis(300))]
    {
        let (held, is_held) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let url = database.url();
        let holder = std::thread::spawn(move || {
            use diesel::prelude::*;
            let mut conn = PgConnection::establish(&url).unwrap();
            diesel::sql_query("SELECT pg_advisory_lock(7738725071487331429)").execute(&mut conn).unwrap();
            held.send(()).unwrap();
            released.recv().ok();
        });
        is_held.recv().unwrap();
        let place = DatabaseLocation::Server { url: database.url(), pooler: Pooler::Session };
        let done = store::migrate(&place, patience);
        if patience > Duration::from_secs(1) {
            assert_eq!(done.unwrap(), Vec::<String>::new());
        } else {
            let error = done.unwrap_err().to_string();
            assert!(error.contains("still holds the lock for migrations"), "{error}");
            assert!(error.contains("SELECT pg_terminate_backend("), "{error}");
        }
        drop(release);
        holder.join().unwrap();
        if patience < Duration::from_secs(1) {
            assert!(!store::migrate(&place, patience).unwrap().is_empty());
        }
    }
}
