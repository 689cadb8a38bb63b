//! The address of PostgreSQL points to another server than before.

use std::time::Duration;

use keystiled::domain::client::ClientKind;

use crate::support::app::{Builder, TestApp};
use crate::support::database::Database;
use crate::support::failover::{Cluster, Tunnel, address_of, wait_for};
use crate::support::oauth::{Session, Tokens};
use crate::support::postgres::{execute, value};

/// Refreshes a session, stores the new tokens and returns the status.
async fn refresh(app: &TestApp, session: &mut Session) -> u16 {
    let answer = app.refresh(&session.client, &session.tokens.refresh).await;
    if answer.status == 200 {
        session.tokens = Tokens::of(&answer);
    }
    answer.status
}

#[tokio::test]
async fn cc_01_after_a_switchover_the_first_request_is_answered() {
    let cluster = Cluster::with_standby();
    let (primary, standby) = (address_of(&cluster.primary), address_of(&cluster.standby));
    let tunnel = Tunnel::to(primary);
    let url = format!("{}?application_name=keystile_here", tunnel.url(&cluster.primary));
    let app = Builder::on(Database::sqlite()).with("KEYSTILE_DATABASE_URL", &url).start().await;
    let owner = app.owner().await;
    let client = app.client(ClientKind::Native).await;
    let browser = app.browser_of(&owner).await;
    let mut session = app.session_in(&browser, &client, &owner).await;
    assert_eq!(refresh(&app, &mut session).await, 200);

    // The primary restarts as a standby, and the address still points to it.
    tunnel.lead_to(standby);
    tunnel.cut();
    for _ in 0..3 {
        assert_eq!(refresh(&app, &mut session).await, 503);
        assert_eq!(browser.get("/cli-sessions").await.status, 503);
    }
    let kept = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'keystile_here'";
    wait_for("a connection to a standby is kept", || value(&cluster.standby, kept) == "0");
    tunnel.lead_to(primary);
    assert_eq!(refresh(&app, &mut session).await, 200);
    assert_eq!(browser.get("/cli-sessions").await.status, 200);

    // The primary becomes read-only, and its connections stay open.
    cluster.settle();
    execute(
        &cluster.primary,
        &["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"],
    );
    wait_for("the primary still takes writes", || {
        value(&cluster.primary, "current_setting('transaction_read_only')") == "on"
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    execute(&cluster.standby, &["SELECT pg_promote()"]);
    tunnel.lead_to(standby);
    assert_eq!(refresh(&app, &mut session).await, 200, "on the batch threads");
    app.session_in(&browser, &client, &owner).await;
    let other = app.browser_of(&owner).await;
    assert_eq!(other.get("/cli-sessions").await.status, 200);
    let theirs = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'keystile_here'";
    assert_eq!(value(&cluster.standby, theirs), "true");
    app.stop().await;
}
