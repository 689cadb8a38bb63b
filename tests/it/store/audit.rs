//! Audit events are append-only, and changes are detected.

use keystiled::admin::{self, AdminError};
use keystiled::domain::audit::chain::ChainFault;
use keystiled::domain::audit::{Action, Actor, Event, Origin};
use keystiled::store::audit;

use crate::support::app::TestApp;
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;

const CHAIN: &str = "org_1";

async fn record(app: &TestApp, n: usize) {
    record_in(app, CHAIN, n).await;
}

async fn record_in(app: &TestApp, chain: &str, n: usize) {
    let chain = chain.to_owned();
    let recorded = app.inside().store.write(move |work| {
        for number in 0..n {
            let event = Event::new(Action::SignedIn, Actor::Operator, &Origin::default());
            work.record(event.org(&chain).detail("number", number));
        }
        Ok(())
    });
    recorded.await.unwrap();
}

/// The number of events in the chain, or where it breaks and why.
async fn verified(app: &TestApp) -> Result<i64, (i64, ChainFault)> {
    verified_in(app, CHAIN).await
}

async fn verified_in(app: &TestApp, chain: &str) -> Result<i64, (i64, ChainFault)> {
    let chain = chain.to_owned();
    let verdict = app.inside().store.read(move |conn| audit::verify(conn, &chain)).await.unwrap();
    verdict.map(|verified| verified.head.sequence).map_err(|broken| (broken.sequence, broken.fault))
}

/// The output of `keystiled audit verify`, and whether it succeeds.
async fn reported(app: &TestApp, json: bool) -> (bool, String) {
    let verify = admin::Command::Audit(admin::audit::Command::Verify { json });
    match admin::run(verify, &app.config).await {
        Ok(report) => (true, report),
        Err(AdminError::Found(report)) => (false, report),
        Err(error) => panic!("{error}"),
    }
}

/// What an owner of the database can do.
async fn drop_triggers(app: &TestApp) {
    let statements = match app.database() {
        Database::Sqlite(_) => {
            &["DROP TRIGGER audit_events_no_update", "DROP TRIGGER audit_events_no_delete"][..]
        }
        Database::Postgres { .. } => &["DROP TRIGGER audit_events_append_only ON audit_events"],
    };
    for statement in statements {
        app.execute(statement).await.unwrap();
    }
}

