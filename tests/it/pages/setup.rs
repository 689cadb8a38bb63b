//! `/setup`: creating the first owner, once.

use chrono::TimeDelta;
use keystiled::services::setup;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html::Form;
use crate::support::http::BrowserCaller;

const PASSWORD: &str = "seven lanterns under the bridge";

/// The setup code printed at the start.
async fn code(app: &TestApp) -> String {
    app.inside().write(|app, work| setup::code(work, &app.master)).await.unwrap().unwrap()
}

async fn form(browser: &BrowserCaller, code: &str) -> Form {
    let form = browser.get("/setup").await.form("/setup").with("code", code).with("name", "Ada Byron");
    let form = form.with("email", "ada@example.com").with("password", PASSWORD);
    form.with("organization", "Northwind Labs")
}

both_engines! {
    async fn lg_12_the_first_owner_needs_the_code_that_the_server_printed(app) {
        let browser = app.browser();
        assert_eq!(browser.get("/").await.location(), "/setup");
        assert_eq!(browser.get("/sign-in").await.location(), "/setup");
        let code = code(app).await;
        for wrong in ["", "AAAA-AAAA-AAAA-AAAA", &code[..code.len() - 1]] {
            let answer = browser.submit(&form(&browser, wrong).await).await;
            assert_eq!(answer.status, 422, "{}", answer.text());
            assert_eq!((app.count("users").await, app.count("organizations").await), (0, 0));
        }
        let typed = code.to_lowercase().replace('-', " ");
        let answer = browser.submit(&form(&browser, &typed).await).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("You own Northwind Labs and are signed in"), "{}", answer.text());
        assert_eq!(browser.get("/cli-sessions").await.status, 200);
    }

    async fn lg_12_the_code_works_once_and_the_page_closes(app) {
        let (browser, late) = (app.browser(), app.browser());
        let code = code(app).await;
        let second = form(&late, &code).await.with("email", "eve@example.com");
        assert_eq!(browser.submit(&form(&browser, &code).await).await.status, 200);
        assert_eq!(late.submit(&second).await.status, 404);
        assert_eq!(late.get("/setup").await.status, 404);
        assert_eq!(app.count("users").await, 1);
    }

    async fn cg_09_the_command_after_setup_names_the_server(app) {
        let browser = app.browser();
        let form = form(&browser, &code(app).await).await;
        let page = browser.submit(&form).await;
        let page = browser.follow(page).await;
        let command = format!("keystile auth login --issuer {}", app.issuer());
        assert!(page.text().contains(&command), "{}", page.text());
        let again = browser.get("/cli-sessions").await;
        assert!(again.text().contains(&command), "{}", again.text());
    }

    async fn lg_12_the_code_ends_after_a_day(app, |app| app.manual_clock()) {
        let browser = app.browser();
        let old = code(app).await;
        app.advance(TimeDelta::hours(25));
        assert_eq!(browser.submit(&form(&browser, &old).await).await.status, 422);
        let new = code(app).await;
        assert_ne!(old, new);
        assert_eq!(browser.submit(&form(&browser, &new).await).await.status, 200);
    }

    async fn cs_01_setup_without_its_token_changes_nothing(app) {
        let browser = app.browser();
        let code = code(app).await;
        let form = form(&browser, &code).await;
        let other = browser.get("/help").await.form("/theme").field("csrf").unwrap().to_owned();
        for bad in [form.clone().without("csrf"), form.with("csrf", &other)] {
            assert_eq!(browser.submit(&bad).await.status, 403);
        }
        assert_eq!(app.count("users").await, 0);
    }

    async fn lg_03_a_weak_password_is_refused_and_nothing_else_is_forgotten(app) {
        let browser = app.browser();
        let code = code(app).await;
        for weak in ["short", "passwordpassword", "northwindlabs12", "aaaaaaaaaaaaaaaaaaaa"] {
            let answer = browser.submit(&form(&browser, &code).await.with("password", weak)).await;
            assert_eq!(answer.status, 422, "{weak}");
            let form = answer.form("/setup");
            assert_eq!((form.field("name"), form.field("password")), (Some("Ada Byron"), Some("")));
        }
        assert_eq!(app.count("users").await, 0);
    }
}
