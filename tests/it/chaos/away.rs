//! PostgreSQL is unreachable for a while, fails over to another server, or is behind a pooler.
use super::observed::Outcome;
use super::scenario::{Scenario, fault_duration};
use crate::support::app::Builder;
use crate::support::database::Database;
use crate::support::failover::{Cluster, PgBouncer, Tunnel, address_of};
use crate::support::ports::unused_address;
use crate::support::postgres::{OwnDatabase, execute};

const URL: &str = "KEYSTILE_DATABASE_URL";
const POOLER: (&str, &str) = ("KEYSTILE_DATABASE__POOLER", "transaction");

/// A deployment on the PostgreSQL at this URL.
fn at(url: &str) -> Builder {
    Builder::on(Database::sqlite()).with(URL, url)
}

#[tokio::test]
async fn postgresql_is_unreachable_for_a_while() {
    let database = OwnDatabase::new("");
    let server = address_of(&database.url());
    let tunnel = Tunnel::to(server);
    let scenario =
        Scenario::of("PostgreSQL goes away", at(&tunnel.url(&database.url())), async |_, _| ()).await;
    let mut daemon = scenario.daemons.start().await;
    let observed = scenario
        .run(&mut daemon, async |_| {
            tunnel.lead_to(unused_address());
            tunnel.cut();
            tokio::time::sleep(fault_duration()).await;
            tunnel.lead_to(server);
        })
        .await;
    assert!(observed.count(Outcome::Unavailable) > 0, "it was never unavailable: {}", observed.line());
    assert_eq!(observed.count(Outcome::NoAnswer), 0, "{}", observed.line());
}

#[tokio::test]
async fn postgresql_moves_to_its_standby() {
    let cluster = Cluster::with_standby();
    let tunnel = Tunnel::to(address_of(&cluster.primary));
    let scenario =
        Scenario::of("PostgreSQL moves to its standby", at(&tunnel.url(&cluster.primary)), async |_, _| ())
            .await;
    let mut daemon = scenario.daemons.start().await;
    let observed = scenario
        .run(&mut daemon, async |_| {
            // The address points to the standby before it accepts writes.
            tunnel.lead_to(address_of(&cluster.standby));
            tunnel.cut();
            tokio::time::sleep(fault_duration()).await;
            cluster.settle();
            execute(&cluster.standby, &["SELECT pg_promote()"]);
        })
        .await;
    assert!(observed.count(Outcome::Unavailable) > 0, "it was never unavailable: {}", observed.line());
    assert_eq!(observed.count(Outcome::NoAnswer), 0, "{}", observed.line());
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_in_front_of_postgresql() {
    let database = OwnDatabase::new("");
    let pgbouncer = PgBouncer::start(database.host(), true);
    let builder = at(&pgbouncer.url(&database.url())).with(POOLER.0, POOLER.1);
    let scenario = Scenario::of("a pooler stands before PostgreSQL", builder, async |_, _| ()).await;
    let scenario = scenario.with(POOLER.0, POOLER.1);
    let mut daemon = scenario.daemons.start().await;
    let observed = scenario.run(&mut daemon, async |_| tokio::time::sleep(fault_duration()).await).await;
    assert_eq!(
        observed.count(Outcome::Unavailable) + observed.count(Outcome::NoAnswer),
        0,
        "{}",
        observed.line()
    );
}
