//! `/o/{org}/keys/{id}/permissions`: changing the permissions of an API key in the browser.

use serde_json::json;

use super::keys::{KEYS, filled_in, form_of_new, path_of_newest, secret};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html::Form;
use crate::support::http::BrowserCaller;

/// A new key with deployments:read, and the path of its permissions.
async fn create_key(browser: &BrowserCaller) -> (String, String) {
    let key = secret(&browser.submit(&filled_in(browser).await).await);
    (key, path_of_newest(browser, "permissions").await)
}

async fn form(browser: &BrowserCaller, path: &str) -> Form {
    browser.get(path).await.form(path)
}

/// The current permissions of a key.
async fn scopes_of(app: &TestApp, key: &str) -> serde_json::Value {
    app.caller(key).get("/api/v1/whoami").await.json()["data"]["scopes"].clone()
}

both_engines! {
    async fn permissions_are_changed_in_the_browser_and_count_at_once(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let (key, path) = create_key(&browser).await;
        let page = browser.get(&path).await;
        for words in ["Change the permissions of Build", "It was never used.", "Add a bundle"] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        let form = page.form(&path);
        assert_eq!(form.field("scope.deployments:read"), Some("on"), "it is preselected");
        assert_eq!(form.field("scope.deployments:write"), None);
        let answer = browser.submit(&form.clone().with("bundle.deploy", "on").with("scope.keys:read", "on")).await;
        assert_eq!(answer.location(), format!("{KEYS}?done=key-permissions"));
        let list = browser.get(answer.location()).await.text();
        assert!(list.contains("Permissions saved.") && list.contains("4 permissions"), "{list}");
        let wide = json!(["deployments:read", "deployments:write", "keys:read", "operations:read"]);
        assert_eq!(scopes_of(app, &key).await, wide);
        let page = browser.get(&path).await;
        assert!(!page.body.contains("name=\"bundle.deploy\""), "the key has all permissions of that bundle");
        let narrow = page.form(&path).without("scope.deployments:write").without("scope.operations:read");
        assert_eq!(browser.submit(&narrow).await.status, 303);
        assert_eq!(scopes_of(app, &key).await, json!(["deployments:read", "keys:read"]));
        assert_eq!(app.audited("key.scopes_changed").await, 2);
    }

    async fn a_key_keeps_at_least_one_permission(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let (key, path) = create_key(&browser).await;
        let refused = browser.submit(&form(&browser, &path).await.without("scope.deployments:read")).await;
        assert_eq!(refused.status, 422);
        for words in ["There is a problem", "Choose at least one permission."] {
            assert!(refused.text().contains(words), "{words}: {}", refused.text());
        }
        assert!(refused.body.contains("<title>Error: "), "{}", refused.body);
        assert_eq!(refused.form(&path).field("scope.deployments:read"), None, "the selection is kept");
        assert_eq!(scopes_of(app, &key).await, json!(["deployments:read"]));
        assert_eq!(app.audited("key.scopes_changed").await, 0);
    }

    async fn ak_08_nobody_gives_a_key_more_than_they_or_its_owner_hold(app) {
        let member = app.browser_of(&app.member("member").await).await;
        let (key, path) = create_key(&member).await;
        let page = member.get(&path).await;
        assert!(page.text().contains("Your role or the role of the key’s owner does not include it."), "{}", page.text());
        let refused = member.submit(&page.form(&path).with("scope.deployments:delete", "on")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("Your role does not include deployments:delete."), "{}", refused.text());
        // An owner holds the scope, but the member that the key acts as does not.
        let owner = app.browser_of(&app.owner().await).await;
        let refused = owner.submit(&form(&owner, &path).await.with("scope.deployments:delete", "on")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("which does not include deployments:delete"), "{}", refused.text());
        assert_eq!(scopes_of(app, &key).await, json!(["deployments:read"]));
        let wider = form(&owner, &path).await.with("scope.deployments:write", "on");
        assert_eq!(owner.submit(&wider).await.status, 303, "somebody else's key");
        assert_eq!(scopes_of(app, &key).await, json!(["deployments:read", "deployments:write"]));
    }

    async fn scopes_that_the_owner_lost_are_named_and_removed(app) {
        let person = app.member("member").await;
        let member = app.browser_of(&person).await;
        let (key, path) = create_key(&member).await;
        member.submit(&form(&member, &path).await.with("scope.deployments:write", "on")).await;
        let demote = format!("UPDATE memberships SET role = 'viewer' WHERE user_id = '{}'", person.id);
        app.execute(&demote).await.unwrap();
        let owner = app.browser_of(&app.owner().await).await;
        let page = owner.get(&path).await;
        let words = "It also has permissions that the role of its owner, viewer, no longer includes: deployments:write .";
        assert!(page.text().contains(words), "{}", page.text());
        assert_eq!(owner.submit(&page.form(&path)).await.status, 303);
        assert!(!owner.get(&path).await.text().contains("It also has"));
        app.execute(&demote.replace("viewer", "member")).await.unwrap();
        assert_eq!(scopes_of(app, &key).await, json!(["deployments:read"]));
    }

    async fn the_key_of_a_former_member_can_only_lose_permissions(app) {
        let person = app.member("member").await;
        let member = app.browser_of(&person).await;
        let (_, path) = create_key(&member).await;
        member.submit(&form(&member, &path).await.with("scope.deployments:write", "on")).await;
        app.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", person.id)).await.unwrap();
        let owner = app.browser_of(&app.owner().await).await;
        let page = owner.get(&path).await;
        assert!(page.text().contains("Its owner has left or is disabled."), "{}", page.text());
        let refused = owner.submit(&page.form(&path).with("scope.org:read", "on")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("scopes can only be removed from it"), "{}", refused.text());
        assert_eq!(owner.submit(&page.form(&path).without("scope.deployments:write")).await.status, 303);
    }

    async fn an_unrestricted_key_gets_permissions_of_its_own_for_good(app) {
        app.owner().await;
        app.execute("UPDATE organizations SET unrestricted_keys = true").await.unwrap();
        let browser = app.browser_of(&app.owner().await).await;
        let key = secret(&browser.submit(&filled_in(&browser).await.with("grant", "unrestricted")).await);
        let path = path_of_newest(&browser, "permissions").await;
        app.execute("UPDATE organizations SET unrestricted_keys = false").await.unwrap();
        assert_eq!(scopes_of(app, &key).await, json!([]));
        let page = browser.get(&path).await;
        assert!(page.text().contains("This key is unrestricted"), "{}", page.text());
        let form = page.form(&path);
        assert!(form.fields().iter().all(|(name, _)| !name.starts_with("scope.")), "nothing is preselected: {form:?}");
        assert_eq!(form.field("grant"), None);
        let forged = browser.submit(&form.clone().with("grant", "unrestricted")).await;
        assert_eq!(forged.status, 422, "{}", forged.text());
        assert_eq!(browser.submit(&form.with("scope.org:read", "on")).await.status, 303);
        assert_eq!(scopes_of(app, &key).await, json!(["org:read"]));
        assert!(!browser.get(KEYS).await.text().contains("Unrestricted"));
    }

    async fn of_two_concurrent_changes_the_second_must_be_confirmed(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let (key, path) = create_key(&browser).await;
        let admin = app.browser_of(&app.member("admin").await).await;
        let mine = form(&browser, &path).await.with("scope.org:read", "on");
        let theirs = form(&admin, &path).await.with("scope.keys:read", "on");
        assert_eq!(browser.submit(&mine).await.status, 303);
        assert_eq!(browser.submit(&mine).await.status, 303, "an unchanged selection is no conflict");
        let late = admin.submit(&theirs).await;
        assert_eq!(late.status, 422);
        let words = "The permissions of the key were changed by somebody else: it now has deployments:read org:read.";
        assert!(late.text().contains(words), "{}", late.text());
        let again = late.form(&path);
        assert_eq!((again.field("scope.keys:read"), again.field("scope.org:read")), (Some("on"), None));
        assert_eq!(scopes_of(app, &key).await, json!(["deployments:read", "org:read"]));
        assert_eq!(admin.submit(&again).await.status, 303);
        assert_eq!(scopes_of(app, &key).await, json!(["deployments:read", "keys:read"]));
        assert_eq!(app.audited("key.scopes_changed").await, 2);
    }

    async fn ak_03_the_permissions_of_an_ended_key_cannot_be_changed(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let (_, path) = create_key(&browser).await;
        let form = form(&browser, &path).await.with("scope.org:read", "on");
        let end = path.replace("/permissions", "/end");
        browser.submit(&browser.get(&end).await.form(&end)).await;
        for answer in [browser.get(&path).await, browser.submit(&form).await] {
            assert_eq!(answer.status, 409);
            assert!(answer.text().contains("The API key was revoked"), "{}", answer.text());
        }
        assert_eq!(app.audited("key.scopes_changed").await, 0);
    }

    async fn tn_01_the_permissions_of_a_key_of_others_are_a_404(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let (key, path) = create_key(&owner).await;
        let member = app.browser_of(&app.member("member").await).await;
        let viewer = app.browser_of(&app.member("viewer").await).await;
        let acme = app.organization("Acme").await;
        let stranger = app.browser_of(&app.member_of(&acme, "owner").await).await;
        let elsewhere = path.replace("northwind-labs", &acme.slug);
        for (browser, path, status) in
            [(&member, &path, 404), (&viewer, &path, 403), (&stranger, &path, 404), (&stranger, &elsewhere, 404)]
        {
            assert_eq!(browser.get(path).await.status, status, "{path}");
        }
        // Submits a form of their own key to the key of others.
        let mut forged = form_of_new(&member, "permissions").await.with("scope.org:read", "on");
        forged.action.clone_from(&path);
        assert_eq!(member.submit(&forged).await.status, 404);
        assert_eq!(app.browser().get(&path).await.location(), "/sign-in");
        assert_eq!(scopes_of(app, &key).await, json!(["deployments:read"]));
    }
}
