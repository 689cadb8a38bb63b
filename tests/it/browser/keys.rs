//! API keys in a real browser: created, used, reduced with their creator's role, and revoked.

use super::looks::{inspect, problems};
use super::{complaints, server, sign_in};
use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::browser::{Browser, Page};

async fn tick(page: &Page, name: &str) {
    let click = format!("document.querySelector('[name=\"{name}\"]').click()");
    page.evaluate::<Option<()>>(&click).await;
}

/// Submits the form without the browser's validation.
async fn send_empty(page: &Page, button: &str) {
    page.evaluate::<bool>("document.querySelector('form.confirm').noValidate = true").await;
    page.follow(button).await;
}

/// Creates a key and returns the secret shown on the page.
async fn make(page: &Page, scopes: &[&str]) -> String {
    page.follow("API keys").await;
    page.follow("Create API key").await;
    page.fill("Name", "Build pipeline").await;
    for scope in scopes {
        tick(page, &format!("scope.{scope}")).await;
    }
    page.follow("Create API key").await;
    page.shows("You will not see it again.").await;
    page.evaluate("document.getElementById('secret').textContent").await
}

async fn has_scope(key: &ApiCaller, scope: &str) -> bool {
    let answer = key.get("/api/v1/whoami").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.contains(&format!("\"{scope}\""))
}

async fn journey(java_script: bool) {
    let app = server().await;
    let person = app.member("member").await;
    let page = Browser::new().await.page().await;
    page.java_script(java_script).await;
    sign_in(&app, &page, &person).await;
    let secret = make(&page, &["deployments:read", "deployments:write"]).await;
    assert!(!page.url().await.contains(&secret[..20]), "the secret is not in the URL");
    assert!(!page.evaluate::<String>("document.title").await.contains(&secret[..20]));
    let key = app.caller(&secret);
    assert!(has_scope(&key, "deployments:write").await);
    page.follow("I have stored it").await;
    page.shows("Build pipeline").await;
    assert!(!page.html().await.contains(&secret));
    page.back().await;
    // The browser has not cached the page, and warns before it resubmits the form.
    page.leaves(app.issuer()).await;
    assert!(!page.html().await.contains(&secret));
    // AK-07: the next request has only the scopes of the new role.
    demote(&app, &person.id).await;
    assert!(has_scope(&key, "deployments:read").await && !has_scope(&key, "deployments:write").await);
    app.execute(&format!("UPDATE memberships SET role = 'member' WHERE user_id = '{}'", person.id))
        .await
        .unwrap();
    page.goto(&format!("{}/keys", app.issuer())).await;
    page.follow("Change permissions of Build pipeline").await;
    tick(&page, "scope.deployments:write").await;
    page.follow("Save permissions").await;
    page.shows("Permissions saved.").await;
    assert!(has_scope(&key, "deployments:read").await && !has_scope(&key, "deployments:write").await);
    page.follow("Revoke Build pipeline").await;
    page.shows("This cannot be undone.").await;
    page.follow("Revoke Build pipeline").await;
    page.shows("API key revoked.").await;
    page.follow("Show ended").await;
    page.shows("Revoked").await;
    page.evaluate::<Option<()>>("void (document.getElementById('state').value = 'active')").await;
    page.follow("Filter").await;
    page.shows("No key is active.").await;
    assert_eq!(key.get("/api/v1/whoami").await.status, 401);
    assert_eq!(complaints(&page), Vec::<String>::new());
    app.stop().await;
}

async fn demote(app: &TestApp, user_id: &str) {
    let statement = format!("UPDATE memberships SET role = 'viewer' WHERE user_id = '{user_id}'");
    assert_eq!(app.execute(&statement).await, Ok(1));
}

#[tokio::test]
async fn ak_07_a_key_is_made_used_shrunk_and_revoked_with_scripts() {
    journey(true).await;
}

#[tokio::test]
async fn ak_07_a_key_is_made_used_shrunk_and_revoked_without_scripts() {
    journey(false).await;
}

#[tokio::test]
async fn pages_of_keys_are_accessible() {
    let app = server().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &app.owner().await).await;
    let mut found = Vec::new();
    let at = |path: &str| format!("{}{path}", app.issuer());
    for path in ["/keys", "/tokens", "/o/northwind-labs/service-accounts"] {
        inspect(&page, &mut found, &at(path), &format!("{path}, empty")).await;
    }
    app.execute("UPDATE organizations SET unrestricted_keys = true").await.unwrap();
    page.goto(&at("/o/northwind-labs/service-accounts/new")).await;
    send_empty(&page, "Create service account").await;
    found.extend(problems(&page, "new service account, wrong").await);
    page.fill("Name", &"W".repeat(60)).await;
    page.fill("What it is for", &"purpose".repeat(20)).await;
    tick(&page, "role").await;
    page.follow("Create service account").await;
    found.extend(problems(&page, "service account").await);
    let account = page.url().await;
    for path in ["/o/northwind-labs/keys/new", "/tokens/new", "/scopes#deployments:read"] {
        inspect(&page, &mut found, &at(path), path).await;
    }
    page.goto(&at("/o/northwind-labs/keys/new")).await;
    send_empty(&page, "Create API key").await;
    found.extend(problems(&page, "new key, wrong").await);
    page.fill("Name", &"W".repeat(100)).await;
    tick(&page, "bundle.deploy").await;
    page.follow("Create API key").await;
    found.extend(problems(&page, "key created").await);
    for path in ["/o/northwind-labs/service-accounts", "/keys"] {
        inspect(&page, &mut found, &at(path), path).await;
    }
    page.evaluate::<Option<()>>("document.querySelectorAll('details').forEach(d => { d.open = true })").await;
    found.extend(problems(&page, "keys, all open").await);
    inspect(&page, &mut found, &at("/keys?state=ended"), "keys, none ended").await;
    for act in ["permissions", "rotate", "end"] {
        page.goto(&at("/keys")).await;
        let link: String =
            page.evaluate(&format!("document.querySelector('.act a[href$={act}]').href")).await;
        inspect(&page, &mut found, &link, act).await;
        if act == "permissions" {
            let untick = "document.querySelectorAll('form.confirm :checked').forEach(box => box.click())";
            page.evaluate::<Option<()>>(untick).await;
            page.follow("Save permissions").await;
            found.extend(problems(&page, "permissions, wrong").await);
        }
    }
    inspect(&page, &mut found, &account.replace("?done=service-account-created", "/disable"), "disable")
        .await;
    let settings = "/o/northwind-labs/settings/api-access/api-keys/off";
    inspect(&page, &mut found, &at(settings), settings).await;
    page.follow("Turn them off").await;
    for path in ["/keys", "/o/northwind-labs/settings/api-access"] {
        inspect(&page, &mut found, &at(path), &format!("{path}, keys off")).await;
    }
    app.execute("UPDATE credentials SET revoked_at = created_at").await.unwrap();
    for path in ["/keys", "/keys?state=ended", "/tokens?state=ended"] {
        inspect(&page, &mut found, &at(path), &format!("{path}, all ended")).await;
    }
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(complaints(&page), Vec::<String>::new());
    app.stop().await;
}
