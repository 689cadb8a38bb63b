//! Many rows end at once and are deleted while the server answers.

use super::observed::Outcome;
use super::scenario::{Scenario, fault_duration};
use crate::store::numbers;
use crate::support::app::Builder;
use crate::support::both_databases;

/// Rows per insert: few enough for the statement timeout.
const CHUNK: usize = 20_000;

/// Number of inserts: a million rows in total in `make chaos`.
fn chunks() -> usize {
    if fault_duration().as_secs() < 10 { 1 } else { 50 }
}

both_databases! {
    async fn much_has_ended_and_is_swept_away(database) {
        let fill = async |app: &crate::support::app::TestApp, client_id: &str| {
            let end = "2026-01-01T00:00:00.000000Z";
            for chunk in 0..chunks() {
                let insert = format!(
                    "{} INSERT INTO authorization_requests
                        (id, client_id, redirect_uri, scopes, created_at, expires_at, status)
                    SELECT 'ended{chunk}_' || i, '{client_id}', 'http://localhost/', 'openid', '{end}', '{end}', 'open'
                    FROM numbers",
                    numbers(CHUNK)
                );
                app.execute(&insert).await.unwrap();
            }
        };
        let scenario = Scenario::of("much has ended and is swept away", Builder::on(database), fill).await;
        let mut daemon = scenario.daemons.start().await;
        let observed = scenario.run(&mut daemon, async |_| tokio::time::sleep(fault_duration()).await).await;
        assert_eq!(observed.count(Outcome::Unavailable) + observed.count(Outcome::NoAnswer), 0, "{}", observed.line());
    }
}
