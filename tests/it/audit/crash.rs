//! What is in the logs after a stop and after a crash.

use std::time::Duration;

use keystiled::domain::client::ClientKind;
use reqwest::Method;

use crate::support::app::{Builder, TestApp};
use crate::support::at_once::at_once;
use crate::support::both_databases;
use crate::support::daemon::Daemons;
use crate::support::database::Database;
use crate::support::http::Anonymous;

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_a_database_that_is_away() {
    let app = TestApp::on(Database::sqlite()).await;
    let token = app.session().await.tokens.access;
    let away =
        "CREATE TRIGGER away BEFORE INSERT ON uses BEGIN SELECT RAISE(ABORT, 'database is locked'); END";
    app.execute(away).await.unwrap();
    assert_eq!(app.whoami(&token).await.status, 200);
    // Enough time for a failed attempt.
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::time::timeout(Duration::from_secs(40), app.stop()).await.unwrap();
}

both_databases! {
    async fn a_clean_stop_loses_no_use(database) {
        let app = Builder::on(database).start().await;
        let token = app.session().await.tokens.access;
        let again = app.another_node();
        at_once(8, async |_| {
            for _ in 0..20 {
                assert_eq!(app.whoami(&token).await.status, 200);
            }
        });
        app.stop().await;
        let app = again.start().await;
        assert_eq!(app.count("uses").await, 160);
        app.stop().await;
    }

    async fn a_killed_server_loses_less_than_a_second_of_uses_and_no_event(database) {
        let app = Builder::on(database).start().await;
        let session = app.session().await;
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&session.person).await;
        let ended = app.session_in(&browser, &client, &session.person).await.tokens;
        let url = app.issuer().to_owned();
        let daemons = Daemons::new(
            &[
                ("KEYSTILE_PUBLIC_URL", url.clone()),
                ("KEYSTILE_LISTEN", app.address().to_string()),
                ("KEYSTILE_DATA_DIR", app.data_dir().display().to_string()),
                ("KEYSTILE_DATABASE_URL", app.database().url()),
            ],
            &url,
            app.data_dir(),
        );
        let again = app.another_node();
        app.stop().await;
        let mut server = daemons.start().await;
        let caller = Anonymous::at(&url);
        let whoami = async || {
            let request = caller.request(Method::GET, "/api/v1/whoami").bearer_auth(&session.tokens.access);
            assert_eq!(caller.send(request).await.status, 200);
        };
        for _ in 0..40 {
            whoami().await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        whoami().await;
        let revoked = caller.post("/oauth/revoke", &[("client_id", &client.id), ("token", &ended.refresh)]).await;
        assert_eq!(revoked.status, 200);
        server.kill();
        let app = again.start().await;
        let kept = app.count("uses").await;
        assert!((40..=41).contains(&kept), "{kept}: what is older than a second is there");
        assert!(app.stored(&ended.session()).await.revoked_at.is_some());
        let events = app.audit_of(&session.person.organization.id).await;
        let revoked = events.iter().filter(|action| *action == "session.revoked").count();
        assert_eq!(revoked, 1, "an event is committed before the response");
        app.stop().await;
    }
}
