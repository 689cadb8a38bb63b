//! Transactions that contend for the same rows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use keystiled::domain::client::ClientKind;
use keystiled::store::deployment_settings;

use crate::support::app::{Builder, TestApp};
use crate::support::at_once::at_once;
use crate::support::database::Database;
use crate::support::http::Answer;
use crate::support::oauth::{Ask, Tokens};
use crate::support::postgres::OwnDatabase;

const REVOKE_ALL: &str = "/o/northwind-labs/settings/api-access/revoke-all";

/// Queues one request and then another one behind a lock on a table, and returns both responses.
async fn one_behind_the_other(
    database: &OwnDatabase,
    table: &str,
    one: impl Future<Output = Answer>,
    other: impl Future<Output = Answer>,
) -> (Answer, Answer) {
    let held = database.in_transaction(&format!("SELECT 1 FROM {table} FOR UPDATE"));
    let behind = async {
        database.until_waiting(1).await;
        let release = async {
            database.until_waiting(2).await;
            drop(held);
        };
        tokio::join!(other, release).0
    };
    tokio::join!(one, behind)
}

/// A server on a database without deadlock detection: a deadlock ends by a timeout, with an error.
async fn server() -> (OwnDatabase, TestApp) {
    let database = OwnDatabase::new("");
    database.execute(&[&format!("ALTER DATABASE {} SET deadlock_timeout = '10min'", database.name)]);
    let app = Builder::on(Database::sqlite()).with("KEYSTILE_DATABASE_URL", &database.url()).start().await;
    (database, app)
}

#[tokio::test]
async fn cc_04_revoking_everything_and_exchanging_a_code_lock_in_one_order() {
    let (database, app) = server().await;
    let owner = app.owner().await;
    let ask = Ask::of(&app.client(ClientKind::Native).await);
    let browser = app.browser_of(&owner).await;
    let returned = app.authorize(&browser, &ask).await;
    let form = browser.get(REVOKE_ALL).await.form(REVOKE_ALL);
    let exchange = app.exchange(&ask, returned.code());
    let (exchanged, revoked) =
        one_behind_the_other(&database, "authorization_codes", exchange, browser.submit(&form)).await;
    assert_eq!((exchanged.status, revoked.status), (200, 303), "{}", exchanged.body);
    assert_eq!(app.whoami(&Tokens::of(&exchanged).access).await.status, 401, "the session was ended");
    app.stop().await;
}

#[tokio::test]
async fn cc_04_revoking_everything_and_fetching_a_device_s_answer_lock_in_one_order() {
    let (database, app) = server().await;
    let browser = app.browser_of(&app.owner().await).await;
    let codes = app.new_device_codes().await;
    app.connect(&browser, &codes).await;
    let form = browser.get(REVOKE_ALL).await.form(REVOKE_ALL);
    let (fetched, revoked) =
        one_behind_the_other(&database, "device_requests", app.poll(&codes), browser.submit(&form)).await;
    assert_eq!((fetched.status, revoked.status), (200, 303), "{}", fetched.body);
    assert_eq!(app.whoami(&Tokens::of(&fetched).access).await.status, 401, "the session was ended");
    app.stop().await;
}

#[tokio::test]
async fn cc_04_sessions_that_end_together_are_locked_in_one_order() {
    let (database, app) = server().await;
    let owner = app.owner().await;
    let client = app.client(ClientKind::Native).await;
    let browser = app.browser_of(&owner).await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(app.session_in(&browser, &client, &owner).await);
    }
    let mut ids: Vec<String> = sessions.iter().map(|session| session.tokens.session()).collect();
    ids.sort();
    // The newest comes first in a list; here it is the last by id.
    for (number, id) in ids.iter().enumerate() {
        let at = format!("'2026-01-01'::timestamptz + interval '{number} days'");
        app.execute(&format!("UPDATE credentials SET created_at = {at} WHERE id = '{id}'")).await.unwrap();
    }
    let all = "/cli-sessions/end-all";
    let page = browser.get(&format!("{all}?org=northwind-labs")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let form = page.form_to(all);
    let revoke = browser.get(REVOKE_ALL).await.form(REVOKE_ALL);
    let middle = format!("credentials WHERE id = '{}'", ids[1]);
    let (ended, revoked) =
        one_behind_the_other(&database, &middle, browser.submit(&form), browser.submit(&revoke)).await;
    assert_eq!((ended.status, revoked.status), (303, 303));
    app.stop().await;
}

#[tokio::test]
async fn cc_04_a_deadlocked_write_is_retried() {
    let app = Builder::on(Database::postgres()).start().await;
    let store = &app.inside().store;
    for name in ["one", "other"] {
        store.write(move |work| deployment_settings::set(work.conn, name, "0", work.now)).await.unwrap();
    }
    let (meeting, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let outcomes = at_once(2, async |number| {
        let (meeting, runs) = (meeting.clone(), runs.clone());
        let mut names = ["one", "other"];
        names.rotate_left(number);
        store
            .write(move |work| {
                deployment_settings::set(work.conn, names[0], &number.to_string(), work.now)?;
                if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                    meeting.wait();
                }
                deployment_settings::set(work.conn, names[1], &number.to_string(), work.now)
            })
            .await
    });
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    // The transaction that was rolled back may deadlock again.
    assert!(runs.load(Ordering::SeqCst) >= 3, "one of them was retried");
    app.stop().await;
}
