//! Events that were recorded with their personal values inside.

use keystiled::domain::audit::hashing::{ChainEvent, WITH_VALUES, hash_with_values};
use keystiled::domain::engine::Engine;
use keystiled::services::audit_rebase;
use keystiled::store::audit;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::people::Person;

const CHAIN: &str = "org_old";
/// More than one step moves.
const EVENTS: i64 = 1203;

/// What a reader sees of an event: all but its commitments.
fn as_read(event: ChainEvent) -> String {
    format!("{:?}", ChainEvent { commitments: None, ..event })
}

/// Records events as older versions did.
async fn record_old(app: &TestApp, person: &Person) {
    let mut previous = Vec::new();
    let mut rows = Vec::new();
    let sqlite = app.inside().store.engine() == Engine::Sqlite;
    let bytes = |bytes: &[u8]| {
        let text = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        if sqlite { format!("X'{text}'") } else { format!("'\\x{text}'::bytea") }
    };
    let at = app.clock.now();
    for sequence in 1..=EVENTS {
        let details = json!({ "before": "old name", "after": "Zebulons laptop", "n": null }).to_string();
        let event = ChainEvent {
            id: format!("evt_old{sequence}"),
            chain: CHAIN.to_owned(),
            sequence,
            at,
            actor_kind: "user".to_owned(),
            actor_id: Some(person.id.clone()),
            org_id: Some(CHAIN.to_owned()),
            credential_id: None,
            action: "session.renamed".to_owned(),
            target: None,
            outcome: "success".to_owned(),
            ip: Some("192.0.2.55".to_owned()),
            user_agent: Some("Zebulon's browser".to_owned()),
            request_id: Some("req_1".to_owned()),
            details: details.clone(),
            version: WITH_VALUES,
            commitments: None,
        };
        let hash = hash_with_values(&previous, &event).to_vec();
        let time = if sqlite {
            format!("'{}'", at.utc().format("%Y-%m-%dT%H:%M:%S%.6fZ"))
        } else {
            format!("'{}'", at.utc().to_rfc3339())
        };
        rows.push(format!(
            "('evt_old{sequence}', '{CHAIN}', {sequence}, {time}, 'user', '{}', '{CHAIN}', 'session.renamed', 'success',
                '192.0.2.55', 'Zebulon''s browser', 'req_1', '{details}', {}, {})",
            person.id,
            bytes(&previous),
            bytes(&hash)
        ));
        previous = hash;
    }
    for rows in rows.chunks(100) {
        let insert = format!(
            "INSERT INTO audit_events (id, chain, sequence, at, actor_kind, actor_id, org_id, action, outcome, ip,
                user_agent, request_id, details, previous_hash, hash) VALUES {}",
            rows.join(", ")
        );
        app.execute(&insert).await.unwrap();
    }
    let head = format!("INSERT INTO audit_heads VALUES ('{CHAIN}', {EVENTS}, {})", bytes(&previous));
    app.execute(&head).await.unwrap();
}

async fn verified(app: &TestApp) -> Result<(i64, usize), i64> {
    let verdict = app.inside().store.read(|conn| audit::verify(conn, CHAIN)).await.unwrap();
    verdict.map(|verified| (verified.head.sequence, verified.erased)).map_err(|broken| broken.sequence)
}

async fn drop_trigger(app: &TestApp) {
    let statement = match app.database() {
        Database::Sqlite(_) => "DROP TRIGGER audit_events_no_update",
        Database::Postgres { .. } => "DROP TRIGGER audit_events_append_only ON audit_events",
    };
    app.execute(statement).await.unwrap();
}

both_engines! {
    async fn p_55_values_inside_of_old_events_move_out_and_are_erased(app) {
        app.owner().await;
        let person = app.user("Zebulon").await;
        record_old(app, &person).await;
        assert_eq!(verified(app).await, Ok((EVENTS, 0)), "as they are");
        let before: Vec<String> = app.events_of(CHAIN).await.into_iter().map(as_read).collect();
        let heads = "SELECT id AS name FROM audit_events WHERE chain = 'org_old' AND ip IS NOT NULL";
        assert_eq!(app.names(heads).await.len(), 1203);

        audit_rebase::run(&app.inside().store).await.unwrap();
        assert_eq!(verified(app).await, Ok((EVENTS + 2, 0)), "moved in two steps");
        let events = app.events_of(CHAIN).await;
        assert!(events[1203..].iter().all(|event| event.action == "audit.rebased"));
        let after: Vec<String> = events.into_iter().take(1203).map(as_read).collect();
        assert_eq!(before, after, "readers see no difference");
        assert_eq!(app.names(heads).await, Vec::<String>::new());

        app.operate(&["user", "erase", &person.email, "--yes"]).await;
        for trace in ["Zebulon", "zebulon", "192.0.2.55"] {
            assert!(!app.holds(trace).await, "{trace} is left");
        }
        assert_eq!(verified(app).await, Ok((EVENTS + 2, 4 * 1203)));
        audit_rebase::run(&app.inside().store).await.unwrap();
        assert_eq!(verified(app).await, Ok((EVENTS + 2, 4 * 1203)), "nothing is left to do");
    }

    async fn p_55_a_change_of_an_old_event_is_found_after_its_erasure(app) {
        app.owner().await;
        let person = app.user("Zebulon").await;
        record_old(app, &person).await;
        app.operate(&["user", "erase", &person.email, "--yes"]).await;
        assert!(verified(app).await.is_ok());
        let refused = app.execute("UPDATE audit_events SET target = 'usr_1' WHERE id = 'evt_old7'").await;
        assert!(refused.unwrap_err().contains("append-only"));
        drop_trigger(app).await;
        app.execute("UPDATE audit_events SET target = 'usr_1' WHERE id = 'evt_old7'").await.unwrap();
        assert_eq!(verified(app).await, Err(1), "within the run that begins there");
    }

    async fn p_55_moving_the_values_hides_no_earlier_change(app) {
        app.owner().await;
        let person = app.user("Zebulon").await;
        record_old(app, &person).await;
        drop_trigger(app).await;
        app.execute("UPDATE audit_events SET target = 'usr_1' WHERE id = 'evt_old7'").await.unwrap();
        assert_eq!(verified(app).await, Err(7));
        app.operate(&["user", "erase", &person.email, "--yes"]).await;
        assert_eq!(verified(app).await, Err(7));
    }
}
