//! `/sign-in`: access, and what the page reveals to strangers.

use keystiled::store::users;
use reqwest::Method;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::people::Person;

async fn attempt(browser: &BrowserCaller, email: &str, password: &str) -> Answer {
    let form = browser.get("/sign-in").await.form("/sign-in");
    browser.submit(&form.with("email", email).with("password", password)).await
}

pub(super) async fn disable(app: &TestApp, person: &Person) {
    let (id, now) = (person.id.clone(), app.inside().now());
    app.inside().store.write(move |work| users::set_disabled(work.conn, &id, Some(now))).await.unwrap();
}

/// A response without the parts that differ between any two responses.
pub(super) fn shown(answer: &Answer, email: &str) -> (u16, Vec<(String, String)>, String) {
    let headers =
        answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let headers =
        headers.filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "content-length"));
    let token = answer.form("/sign-in").field("csrf").unwrap().to_owned();
    let theme = answer.form("/theme").field("csrf").unwrap().to_owned();
    let body = answer.body.replace(&token, "token").replace(&theme, "theme").replace(email, "email");
    (answer.status, headers.collect(), body)
}

both_engines! {
    async fn a_person_signs_in_and_comes_to_the_sessions(app) {
        let owner = app.owner().await;
        let browser = app.browser();
        let answer = attempt(&browser, &owner.email, owner.password).await;
        assert_eq!((answer.status, answer.location()), (303, "/"));
        assert!(browser.get("/").await.text().contains("No command-line tool is signed in"));
        assert_eq!(browser.get("/sign-in").await.location(), "/", "a signed-in browser is redirected");
    }

    async fn lg_01_nobody_learns_who_has_an_account(app) {
        let owner = app.owner().await;
        let gone = app.member("member").await;
        disable(app, &gone).await;
        let cases = [("nobody@example.com", "wrong"), (&owner.email, "wrong"), (&gone.email, gone.password)];
        let mut answers = Vec::new();
        for (email, password) in cases {
            answers.push(shown(&attempt(&app.browser(), email, password).await, email));
        }
        assert_eq!(answers[0].0, 422);
        assert!(answers[0].2.contains("This email and password do not match"));
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0], answers[2]);
        let malformed = attempt(&app.browser(), "not an address", "wrong").await;
        assert_eq!(shown(&malformed, "not an address"), answers[0]);
    }

    async fn lg_01_an_unknown_account_costs_the_same_work(app) {
        let owner = app.owner().await;
        let gone = app.member("member").await;
        disable(app, &gone).await;
        // `make bench` compares the times. Here, nothing else hashes, so the work can be counted.
        let mut hashed = app.inside().passwords.hashed();
        for email in ["nobody@example.com", "not an address", &owner.email, &gone.email] {
            for password in ["wrong", "", owner.password] {
                if (email, password) == (owner.email.as_str(), owner.password) {
                    continue;
                }
                assert_eq!(attempt(&app.browser(), email, password).await.status, 422);
                let before = std::mem::replace(&mut hashed, app.inside().passwords.hashed());
                assert_eq!(hashed - before, 1, "{email}: one hash, whoever it is");
            }
        }
    }

    async fn lg_14_an_address_is_the_same_in_any_case(app) {
        let owner = app.owner().await;
        assert_eq!(attempt(&app.browser(), &owner.email.to_uppercase(), owner.password).await.status, 303);
        assert_eq!(attempt(&app.browser(), "olıvia@example.com", owner.password).await.status, 422);
    }

    async fn lg_15_password_managers_and_paste_work(app) {
        app.owner().await;
        let page = app.browser().get("/sign-in").await.body;
        assert!(page.contains("type=\"email\" autocomplete=\"username\""), "{page}");
        assert!(page.contains("type=\"password\" autocomplete=\"current-password\""), "{page}");
    }

    async fn lg_17_every_attempt_is_recorded_without_what_was_typed(app) {
        let owner = app.owner().await;
        attempt(&app.browser(), &owner.email, "a wrong password").await;
        attempt(&app.browser(), "the password in the wrong field", "x").await;
        attempt(&app.browser(), &owner.email, owner.password).await;
        let events = app.audit_of("instance").await;
        let count = |action: &str| events.iter().filter(|known| *known == action).count();
        assert_eq!((count("user.sign_in_failed"), count("user.signed_in")), (2, 1));
        for typed in ["a wrong password", "in the wrong field", owner.password] {
            let found = format!("audit_events WHERE details LIKE '%{typed}%' OR target LIKE '%{typed}%'");
            assert_eq!(app.count(&found).await, 0, "{typed}");
        }
    }

    async fn hostile_text_in_every_field_is_only_wrong(app) {
        app.owner().await;
        for text in ["' OR 1=1 --", "\u{202e}", &"x".repeat(5000), "\u{fffd}"] {
            let answer = attempt(&app.browser(), text, text).await;
            assert_eq!(answer.status, 422, "{text:.20}");
        }
        let browser = app.browser();
        browser.get("/sign-in").await;
        for body in ["email=%ff&password=x", "email=a%00b&password=x", "email=%", "=&&=&", &"a&".repeat(500)] {
            let request = browser.request(Method::POST, "/sign-in").body(body.to_owned());
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            let answer = browser.send(request).await;
            assert!(matches!(answer.status, 400 | 403), "{body:.20}: {}", answer.status);
        }
    }
}
