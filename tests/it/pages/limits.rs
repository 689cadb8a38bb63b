//! Settings > API access: whether API keys are allowed, and the limits of keys and personal tokens.

use super::keys::{self, secret};
use super::{API_ACCESS, tokens};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html::Form;
use crate::support::http::BrowserCaller;

const KEYS: &str = "/o/northwind-labs/settings/api-access/api-keys";
const LIMITS: &str = "/o/northwind-labs/settings/api-access/limits";

/// The form that turns API keys off.
pub(super) async fn switch_form(browser: &BrowserCaller) -> Form {
    browser.get(&format!("{KEYS}/off")).await.form(KEYS)
}

/// The form of the limits, filled in with the strictest ones.
pub(super) async fn limits_form(browser: &BrowserCaller) -> Form {
    let form = browser.get(API_ACCESS).await.form(LIMITS);
    form.with("key_lifetime", "604800").with("token_lifetime", "604800").with("token_creators", "admins")
}

async fn status(app: &TestApp, secret: &str) -> u16 {
    app.caller(secret).get("/api/v1/whoami").await.status
}

both_engines! {
    async fn the_switch_for_keys_says_what_it_stops_and_suspends_without_ending(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let key = secret(&browser.submit(&keys::filled_in(&browser).await).await);
        let page = browser.get(API_ACCESS).await.text();
        assert!(page.contains("Turning this off stops 1 key."), "{page}");
        let confirm = browser.get(&format!("{KEYS}/off")).await;
        assert!(confirm.text().contains("Turning this off stops 1 key."), "{}", confirm.text());
        let answer = browser.submit(&confirm.form(KEYS)).await;
        assert_eq!(answer.location(), format!("{API_ACCESS}?done=api-keys-off"));
        assert_eq!(status(app, &key).await, 403);
        let list = browser.get(keys::KEYS).await.text();
        assert!(list.contains("does not allow API keys.") && list.contains("Suspended"), "{list}");
        assert_eq!(browser.get("/o/northwind-labs/keys/new").await.location(), keys::KEYS);
        let page = browser.get(API_ACCESS).await.text();
        assert!(page.contains("Turning this on makes 1 key work again."), "{page}");
        browser.submit(&browser.get(&format!("{KEYS}/on")).await.form(KEYS)).await;
        assert_eq!(status(app, &key).await, 200);
        for action in ["organization.api_keys_off", "organization.api_keys_on"] {
            assert_eq!(app.audited(action).await, 1, "{action}");
        }
    }

    async fn limits_apply_to_new_credentials(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let member = app.browser_of(&app.member("member").await).await;
        let token = secret(&member.submit(&tokens::filled_in(&member).await).await);
        let answer = browser.submit(&limits_form(&browser).await).await;
        assert_eq!(answer.location(), format!("{API_ACCESS}?done=limits"));
        assert!(browser.get("/o/northwind-labs/keys/new").await.text().contains("At most 7 days are allowed here."));
        assert_eq!(status(app, &token).await, 403, "personal tokens are limited to owners and admins");
        let page = browser.get(API_ACCESS).await;
        assert!(page.body.contains("<option value=\"604800\" selected>7 days</option>"), "{}", page.text());
        assert_eq!(page.form(LIMITS).field("token_creators"), Some("admins"));
        let open = page.form(LIMITS).with("unrestricted_keys", "on").with("key_lifetime", "0");
        browser.submit(&open.with("token_lifetime", "0").with("token_creators", "members")).await;
        assert!(browser.get("/o/northwind-labs/keys/new").await.text().contains("Unrestricted"));
        assert_eq!(status(app, &token).await, 200);
    }

    async fn tn_01_members_change_neither_the_switch_nor_the_limits(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let member = app.browser_of(&app.member("member").await).await;
        assert_eq!(member.get(&format!("{KEYS}/off")).await.status, 403);
        for form in [switch_form(&owner).await, limits_form(&owner).await] {
            assert_eq!(member.submit(&form).await.status, 403);
        }
        assert!(owner.get(API_ACCESS).await.text().contains("API keys On"));
    }
}
