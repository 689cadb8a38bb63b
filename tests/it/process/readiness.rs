//! Readiness is green only if the node can work.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use serde_json::json;

use super::{Setup, wrapped_in};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::database::Database;

both_engines! {
    async fn cb_02_readiness_is_red_while_a_background_task_is_down(app) {
        let good = app.anonymous().get("/readyz").await;
        let ok = json!({ "status": "ok" });
        let all = json!({ "status": "ok", "checks": { "database": ok, "tasks": ok, "clock": ok } });
        assert_eq!((good.status, good.json()), (200, all));
        let (work, waiting) = channel::<bool>();
        let run = move || {
            for well in &waiting {
                assert!(well, "in a test");
            }
        };
        app.inside().store.tasks().thread("of-a-test", run).unwrap();
        // Several times, so that it is down for longer than one check takes.
        for _ in 0..4 {
            work.send(false).unwrap();
        }
        let started = Instant::now();
        loop {
            let red = app.anonymous().get("/readyz").await;
            if red.status == 503 {
                assert_eq!(red.json()["checks"]["tasks"]["down"], json!(["of-a-test"]));
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "it is never red");
        }
        assert_eq!(app.anonymous().get("/healthz").await.status, 200);
        while app.anonymous().get("/readyz").await.status != 200 {
            assert!(started.elapsed() < Duration::from_secs(40), "it stays red");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn cb_09_readiness_is_red_while_writes_hang(app) {
        let lock = Lock::on(app);
        // A result is cached for one second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let started = Instant::now();
        let red = app.anonymous().get("/readyz").await;
        assert_eq!(red.status, 503, "{}", red.body);
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        let body = red.json();
        assert_eq!(body["checks"]["database"]["status"], "failed", "{body}");
        assert_eq!(body["checks"]["clock"]["status"], "ok", "{body}");
        assert_eq!(app.anonymous().get("/healthz").await.status, 200);
        lock.end();
        while app.anonymous().get("/readyz").await.status != 200 {
            assert!(started.elapsed() < Duration::from_secs(40), "it stays red");
        }
    }

    async fn cb_09_a_lock_of_another_process_is_a_503_within_two_seconds(app) {
        let session = app.session().await;
        let lock = Lock::on(app);
        for _ in 0..2 {
            let started = Instant::now();
            let answer = app.refresh(&session.client, &session.tokens.refresh).await;
            assert_eq!(answer.status, 503, "{}", answer.body);
            assert!(answer.header("retry-after").is_some());
            // The limit plus the delay of a busy machine. By default, SQLite would wait five seconds and more,
            // PostgreSQL forever.
            let took = started.elapsed();
            assert!(took > Duration::from_secs(1) && took < Duration::from_secs(4), "{took:?}");
        }
        lock.end();
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 200, "the session was not changed");
    }
}

/// Locks the row that readiness writes, or the whole SQLite file, until it is dropped.
enum Lock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Lock {
    fn on(app: &TestApp) -> Self {
        let url = app.database().url();
        match app.database() {
            Database::Sqlite(_) => {
                let mut other = SqliteConnection::establish(url.trim_start_matches("sqlite://")).unwrap();
                other.batch_execute("BEGIN IMMEDIATE").unwrap();
                Self::Sqlite(other)
            }
            Database::Postgres { .. } => {
                let mut other = PgConnection::establish(&url).unwrap();
                other
                    .batch_execute("BEGIN; LOCK TABLE readiness, credentials IN ACCESS EXCLUSIVE MODE")
                    .unwrap();
                Self::Postgres(other)
            }
        }
    }

    fn end(self) {
        match self {
            Self::Sqlite(mut other) => other.batch_execute("ROLLBACK").unwrap(),
            Self::Postgres(mut other) => other.batch_execute("ROLLBACK").unwrap(),
        }
    }
}

#[tokio::test]
async fn cb_09_a_short_lock_is_waited_for() {
    let app = TestApp::on(Database::sqlite()).await;
    let session = app.session().await;
    let lock = Lock::on(&app);
    let refresh = app.refresh(&session.client, &session.tokens.refresh);
    let release = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        lock.end();
    };
    assert_eq!(tokio::join!(refresh, release).0.status, 200);
    app.stop().await;
}

/// A file size limit simulates a full disk: writes beyond it fail.
#[tokio::test]
async fn cb_09_a_full_disk_is_a_503_and_readiness_knows() {
    let setup = Setup::on(Database::sqlite(), &[]).await;
    // Ignores the signal that would end the process.
    let daemon = setup.daemons.start_with(wrapped_in("sh", &["-c", "trap '' XFSZ; exec \"$0\""])).await;
    daemon.limit("--fsize=0:unlimited");
    let red = setup.readiness(503).await;
    assert_eq!(red["checks"]["database"]["status"], "failed", "{red}");
    assert_eq!(setup.refresh(&setup.session.tokens.refresh).await.status, 503);
    assert_eq!(setup.anonymous().get("/healthz").await.status, 200);
    daemon.limit("--fsize=unlimited:unlimited");
    setup.readiness(200).await;
    assert_eq!(setup.refresh(&setup.session.tokens.refresh).await.status, 200, "the session was not changed");
}
