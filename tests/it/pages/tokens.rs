//! `/tokens`: personal tokens, and the policies of an organization.

use super::keys::secret;
use super::turn;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html::{Form, links};
use crate::support::http::BrowserCaller;

const NEW: &str = "/tokens/new";

pub(super) async fn filled_in(browser: &BrowserCaller) -> Form {
    browser.get(NEW).await.form(NEW).with("name", "Notebook").with("scope.deployments:read", "on")
}

/// The form that revokes a new token.
pub(super) async fn form_of_new(browser: &BrowserCaller) -> Form {
    browser.submit(&filled_in(browser).await).await;
    let list = browser.get("/tokens").await;
    let path = links(&list.body).into_iter().find(|link| link.ends_with("/end")).unwrap();
    browser.get(&path).await.form_to("/tokens/")
}

async fn status(app: &TestApp, secret: &str) -> u16 {
    app.caller(secret).get("/api/v1/whoami").await.status
}

both_engines! {
    async fn a_token_is_made_in_the_browser_shown_once_and_revoked(app) {
        let browser = app.browser_of(&app.member("member").await).await;
        assert!(browser.get("/tokens").await.text().contains("No tokens yet."));
        let form = filled_in(&browser).await;
        let page = browser.submit(&form).await;
        let token = secret(&page);
        assert!(token.starts_with("keystile_pat_"), "{token}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(page.text().contains("KEYSTILE_API_TOKEN"), "{}", page.text());
        assert_eq!(status(app, &token).await, 200);
        let again = browser.submit(&form).await;
        assert!(again.text().contains("Already shown once") && !again.body.contains(&token), "{}", again.text());
        assert_eq!(app.count("credentials").await, 1);
        let list = browser.get("/tokens").await;
        assert!(list.text().contains("Notebook") && !list.body.contains(&token), "{}", list.text());
        let path = links(&list.body).into_iter().find(|link| link.ends_with("/end")).unwrap();
        let owner = app.browser_of(&app.owner().await).await;
        assert_eq!(owner.get(&path).await.status, 404, "only the owner sees a token");
        let answer = browser.submit(&browser.get(&path).await.form_to("/tokens/")).await;
        assert_eq!(answer.location(), "/tokens?org=northwind-labs&done=token-revoked");
        assert_eq!(status(app, &token).await, 401);
    }

    async fn missing_fields_are_reported_at_their_fields(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let refused = browser.submit(&browser.get(NEW).await.form(NEW)).await;
        assert_eq!(refused.status, 422);
        for words in ["There is a problem", "Enter a name", "Choose at least one permission"] {
            assert!(refused.text().contains(words), "{words}: {}", refused.text());
        }
        app.execute("UPDATE organizations SET personal_token_max_seconds = 86400").await.unwrap();
        let form = browser.get(NEW).await.form(NEW);
        assert_eq!(form.field("ends"), Some("86400"), "the longest allowed lifetime");
        let filled = form.with("name", "Notebook").with("scope.org:read", "on").with("ends", "never");
        assert!(browser.submit(&filled).await.text().contains("at most 24 hours"));
    }

    async fn sw_10_where_tokens_are_off_or_for_admins_the_page_says_so_and_makes_none(app) {
        let member = app.browser_of(&app.member("member").await).await;
        let form = filled_in(&member).await;
        let token = secret(&member.submit(&form.clone()).await);
        turn(app, "off").await;
        let list = member.get("/tokens").await.text();
        assert!(list.contains("does not allow personal tokens.") && list.contains("Suspended"), "{list}");
        assert!(list.contains("Ask an owner or an admin"), "{list}");
        assert_eq!(member.get(NEW).await.location(), "/tokens");
        let refused = member.submit(&form.clone().with("once", "another")).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_eq!(status(app, &token).await, 403);
        turn(app, "on").await;
        app.execute("UPDATE organizations SET personal_token_creators = 'admins'").await.unwrap();
        let list = member.get("/tokens").await.text();
        assert!(list.contains("may have personal tokens."), "{list}");
        assert_eq!(member.submit(&form.with("once", "a third")).await.status, 403);
        let admin = app.browser_of(&app.member("admin").await).await;
        assert_eq!(admin.get(NEW).await.status, 200);
        assert_eq!(app.count("credentials").await, 1);
    }

    async fn the_catalog_has_an_anchor_for_each_permission_and_needs_no_sign_in(app) {
        app.owner().await;
        let page = app.browser().get("/scopes").await;
        assert_eq!(page.status, 200);
        for scope in app.config.catalog.iter() {
            assert!(page.body.contains(&format!("<li id=\"{}\">", scope.id)), "{}", scope.id);
            assert!(page.text().contains(&scope.label), "{}", scope.label);
        }
        for bundle in app.config.catalog.bundles() {
            assert!(page.body.contains(&format!("<li id=\"bundle-{}\">", bundle.id)), "{}", bundle.id);
        }
        let browser = app.browser_of(&app.owner().await).await;
        let link = links(&page.body).into_iter().find(|link| link.ends_with("bundle=deploy")).unwrap();
        let form = browser.follow(browser.get(&link).await).await.form("/o/northwind-labs/keys/new");
        assert_eq!(form.field("bundle.deploy"), Some("on"));
    }
}
