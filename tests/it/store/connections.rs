//! Connections that are cut while idle.

use serde_json::json;

use crate::support::app::Builder;
use crate::support::database::Database;
use crate::support::oauth::Tokens;

#[tokio::test]
async fn after_a_restart_of_postgresql_the_very_next_requests_are_answered() {
    let app = Builder::on(Database::postgres()).start().await;
    let tool = app.owners_tool().await;
    let key = app.holder(&tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await);
    for _ in 0..4 {
        assert_eq!(key.get("/api/v1/verify").await.status, 200);
    }
    app.database().cut_connections();
    for n in 0..4 {
        assert_eq!(key.get("/api/v1/verify").await.status, 200, "{n}");
    }
    app.stop().await;
}

#[tokio::test]
async fn cc_05_the_first_request_after_connections_died_is_answered() {
    let app = Builder::on(Database::postgres()).start().await;
    let session = app.session().await;
    let browser = app.browser_of(&session.person).await;
    let renamed = format!("/cli-sessions/{}/rename", session.tokens.session());
    let page = browser.get(&renamed).await;
    let form = page.form(&renamed).with("name", "laptop");
    app.database().cut_connections();
    assert_eq!(browser.get("/cli-sessions").await.status, 200, "a page");
    app.database().cut_connections();
    assert_eq!(browser.submit(&form).await.status, 303, "a form");
    app.database().cut_connections();
    assert_eq!(app.whoami(&session.tokens.access).await.status, 200, "an access token");
    let mut refresh_token = session.tokens.refresh.clone();
    // More often than there are rotation threads, so that one of them finds the connection that it used before dead.
    for _ in 0..8 {
        app.database().cut_connections();
        let refreshed = app.refresh(&session.client, &refresh_token).await;
        assert_eq!(refreshed.status, 200, "a refresh");
        refresh_token = Tokens::of(&refreshed).refresh;
    }
    app.database().cut_connections();
    let codes = app.new_device_codes().await;
    app.database().cut_connections();
    assert_eq!(app.poll(&codes).await.json()["error"], "authorization_pending", "a device code");
    app.database().cut_connections();
    assert_eq!(app.names("SELECT name FROM credentials").await, ["laptop"], "a read");
    app.stop().await;
}
