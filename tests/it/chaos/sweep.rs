//! Much has ended at once and is deleted while the server answers.

use super::seen::Outcome;
use super::stage::{Stage, trouble};
use crate::store::numbers;
use crate::support::app::Builder;
use crate::support::both_databases;

/// Ended requests: a million in `make chaos`.
fn rows() -> usize {
    if trouble().as_secs() < 10 { 20_000 } else { 1_000_000 }
}

both_databases! {
    async fn much_has_ended_and_is_swept_away(database) {
        let fill = async |app: &crate::support::app::TestApp, client_id: &str| {
            let end = "2026-01-01T00:00:00.000000Z";
            let insert = format!(
                "{} INSERT INTO authorization_requests
                    (id, client_id, redirect_uri, scopes, created_at, expires_at, status)
                SELECT 'ended' || i, '{client_id}', 'http://localhost/', 'openid', '{end}', '{end}', 'open' FROM numbers",
                numbers(rows())
            );
            app.execute(&insert).await.unwrap();
        };
        let stage = Stage::of("much has ended and is swept away", Builder::on(database), fill).await;
        let mut daemon = stage.daemons.start().await;
        let seen = stage.play(&mut daemon, async |_| tokio::time::sleep(trouble()).await).await;
        assert_eq!(seen.count(Outcome::Unavailable) + seen.count(Outcome::NoAnswer), 0, "{}", seen.line());
    }
}
