//! The sweep deletes ended rows without blocking other requests.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use keystiled::domain::engine::Engine;
use keystiled::domain::time::Time;
use keystiled::store::sweeping::{Deleted, Span};
use keystiled::store::{
    Conn, StoreError, authorization_requests, device_requests, ended_credentials, idempotency_records,
    invitations, join_links, organization_names, password_resets, rates, throttles, usage_counts,
    usage_events, web_sessions,
};

use super::numbers;
use crate::support::app::TestApp;
use crate::support::both_engines;

/// Adds authorization requests that expire at `end`.
async fn add_requests(app: &TestApp, client_id: &str, name: &str, status: &str, n: usize, end: Time) {
    let end = end.iso_micros();
    let rows = format!(
        "{} INSERT INTO authorization_requests (id, client_id, redirect_uri, scopes, created_at, expires_at, status)
        SELECT '{name}' || i, '{client_id}', 'http://localhost/', 'openid', '{end}', '{end}', '{status}' FROM numbers",
        numbers(n)
    );
    app.execute(&rows).await.unwrap();
}

/// Adds a code for each of the requests `{name}1` to `{name}{n}`.
async fn add_codes(app: &TestApp, name: &str, n: usize, end: Time) {
    let (owner, end) = (app.owner().await, end.iso_micros());
    let hash = match app.inside().store.engine() {
        Engine::Sqlite => "CAST(printf('%032d', i) AS BLOB)",
        Engine::Postgres => "convert_to(lpad(i::text, 32, '0'), 'UTF8')",
    };
    let rows = format!(
        "{} INSERT INTO authorization_codes
            (hash, request_id, user_id, org_id, scopes, auth_time, created_at, expires_at)
        SELECT {hash}, '{name}' || i, '{}', '{}', 'openid', '{end}', '{end}', '{end}' FROM numbers",
        numbers(n),
        owner.id,
        owner.organization.id
    );
    app.execute(&rows).await.unwrap();
}

type Delete = fn(&mut Conn, Span) -> Result<Deleted, StoreError>;

/// All steps of a sweep, with the table and the index that finds the rows to delete or mark.
const DELETIONS: [(&str, &str, Delete); 17] = [
    (
        "authorization_requests",
        "authorization_requests_without_code",
        authorization_requests::delete_without_code,
    ),
    ("authorization_requests", "authorization_requests_by_expiry", authorization_requests::delete_expired),
    ("device_requests", "device_requests_by_expiry", device_requests::delete_expired),
    ("idempotency_records", "idempotency_records_by_expiry", idempotency_records::delete_expired),
    ("rates", "rates_by_settling", rates::delete_settled),
    ("web_sessions", "web_sessions_by_end", web_sessions::delete_ended),
    ("password_resets", "password_resets_by_end", password_resets::delete_ended),
    ("throttled_accounts", "throttled_accounts_by_due", throttles::delete_due_accounts),
    ("throttled_sources", "throttled_sources_by_last", throttles::delete_quiet_sources),
    ("uses", "uses_by_time", usage_events::delete_old),
    ("usage", "usage_by_day", usage_counts::delete_old),
    ("invitations", "invitations_ended", invitations::delete_ended),
    ("invitations", "invitations_expired", invitations::delete_expired),
    ("join_links", "join_links_by_end", join_links::delete_ended),
    ("organization_names", "organization_names_retired", organization_names::delete_free),
    ("credentials", "credentials_by_due", ended_credentials::mark_expired),
    ("credentials", "credentials_by_end", ended_credentials::remove),
];

both_engines! {
    async fn cb_03_a_sweep_of_any_size_goes_in_steps_between_which_others_write(app, |app| app.manual_clock()) {
        const ENDED: usize = 20_000;
        let client = app.client(ClientKind::Native).await;
        // Nothing has expired at the time of the server's own sweep at the start.
        add_requests(app, &client.id, "ended", "open", ENDED, app.clock.now() + TimeDelta::hours(1)).await;
        app.advance(TimeDelta::hours(3));
        let (store, config) = (app.inside().store.clone(), app.config.clone());
        let sweeping = tokio::spawn(async move { keystiled::services::janitor::sweep(&store, &config).await });
        let mut seen = BTreeSet::new();
        for turn in 0.. {
            if sweeping.is_finished() {
                break;
            }
            // A write, which on SQLite takes its turn between the steps.
            add_requests(app, &client.id, &format!("new{turn}_"), "open", 1, app.clock.now()).await;
            seen.insert(app.count("authorization_requests WHERE id LIKE 'ended%'").await);
        }
        assert_eq!(sweeping.await.unwrap(), ENDED);
        let between = seen.iter().filter(|left| **left > 0 && **left < 20_000).count();
        assert!(between >= 3, "others saw only {seen:?}");
    }

    async fn cb_03_a_step_deletes_no_more_than_it_is_told_and_the_oldest_first(app) {
        let client = app.client(ClientKind::Native).await;
        let now = app.clock.now();
        add_requests(app, &client.id, "young", "open", 10, now + TimeDelta::hours(2)).await;
        add_requests(app, &client.id, "old", "denied", 10, now + TimeDelta::hours(1)).await;
        let step = async |from| {
            let span = Span { from, before: now + TimeDelta::hours(3), limit: 8 };
            let step = app.inside().store.write(move |work| authorization_requests::delete_without_code(work.conn, span));
            step.await.unwrap()
        };
        let first = step(Time::FIRST).await;
        assert_eq!((first.rows, first.to), (8, Some(now + TimeDelta::hours(1))));
        assert_eq!(app.count("authorization_requests WHERE id LIKE 'old%'").await, 2);
        assert_eq!(step(first.to.unwrap()).await.rows, 8);
        assert_eq!(step(first.to.unwrap()).await.rows, 4);
        assert_eq!(step(Time::FIRST).await, Deleted { rows: 0, to: None });
    }

    async fn cb_03_a_sweep_scans_no_rows_that_are_kept(app) {
        const KEPT: usize = 5_000;
        let client = app.client(ClientKind::Native).await;
        let now = app.clock.now();
        // Codes of the last day are kept long after their requests have expired.
        let end = now + TimeDelta::hours(12);
        add_requests(app, &client.id, "kept", "approved", KEPT, end).await;
        add_codes(app, "kept", KEPT, end).await;
        add_requests(app, &client.id, "due", "open", 5, end).await;
        // The span ends a day later, long after requests without a code were due.
        let now = now + TimeDelta::hours(24);
        for (table, index, delete) in DELETIONS {
            // If an index also contains rows that are kept, the span ends before those.
            let kept = if index == "authorization_requests_by_expiry" { 20 } else { 1 };
            let span = Span { from: Time::FIRST, before: now - TimeDelta::hours(kept), limit: 1000 };
            let cost = app.cost(table, move |conn| delete(conn, span).map(drop)).await;
            if let crate::support::reading::Cost::Plan(steps) = &cost {
                // Deleting a request looks up its code by key.
                let finds = format!(" INDEX {index} (");
                assert!(steps.iter().any(|step| step.contains(&finds)), "{steps:#?}");
                assert!(steps.iter().all(|step| !step.starts_with("SCAN ") && !step.contains("ORDER BY")), "{steps:#?}");
            } else {
                cost.is_bounded(table, &[index], 20);
            }
        }
        assert_eq!(app.count("authorization_requests").await, i64::try_from(KEPT).unwrap());
    }
}
