//! Start and stop of the process.

use std::os::unix::fs::symlink;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use tokio::net::TcpStream;

use super::{Setup, exits_successfully, wrapped_in};
use crate::support::app::Builder;
use crate::support::both_databases;
use crate::support::database::Database;
use crate::support::oauth::Session;

both_databases! {
    async fn ht_11_a_stop_lets_a_refresh_that_has_begun_finish(database) {
        let node = Builder::on(database).start().await;
        let Session { client, tokens, .. } = node.session().await;
        let again = node.another_node();
        let store = node.inside().store.clone();
        let (release, wait) = channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        // On SQLite all writes wait for the one writer; on PostgreSQL, for the row.
        let id = tokens.session();
        let holder = tokio::spawn(async move {
            store.write(move |work| {
                keystiled::store::credentials::rename(work.conn, &id, "held")?;
                wait.lock().unwrap().recv().ok();
                Ok(())
            }).await
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let machine = node.machine(&client.id);
        let refresh = tokens.refresh.clone();
        let refreshing = tokio::spawn(async move {
            machine.post("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!refreshing.is_finished());
        let address = node.address();
        let stopping = tokio::spawn(node.stop());
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(TcpStream::connect(address).await.is_err(), "no new connection is accepted");
        release.send(()).unwrap();
        assert_eq!(refreshing.await.unwrap().status, 200);
        stopping.await.unwrap();
        holder.await.unwrap().unwrap();
        let app = again.start().await;
        assert_eq!(app.stored(&tokens.session()).await.generation, 2);
        app.stop().await;
    }

    async fn cb_10_each_stop_signal_writes_down_every_use(database) {
        let setup = Setup::on(database, &[]).await;
        let mut asked = 0;
        for signal in ["HUP", "TERM", "INT"] {
            let mut daemon = setup.daemons.start().await;
            for _ in 0..20 {
                assert_eq!(setup.whoami().await.status, 200);
            }
            asked += 20;
            daemon.signal(signal);
            assert!(exits_successfully(&mut daemon).await, "{signal}: {}", setup.daemons.output());
        }
        let app = setup.same_deployment.start().await;
        assert_eq!(app.count("uses").await, asked);
        app.stop().await;
    }

    async fn cb_10_a_start_that_waits_for_its_database_can_be_stopped(database) {
        let url = database.url();
        let setup = Setup::on(database, &[]).await;
        let (mut sqlite, mut postgres);
        if let Some(file) = url.strip_prefix("sqlite://") {
            sqlite = SqliteConnection::establish(file).unwrap();
            // The server that has just stopped may still be closing the file.
            sqlite.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
        } else {
            postgres = PgConnection::establish(&url).unwrap();
            postgres.batch_execute("BEGIN; LOCK TABLE signing_keys IN ACCESS EXCLUSIVE MODE").unwrap();
        }
        let mut daemon = setup.daemons.spawn_with(|_| ());
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(daemon.ended().is_none(), "{}", setup.daemons.output());
        let started = Instant::now();
        daemon.signal("TERM");
        assert!(exits_successfully(&mut daemon).await);
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn cb_10_under_nohup_a_hangup_stops_nothing() {
    let setup = Setup::on(Database::sqlite(), &[]).await;
    let mut daemon = setup.daemons.start_with(wrapped_in("nohup", &[])).await;
    daemon.signal("HUP");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(setup.whoami().await.status, 200);
    daemon.signal("TERM");
    assert!(exits_successfully(&mut daemon).await);
}

#[tokio::test]
async fn cb_10_a_server_waits_for_the_one_before_it_to_end() {
    let setup = Setup::on(Database::sqlite(), &[("KEYSTILE_LISTEN", "127.0.0.1:0")]).await;
    let first = setup.daemons.spawn_with(|_| ());
    setup.daemons.prints(|text| text.contains("Listening").then_some(())).await;
    let second = setup.daemons.spawn_with(|_| ());
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(first);
    let again = |text: &str| (text.matches("Listening").count() == 2).then_some(());
    setup.daemons.prints(again).await;
    drop(second);
}

#[tokio::test]
async fn cb_10_a_second_server_on_a_sqlite_file_refuses() {
    let setup = Setup::on(Database::sqlite(), &[("KEYSTILE_LISTEN", "127.0.0.1:0")]).await;
    let first = setup.daemons.spawn_with(|_| ());
    setup.daemons.prints(|text| text.contains("Listening").then_some(())).await;
    let second = setup.daemons.command(&["serve"]).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    let process =
        format!("another server (process {}) runs on this database. Stop that one first.", first.id());
    assert!(said.contains(&process), "{said}");
    let listed = setup.daemons.command(&["client", "list"]).output().unwrap();
    assert!(listed.status.success(), "commands work while the server runs");
    let other = tempfile::TempDir::new().unwrap();
    let link = other.path().join("linked.db");
    let Database::Sqlite(folder) = setup.same_deployment.database() else { unreachable!() };
    symlink(folder.path().join("keystile.db"), &link).unwrap();
    let url = format!("sqlite://{}", link.display());
    let mut over_a_link = setup.daemons.spawn_with(|command| {
        command.env("KEYSTILE_DATABASE_URL", url);
    });
    assert!(!exits_successfully(&mut over_a_link).await);
    assert!(setup.daemons.output().contains(&process), "{}", setup.daemons.output());
    drop(first);
    let third = setup.daemons.spawn_with(|_| ());
    let again = |text: &str| (text.matches("Listening").count() == 2).then_some(());
    setup.daemons.prints(again).await;
    drop(third);
}

#[tokio::test]
async fn cb_10_a_database_that_goes_away_just_after_the_start_is_waited_for() {
    let database = Database::postgres();
    let url = database.url();
    let setup = Setup::on(database, &[]).await;
    // The announcement needs this table, and the start does not.
    let mut other = PgConnection::establish(&url).unwrap();
    other.batch_execute("DELETE FROM facts WHERE name = 'setup_done'").unwrap();
    other.batch_execute("BEGIN; LOCK TABLE memberships IN ACCESS EXCLUSIVE MODE").unwrap();
    let mut daemon = setup.daemons.spawn_with(|_| ());
    // Longer than the lock timeout of a statement.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(daemon.ended().is_none(), "{}", setup.daemons.output());
    assert_eq!(setup.anonymous().get("/healthz").await.status, 200);
    assert!(!setup.daemons.output().contains("Listening"));
    other.batch_execute("ROLLBACK").unwrap();
    setup.daemons.prints(|text| text.contains("Listening").then_some(())).await;
    assert_eq!(setup.whoami().await.status, 200);
}
