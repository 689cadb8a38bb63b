//! `/o/{org}/service-accounts`: creation, roles, keys, disabling and enabling in the browser.

use super::keys::secret;
use crate::support::both_engines;
use crate::support::html::{Form, links};
use crate::support::http::BrowserCaller;

const ACCOUNTS: &str = "/o/northwind-labs/service-accounts";
const NEW: &str = "/o/northwind-labs/service-accounts/new";

pub(super) async fn filled_in(browser: &BrowserCaller) -> Form {
    let form = browser.get(NEW).await.form(NEW);
    form.with("name", "Deployer").with("purpose", "Deploys the website").with("role", "member")
}

/// The path of a new service account.
async fn create_account(browser: &BrowserCaller) -> String {
    let answer = browser.submit(&filled_in(browser).await).await;
    answer.location().split('?').next().unwrap().to_owned()
}

/// The role form of a new account.
pub(super) async fn role_form(browser: &BrowserCaller) -> Form {
    let path = create_account(browser).await;
    browser.get(&path).await.form(&format!("{path}/role")).with("role", "viewer")
}

/// The form that disables a new account.
pub(super) async fn state_form(browser: &BrowserCaller) -> Form {
    let path = create_account(browser).await;
    browser.get(&format!("{path}/disable")).await.form(&format!("{path}/state"))
}

both_engines! {
    async fn a_service_account_is_made_gets_a_key_and_takes_it_along(app) {
        let browser = app.browser_of(&app.owner().await).await;
        assert!(browser.get(ACCOUNTS).await.text().contains("No service accounts yet."));
        let path = create_account(&browser).await;
        let page = browser.get(&path).await;
        for words in ["Deployer", "Deploys the website", "by Olivia", "It has no keys."] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        let new_key = links(&page.body).into_iter().find(|link| link.contains("keys/new?owner=")).unwrap();
        let form = browser.get(&new_key).await.form("/o/northwind-labs/keys/new");
        assert!(form.field("owner").is_some_and(|owner| path.ends_with(owner)), "{form:?}");
        let form = form.with("name", "Pipeline").with("scope.deployments:write", "on");
        let key = app.caller(&secret(&browser.submit(&form).await));
        let write = async || key.get("/api/v1/whoami").await.body.contains("deployments:write");
        assert!(write().await);
        assert!(browser.get(&path).await.text().contains("Pipeline"));
        assert!(browser.get(ACCOUNTS).await.text().contains("Deployer member"));
        let role = browser.get(&path).await.form(&format!("{path}/role")).with("role", "viewer");
        assert_eq!(browser.submit(&role).await.location(), format!("{path}?done=role-saved"));
        assert!(!write().await, "its keys lose scopes that the role does not hold");
        let confirm = browser.get(&format!("{path}/disable")).await;
        assert!(confirm.text().contains("This stops 1 API key from the next request on."), "{}", confirm.text());
        let disabled = browser.submit(&confirm.form(&format!("{path}/state"))).await;
        assert_eq!(key.get("/api/v1/whoami").await.status, 401);
        let page = browser.get(disabled.location()).await;
        assert!(page.text().contains("Its keys no longer work."), "{}", page.text());
        assert!(page.text().contains("Suspended"), "{}", page.text());
        browser.submit(&page.form(&format!("{path}/state"))).await;
        assert_eq!(key.get("/api/v1/whoami").await.status, 200);
    }

    async fn all_missing_fields_are_named_at_once(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let refused = browser.submit(&browser.get(NEW).await.form(NEW).with("purpose", "Backups")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("Enter a name") && refused.text().contains("Choose a role"));
        assert_eq!(refused.form(NEW).field("purpose"), Some("Backups"));
        let unknown = browser.submit(&filled_in(&browser).await.with("role", "emperor")).await;
        assert_eq!(unknown.status, 422, "{}", unknown.text());
        let long = browser.submit(&filled_in(&browser).await.with("name", &"x".repeat(101))).await;
        assert!(long.text().contains("one line of at most 100 characters"), "{}", long.text());
        assert_eq!(app.count("service_accounts").await, 0);
    }

    async fn tn_01_service_accounts_are_for_managers_and_never_exceed_their_role(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let path = create_account(&owner).await;
        let acme = app.organization("Acme").await;
        let stranger = app.browser_of(&app.member_of(&acme, "owner").await).await;
        let member = app.browser_of(&app.member("member").await).await;
        for (browser, status) in [(&member, 403), (&stranger, 404)] {
            for page in [ACCOUNTS, NEW, &path, &format!("{path}/disable")] {
                assert_eq!(browser.get(page).await.status, status, "{page}");
            }
        }
        let elsewhere = path.replace("northwind-labs", &acme.slug);
        assert_eq!(stranger.get(&elsewhere).await.status, 404);
        let admin = app.browser_of(&app.member("admin").await).await;
        assert!(admin.get(NEW).await.text().contains("It can do more than your role."));
        let refused = admin.submit(&filled_in(&admin).await.with("role", "owner")).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_eq!(app.count("service_accounts").await, 1);
    }
}