both_engines! {
    async fn lo_04_events_that_came_at_once_are_one_chain(app) {
        at_once(16, async |_| record(app, 2).await);
        assert_eq!(verified(app).await, Ok(32));
        assert_eq!(app.audit_of(CHAIN).await.len(), 32);
    }

    async fn lo_04_an_event_can_be_neither_changed_nor_removed(app) {
        record(app, 2).await;
        for statement in [
            "UPDATE audit_events SET outcome = 'success'",
            "UPDATE audit_events SET details = '{}' WHERE sequence = 1",
            "DELETE FROM audit_events WHERE sequence = 2",
            "DELETE FROM audit_events",
        ] {
            let error = app.execute(statement).await.unwrap_err();
            assert!(error.contains("append-only"), "{statement}: {error}");
        }
        assert_eq!(verified(app).await, Ok(2));
    }

    async fn lo_04_tampering_is_found_at_its_event(app) {
        let cases = [
            ("untouched", &["UPDATE audit_events SET target = target"][..], Ok(6)),
            ("changed", &["UPDATE audit_events SET target = 'usr_1' WHERE sequence = 3"], Err((3, ChainFault::Changed))),
            ("removed", &["DELETE FROM audit_events WHERE sequence = 2"], Err((2, ChainFault::Missing))),
            (
                "swapped",
                &[
                    "UPDATE audit_events SET sequence = 99 WHERE sequence = 2",
                    "UPDATE audit_events SET sequence = 2 WHERE sequence = 3",
                    "UPDATE audit_events SET sequence = 3 WHERE sequence = 99",
                ],
                Err((2, ChainFault::Unlinked)),
            ),
            ("cut", &["DELETE FROM audit_events WHERE sequence > 4"], Err((5, ChainFault::Missing))),
            (
                "cut-with-its-head",
                &["DELETE FROM audit_events WHERE sequence > 4", "UPDATE audit_heads SET sequence = 4 WHERE true"],
                Err((4, ChainFault::NotTheHead)),
            ),
            ("added", &["UPDATE audit_events SET sequence = 7 WHERE sequence = 6",
                "UPDATE audit_heads SET sequence = 5, hash = (SELECT hash FROM audit_events e
                    WHERE e.chain = audit_heads.chain AND e.sequence = 5) WHERE true"], Err((7, ChainFault::BehindTheHead))),
            ("emptied", &["DELETE FROM audit_events WHERE true"], Err((1, ChainFault::Missing))),
            ("beheaded", &["DELETE FROM audit_heads WHERE true"], Err((1, ChainFault::Missing))),
        ];
        for (chain, ..) in &cases {
            record_in(app, chain, 6).await;
        }
        drop_triggers(app).await;
        for (chain, statements, expected) in cases {
            for statement in statements {
                let filter = if statement.contains("WHERE") { "AND" } else { "WHERE" };
                app.execute(&format!("{statement} {filter} chain = '{chain}'")).await.unwrap();
            }
            assert_eq!(verified_in(app, chain).await, expected, "{chain}");
        }
    }

    async fn lo_04_a_chain_of_several_stretches_is_walked_to_its_end(app) {
        record(app, 1201).await;
        assert_eq!(verified(app).await, Ok(1201));
        drop_triggers(app).await;
        app.execute("UPDATE audit_events SET ip = '::1' WHERE chain = 'org_1' AND sequence = 1001").await.unwrap();
        assert_eq!(verified(app).await, Err((1001, ChainFault::Changed)));
    }

    async fn lo_04_the_command_names_every_chain_and_what_is_wrong_with_it(app) {
        let organization = app.owner().await.organization;
        record(app, 3).await;
        let (well, text) = reported(app, false).await;
        assert!(well && text.contains("intact  org_1 (no organization): 3 events, the last is "), "{text}");
        assert!(text.contains(&format!("intact  {} (Northwind Labs): ", organization.id)), "{text}");
        assert!(text.contains("intact  instance (the server itself): "), "{text}");
        drop_triggers(app).await;
        app.execute("DELETE FROM audit_events WHERE chain = 'org_1' AND sequence = 2").await.unwrap();
        app.execute(&format!("DELETE FROM audit_events WHERE chain = '{}'", organization.id)).await.unwrap();
        app.execute(&format!("DELETE FROM audit_heads WHERE chain = '{}'", organization.id)).await.unwrap();
        let (well, text) = reported(app, false).await;
        assert!(!well && text.contains("BROKEN  org_1 (no organization): at event 2, which is missing"), "{text}");
        let whole = format!("BROKEN  {} (Northwind Labs): at event 1, which is missing", organization.id);
        assert!(text.contains(&whole), "a chain deleted as a whole is noticed: {text}");
        let (well, text) = reported(app, true).await;
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((well, &report["intact"]), (false, &serde_json::json!(false)));
        let chains = report["chains"].as_array().unwrap();
        assert!(chains.iter().any(|chain| chain["chain"] == "org_1" && chain["broken_at"] == 2), "{text}");
    }

    async fn lo_04_a_rollback_leaves_no_event(app) {
        record(app, 1).await;
        let failed = app.inside().store.write(|work| {
            work.record(Event::new(Action::SignedIn, Actor::Operator, &Origin::default()).org(CHAIN));
            Err::<(), _>(keystiled::store::StoreError::Failed("on purpose".to_owned()))
        });
        failed.await.unwrap_err();
        assert_eq!(verified(app).await, Ok(1));
    }
}
