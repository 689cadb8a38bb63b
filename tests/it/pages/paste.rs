//! Codes copied from a page into a terminal.

use chrono::TimeDelta;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::oauth::{Ask, STATE, Tokens};
use crate::support::people::TestClient;

/// The companion CLI's request for a copied code.
pub(super) fn ask(app: &TestApp) -> Ask {
    let redirect_uri = format!("{}/c/code", app.issuer());
    Ask::of(&TestClient { id: "keystile-cli".to_owned(), secret: None, redirect_uri })
}

/// The code shown on the page.
fn shown(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    let after = page.body.split("<code id=\"code\">").nth(1).unwrap();
    html::text(after.split("</code>").next().unwrap())
}

/// The owner's browser, in an organization that allows copied codes.
async fn allowed(app: &TestApp) -> BrowserCaller {
    let browser = app.browser_of(&app.owner().await).await;
    app.set_sign_in_methods(&browser, "on", "on").await;
    browser
}

async fn approve(app: &TestApp, browser: &BrowserCaller, ask: &Ask) -> Answer {
    let consent = app.ask(browser, ask).await;
    assert!(consent.text().contains("A code you paste yourself"), "{}", consent.text());
    app.decide(browser, &consent, "authorize").await
}

both_engines! {
    async fn co_10_a_code_to_copy_is_in_no_url(app) {
        let (browser, ask) = (allowed(app).await, ask(app));
        let consent = app.ask(&browser, &ask).await;
        let mut answer = browser.submit(&consent.form_to("/authorize/").with("decision", "authorize")).await;
        let mut addresses = Vec::new();
        while answer.status == 303 {
            addresses.push(answer.location().to_owned());
            answer = browser.get(answer.location()).await;
        }
        let (code, state) = {
            let text = shown(&answer);
            let (code, state) = text.split_once('#').unwrap();
            (code.to_owned(), state.to_owned())
        };
        assert_eq!(state, STATE);
        assert!(addresses.iter().all(|address| !address.contains(&code)), "{addresses:?}");
        assert_eq!(html::refresh(&answer.body), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert!(answer.text().contains("Never send this code to anyone."), "{}", answer.text());
        assert!(!app.holds(&code).await);
        let wrong = app.exchange_with(&ask.client, &code, &"v".repeat(43)).await;
        assert_eq!(wrong.status, 400, "the code does not work without the verifier");
        let tokens = Tokens::of(&app.exchange(&ask, &code).await);
        assert_eq!(app.whoami(&tokens.access).await.status, 200);
        let again = browser.get(addresses.last().unwrap()).await;
        assert!(again.status == 410 && !again.body.contains(&code), "{}", again.text());
    }

    async fn codes_are_not_copied_unless_the_organization_allows_it(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = ask(app);
        let form: Vec<_> = ask.parameters().iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let pushed = app.anonymous().post("/oauth/par", &form).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let link = pushed.json()["user_check"].as_str().unwrap().to_owned();
        let opened = browser.get(&format!("/c/{link}")).await;
        let page = browser.follow(opened).await;
        assert_eq!(page.status, 403);
        assert!(page.text().contains("Northwind Labs does not allow copied codes"), "{}", page.text());
        assert_eq!(app.count("authorization_codes").await, 0);
        app.set_sign_in_methods(&browser, "on", "on").await;
        let opened = browser.get(&format!("/c/{link}")).await;
        let consent = browser.follow(opened).await;
        assert_eq!(consent.status, 200, "the request stays open until copied codes are allowed");
        app.set_sign_in_methods(&browser, "on", "off").await;
        let late = app.decide(&browser, &consent, "authorize").await;
        assert_eq!(late.status, 403, "{}", late.text());
        assert_eq!(app.count("authorization_codes").await, 0);
    }

    async fn a_code_is_not_shown_once_the_organization_forbids_it(app) {
        let (browser, ask) = (allowed(app).await, ask(app));
        let page = approve(app, &browser, &ask).await;
        let id = page.form("/c/code").field("request").unwrap().to_owned();
        app.set_sign_in_methods(&browser, "on", "off").await;
        assert_eq!(browser.get(&format!("/c/code?request={id}")).await.status, 410);
    }

    async fn a_code_is_for_the_browser_that_was_asked(app) {
        let (browser, ask) = (allowed(app).await, ask(app));
        let page = approve(app, &browser, &ask).await;
        let path = format!("/c/code?request={}", page.form("/c/code").field("request").unwrap());
        assert_eq!(browser.get(&path).await.status, 200);
        for other in [app.browser(), app.browser_of(&app.owner().await).await] {
            assert_eq!(other.get(&path).await.status, 404);
        }
        assert_eq!(browser.get("/c/code").await.status, 404);
    }

    async fn a_code_can_be_taken_back(app) {
        let (browser, ask) = (allowed(app).await, ask(app));
        let page = approve(app, &browser, &ask).await;
        let code = shown(&page).split('#').next().unwrap().to_owned();
        let answer = browser.submit(&page.form("/c/code")).await;
        let after = browser.follow(answer).await;
        assert!(after.status == 410 && after.text().contains("This code has ended"), "{}", after.text());
        assert_eq!(app.exchange(&ask, &code).await.status, 400);
    }

    async fn a_denial_shows_no_code(app) {
        let browser = allowed(app).await;
        let consent = app.ask(&browser, &ask(app)).await;
        let page = app.decide(&browser, &consent, "deny").await;
        assert!(page.text().contains("No access was granted"), "{}", page.text());
        assert_eq!(app.count("authorization_codes").await, 0);
    }

    async fn a_code_to_copy_lives_two_minutes(app, |app| app.manual_clock()) {
        let (browser, ask) = (allowed(app).await, ask(app));
        let code = shown(&approve(app, &browser, &ask).await).split('#').next().unwrap().to_owned();
        app.advance(TimeDelta::seconds(119));
        assert_eq!(app.exchange(&ask, &code).await.status, 200);
        let late = self::ask(app);
        let code = shown(&approve(app, &browser, &late).await).split('#').next().unwrap().to_owned();
        app.advance(TimeDelta::seconds(120));
        assert_eq!(app.exchange(&late, &code).await.status, 400);
    }

    async fn a_copied_code_never_lets_a_tool_delete(app) {
        let browser = allowed(app).await;
        let ask = ask(app).with("scope", "openid deployments:write deployments:delete");
        let page = approve(app, &browser, &ask).await;
        let code = shown(&page).split('#').next().unwrap().to_owned();
        let tokens = Tokens::of(&app.exchange(&ask, &code).await);
        assert_eq!(tokens.body["scope"], "deployments:write openid");
    }
}
