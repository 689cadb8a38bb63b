//! A CSRF token is valid for one form in one browser.

use super::{form, forms, state};
use crate::support::both_engines;

both_engines! {
    async fn cs_02_the_token_of_another_form_is_worth_nothing(app, |app| crate::pages::every_form(app)) {
        let session = app.session().await;
        for route in forms() {
            let (browser, form) = form(app, &session, route).await;
            let other = if route == "/theme" { "/sign-in" } else { "/theme" };
            let page = if other == "/theme" { "/help" } else { "/sign-in" };
            // A signed-in browser gets no sign-in form, so its token comes from a page that has one for this browser.
            let foreign = match other {
                "/theme" => browser.get(page).await.form(other).field("csrf").unwrap().to_owned(),
                _ => browser.get("/").await.form("/sign-out").field("csrf").unwrap().to_owned(),
            };
            let before = state(app, &session).await;
            assert_eq!(browser.submit(&form.with("csrf", &foreign)).await.status, 403, "{route}");
            assert_eq!(state(app, &session).await, before, "{route}");
        }
    }

    async fn cs_02_the_token_of_another_browser_is_worth_nothing(app, |app| crate::pages::every_form(app)) {
        let session = app.session().await;
        for route in forms() {
            let (_, foreign) = form(app, &session, route).await;
            let (browser, form) = form(app, &session, route).await;
            let before = state(app, &session).await;
            let token = foreign.field("csrf").unwrap();
            assert_ne!(form.field("csrf"), Some(token));
            assert_eq!(browser.submit(&form.with("csrf", token)).await.status, 403, "{route}");
            assert_eq!(state(app, &session).await, before, "{route}");
        }
    }

    async fn cs_02_a_token_from_before_the_sign_in_is_worth_nothing_after_it(app) {
        let owner = app.owner().await;
        let browser = app.browser();
        let before = browser.get("/help").await.form("/theme").with("theme", "dark");
        app.sign_in(&browser, &owner).await;
        assert_eq!(browser.submit(&before).await.status, 403);
    }

    async fn a_browser_without_cookies_gets_an_explanation(app) {
        app.owner().await;
        let form = app.browser().get("/sign-in").await.form("/sign-in");
        let answer = app.browser().submit(&form).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("Cookies are needed to sign in"), "{}", answer.text());
    }

    async fn cs_05_a_form_of_another_site_sets_no_cookie_over_the_one_that_it_comes_without(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        for path in ["/sign-in", "/sign-out", "/theme", "/oauth/authorize", "/nowhere"] {
            let answer = app.anonymous().post(path, &[("client_id", "keystile-cli")]).await;
            assert_eq!(answer.header("set-cookie"), None, "{path}");
        }
        assert_eq!(browser.get("/").await.status, 200);
    }
}
