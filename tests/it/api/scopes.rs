//! The scope catalog.

use keystiled::domain::client::ClientKind;
use keystiled::domain::scope::ScopeSet;
use serde_json::{Value, json};

use super::{is, refusal};
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
        let of_nobody = app.anonymous().get("/api/v1/scopes?client_id=cli_nobody").await;
        assert_eq!(refusal(&of_nobody), is(404, "not_found"));
        let twice = app.anonymous().get("/api/v1/scopes?client_id=a&client_id=b").await;
        assert_eq!(refusal(&twice), is(400, "invalid_request"));
        let metadata = app.anonymous().get("/.well-known/oauth-authorization-server").await.json();
        let tools = &metadata["cli_configuration"];
        assert_eq!(tools["scopes_url"], json!(format!("{}/api/v1/scopes", app.issuer())));
        assert_eq!(tools["dashboard_keys_url"], json!(format!("{}/keys", app.issuer())));
    }

    async fn a_client_sees_the_scopes_that_it_may_request(app) {
        let scopes = ScopeSet::parse("org:read deployments:write").unwrap();
        let client = app.client_with(ClientKind::Native, |client| client.scopes = Some(scopes)).await;
        let data = app.anonymous().get(&format!("/api/v1/scopes?client_id={}", client.id)).await.json()["data"].clone();
        let ids = |list: &Value| list.as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&data["scopes"]), ["org:read", "deployments:write"]);
        assert_eq!(data["bundles"], json!([]), "no bundle is a subset of these");
    }
}
