//! The scope catalog.

use serde_json::json;

use crate::support::both_engines;

both_engines! {
    async fn the_catalog_is_public_versioned_and_says_who_may_give_what(app) {
        let answer = app.anonymous().get("/api/v1/scopes").await;
        assert_eq!(answer.status, 200);
        let data = &answer.json()["data"];
        assert_eq!(data["version"], "v1");
        let scopes = data["scopes"].as_array().unwrap();
        let deletes = scopes.iter().find(|scope| scope["id"] == "deployments:delete").unwrap();
        assert_eq!(*deletes, json!({ "id": "deployments:delete", "label": "Delete deployments", "level": "delete", "roles": ["owner", "admin"] }));
        for id in ["deployments:read", "deployments:write", "operations:read", "org:read"] {
            assert!(scopes.iter().any(|scope| scope["id"] == id), "{id}");
        }
        assert_eq!(data["bundles"][0]["id"], "read-only");
        let metadata = app.anonymous().get("/.well-known/oauth-authorization-server").await.json();
        let tools = &metadata["cli_configuration"];
        assert_eq!(tools["scopes_url"], json!(format!("{}/api/v1/scopes", app.issuer())));
        assert_eq!(tools["dashboard_keys_url"], json!(format!("{}/keys", app.issuer())));
    }
}
