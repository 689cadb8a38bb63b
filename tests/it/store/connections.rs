//! Connections that are cut while nobody looks.

use serde_json::json;

use crate::support::app::Builder;
use crate::support::database::Database;

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
