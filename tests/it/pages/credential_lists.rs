//! The lists of keys and tokens: active ones, and ended ones on request.

use chrono::TimeDelta;
use serde_json::json;

use super::keys::KEYS;
use super::{service_accounts, tokens};
use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html::links;
use crate::support::http::Answer;

async fn revoked(tool: &ApiCaller, path: &str, made: &serde_json::Value) {
    let path = format!("{path}/{}/revoke", made["id"].as_str().unwrap());
    assert_eq!(tool.post(&path, &json!({})).await.status, 200);
}

async fn key(app: &TestApp, tool: &ApiCaller, name: &str, minutes: i64) -> serde_json::Value {
    let end = (app.clock.now() + TimeDelta::minutes(minutes)).iso();
    tool.key(&json!({ "name": name, "mode": "live", "scopes": ["org:read"], "expiresAt": end })).await
}

/// The target of the link on an empty list.
fn shows(page: &Answer, state: &str) -> String {
    let wanted = format!("state={state}");
    let link = links(&page.body).into_iter().find(|link| link.contains(&wanted));
    link.unwrap_or_else(|| panic!("no link to {state}: {}", page.text()))
}

both_engines! {
    async fn keys_that_have_ended_are_shown_when_asked_for(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        let none = browser.get(&format!("{KEYS}?state=ended")).await;
        assert!(none.text().contains("No keys yet.") && !none.body.contains("class=\"toolbar\""), "{}", none.text());
        let tool = app.owners_tool().await;
        key(app, &tool, "Expiring", 20).await;
        let working = key(app, &tool, "Working", 90).await;
        let ended = browser.get(&format!("{KEYS}?state=ended")).await;
        assert!(ended.text().contains("No key has ended.") && ended.text().contains("Create API key"), "{}", ended.text());
        assert!(links(&ended.body).contains(&KEYS.to_owned()));
        revoked(&tool, "/api/v1/keys", &key(app, &tool, "Revoked key", 90).await).await;
        app.advance(TimeDelta::minutes(20));
        let has = async |query: &str| {
            let text = browser.get(&format!("{KEYS}{query}")).await.text();
            ["Working", "Expiring", "Revoked key"].map(|name| text.contains(name))
        };
        assert_eq!(has("").await, [true, false, false]);
        assert_eq!(has("?state=active").await, [true, false, false]);
        assert_eq!(has("?state=nonsense").await, [true, false, false]);
        assert_eq!(has("?state=ended").await, [false, true, true]);
        assert_eq!(has("?state=all").await, [true, true, true]);
        revoked(&app.owners_tool().await, "/api/v1/keys", &working).await;
        let none = browser.get(KEYS).await;
        assert!(none.text().contains("No key is active."), "{}", none.text());
        assert_eq!(none.body.matches("Create API key").count(), 1);
        let ended = browser.get(&shows(&none, "ended")).await.text();
        assert!(ended.contains("Expired") && ended.contains("Revoked") && !ended.contains("Change permissions"), "{ended}");
    }

    async fn the_choice_stays_from_page_to_page(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let tool = app.owners_tool().await;
        for _ in 0..11 {
            revoked(&tool, "/api/v1/keys", &key(app, &tool, "Gone", 90).await).await;
        }
        key(app, &tool, "Working", 90).await;
        let count = |page: &Answer| page.body.matches("<li class=\"session\">").count();
        assert_eq!(count(&browser.get(KEYS).await), 1);
        let first = browser.get(&format!("{KEYS}?state=ended")).await;
        let older = links(&first.body).into_iter().find(|link| link.contains("cursor=")).unwrap();
        let second = browser.get(&older).await;
        assert_eq!((count(&first), count(&second)), (10, 1));
        assert!(links(&second.body).contains(&format!("{KEYS}?state=ended")), "{:?}", links(&second.body));
        let beyond = browser.get(&older.replace("state=ended", "state=active")).await;
        assert!(beyond.text().contains("There are no more keys."), "{}", beyond.text());
        assert!(links(&beyond.body).contains(&KEYS.to_owned()));
    }

    async fn tokens_that_have_ended_are_shown_when_asked_for(app) {
        let person = app.owner().await;
        let browser = app.browser_of(&person).await;
        let form = tokens::form_of_new(&browser).await;
        app.join(&person, &app.organization("Acme").await, "member").await;
        let list = browser.get("/tokens?org=northwind-labs&state=ended").await;
        assert!(list.text().contains("No token has ended."), "{}", list.text());
        let list = browser.get(browser.submit(&form).await.location()).await;
        for words in ["Personal token revoked.", "No token is active."] {
            assert!(list.text().contains(words), "{words}: {}", list.text());
        }
        let ended = shows(&list, "ended");
        assert_eq!(ended, "/tokens?org=northwind-labs&state=ended");
        let list = browser.get(&ended).await;
        assert!(list.text().contains("Notebook") && list.text().contains("Revoked"), "{}", list.text());
        assert_eq!(list.form("/tokens").field("org"), Some("northwind-labs"), "the filter keeps the organization");
    }

    async fn the_keys_of_a_service_account_are_filtered_as_well(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let path = service_accounts::role_form(&browser).await.action.replace("/role", "");
        let account = path.rsplit('/').next().unwrap();
        let tool = app.owners_tool().await;
        let body = json!({ "name": "Pipeline", "mode": "live", "scopes": ["org:read"], "serviceAccount": account });
        let made = tool.key(&body).await;
        assert!(browser.get(&path).await.text().contains("Pipeline"));
        revoked(&tool, "/api/v1/keys", &made).await;
        let page = browser.get(&path).await;
        assert!(page.text().contains("No key is active."), "{}", page.text());
        let ended = shows(&page, "ended");
        assert_eq!(ended, format!("{path}?state=ended"));
        assert!(browser.get(&ended).await.text().contains("Pipeline"));
    }
}
