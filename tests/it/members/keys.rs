//! API keys of a removed member that move to a service account.

use serde_json::{Value, json};

use super::{path, remove_form, role_of};
use crate::support::api::ApiCaller;
use crate::support::both_engines;

fn wanted(name: &str, scopes: &[&str]) -> Value {
    json!({ "name": name, "mode": "live", "scopes": scopes })
}

/// The scopes that a key has now.
async fn scopes(key: &ApiCaller) -> Value {
    key.get("/api/v1/whoami").await.json()["data"]["scopes"].clone()
}

async fn account(owner: &ApiCaller, role: &str) -> String {
    let body = json!({ "name": "CI", "purpose": "deploys", "role": role });
    owner.made("/api/v1/service-accounts", &body).await["id"].as_str().unwrap().to_owned()
}

both_engines! {
    async fn p_20_a_moved_key_keeps_its_secret_and_no_more_than_the_role_of_its_service_account(app) {
        let tool = app.owners_tool().await;
        let viewer = account(&tool, "viewer").await;
        app.execute("UPDATE organizations SET unrestricted_keys = TRUE").await.unwrap();
        let member = app.member("member").await;
        let everything = app.config.catalog.ids().collect::<Vec<_>>().join(" ");
        let theirs = app.tool_of(&member, &everything).await;
        let both = theirs.key(&wanted("both", &["deployments:read", "deployments:write"])).await;
        let writing = theirs.key(&wanted("writing", &["deployments:write"])).await;
        let all = theirs.key(&json!({ "name": "all", "mode": "live" })).await;
        let (reading, dead, open) = (app.holder(&both), app.holder(&writing), app.holder(&all));
        assert_eq!(scopes(&reading).await, json!(["deployments:read", "deployments:write"]));
        let browser = app.browser_of(&app.owner().await).await;
        let form = remove_form(&browser, &member).await.with("keys", "move").with("service_account", &viewer);
        assert_eq!(browser.submit(&form).await.status, 303);
        assert_eq!(scopes(&reading).await, json!(["deployments:read"]));
        let whoami = reading.get("/api/v1/whoami").await.json();
        assert_eq!(whoami["data"]["subject"]["id"], json!(viewer));
        assert_eq!(dead.get("/api/v1/whoami").await.status, 401, "a key that would keep nothing ends");
        let explicit = tool.get(&format!("/api/v1/keys/{}", all["id"].as_str().unwrap())).await.json();
        assert_eq!(explicit["data"]["unrestricted"], false);
        assert!(explicit["data"]["scopes"].as_array().unwrap().contains(&json!("deployments:read")));
        assert!(!scopes(&open).await.as_array().unwrap().contains(&json!("deployments:write")));
        // What fell away does not come back with a greater role.
        let raised = tool.post(&format!("/api/v1/service-accounts/{viewer}/role"), &json!({ "role": "member" })).await;
        assert_eq!(raised.status, 200);
        assert_eq!(scopes(&reading).await, json!(["deployments:read"]));
        assert!(!scopes(&open).await.as_array().unwrap().contains(&json!("deployments:write")));
        let events = app.events_of(&member.organization.id).await;
        let moved: Vec<_> = events.iter().filter(|event| event.action == "key.moved").collect();
        assert_eq!(moved.len(), 2);
        assert!(moved.iter().any(|event| event.details.contains(r#""after":"deployments:read""#)));
        let removed = events.iter().find(|event| event.action == "member.removed").unwrap();
        assert!(removed.details.contains(r#""keys":1,"moved_keys":2"#), "{}", removed.details);
    }

    async fn p_20_keys_move_only_to_an_active_service_account_of_the_organization(app) {
        let tool = app.owners_tool().await;
        let (off, admins) = (account(&tool, "viewer").await, account(&tool, "owner").await);
        assert_eq!(tool.post(&format!("/api/v1/service-accounts/{off}/disable"), &json!({})).await.status, 200);
        let acme = app.organization("Acme").await;
        let foreign = app.member_of(&acme, "owner").await;
        let foreign = account(&app.tool_of(&foreign, "service_accounts:manage").await, "viewer").await;
        let member = app.member("member").await;
        let theirs = app.tool_of(&member, "keys:manage org:read").await;
        let key = app.holder(&theirs.key(&wanted("CI", &["org:read"])).await);
        let browser = app.browser_of(&app.member("admin").await).await;
        let form = remove_form(&browser, &member).await.with("keys", "move");
        for (account, status) in [(&off, 422), (&foreign, 422), (&"sa_unknown".to_owned(), 422), (&admins, 403)] {
            let answer = browser.submit(&form.clone().with("service_account", account)).await;
            assert_eq!(answer.status, status, "{account}: {}", answer.text());
        }
        let answer = browser.submit(&form.with("keys", "both")).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(role_of(app, &member).await.as_deref(), Some("member"));
        assert_eq!(key.get("/api/v1/whoami").await.status, 200);
        assert_eq!(app.audited("key.moved").await, 0);
        let page = browser.get(&path(&member, "remove")).await;
        assert!(!page.text().contains("Move them to a service account"), "{}", page.text());
    }
}
