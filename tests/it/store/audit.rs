//! Audit events: only ever added, and a change shows.

use keystile::domain::audit::{Action, Actor, Event, Origin};
use keystile::store::audit;

use crate::support::app::TestApp;
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::database::Database;

const CHAIN: &str = "org_1";

async fn record(app: &TestApp, n: usize) {
    let recorded = app.inside().store.write(move |work| {
        for number in 0..n {
            let event = Event::new(Action::SignedIn, Actor::Operator, &Origin::default());
            work.record(event.org(CHAIN).detail("number", number));
        }
        Ok(())
    });
    recorded.await.unwrap();
}

async fn verified(app: &TestApp) -> Result<i64, i64> {
    app.inside().store.read(|conn| audit::verify(conn, CHAIN)).await.unwrap()
}

/// What somebody does who owns the database.
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

    async fn lo_04_a_changed_event_breaks_the_chain_where_it_stands(app) {
        record(app, 4).await;
        drop_triggers(app).await;
        app.execute("UPDATE audit_events SET target = 'usr_1' WHERE chain = 'org_1' AND sequence = 3").await.unwrap();
        assert_eq!(verified(app).await, Err(3));
    }

    async fn lo_04_a_removed_event_breaks_the_chain_also_at_its_end(app) {
        record(app, 4).await;
        drop_triggers(app).await;
        app.execute("DELETE FROM audit_events WHERE chain = 'org_1' AND sequence = 4").await.unwrap();
        assert_eq!(verified(app).await, Err(4));
        app.execute("DELETE FROM audit_events WHERE chain = 'org_1' AND sequence = 2").await.unwrap();
        assert_eq!(verified(app).await, Err(2));
    }

    async fn lo_04_what_is_rolled_back_leaves_no_event(app) {
        record(app, 1).await;
        let failed = app.inside().store.write(|work| {
            work.record(Event::new(Action::SignedIn, Actor::Operator, &Origin::default()).org(CHAIN));
            Err::<(), _>(keystile::store::StoreError::Failed("on purpose".to_owned()))
        });
        failed.await.unwrap_err();
        assert_eq!(verified(app).await, Ok(1));
    }
}
