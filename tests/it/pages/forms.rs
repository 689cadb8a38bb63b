//! A form works only if its page was shown to the same browser.

use std::fs;

use reqwest::Method;

use super::{SECRETS, form, forms, state};
use crate::support::both_engines;

/// A form that tools submit: it opens a request and decides nothing.
const OF_TOOLS: &str = "/oauth/authorize";

#[test]
fn cs_01_every_form_of_the_pages_is_known_here() {
    let text = fs::read_to_string("src/routes.rs").unwrap();
    let pages = text.split("fn pages(").nth(1).unwrap();
    let routes = pages.split("resource(\"").skip(1).filter(|route| route.contains(".post("));
    let mut found: Vec<&str> = routes.map(|route| route.split('"').next().unwrap()).collect();
    found.retain(|route| *route != OF_TOOLS && *route != "/setup");
    found.sort_unstable();
    let mut known = forms();
    known.sort_unstable();
    assert_eq!(found, known);
}

both_engines! {
    async fn every_form_works_with_its_token_and_answers_303_unless_it_shows_a_secret(app, |app| crate::pages::every_form(app)) {
        for route in forms() {
            let session = app.session().await;
            let (browser, form) = form(app, &session, route).await;
            // UI-07: a browser that follows the redirect does not send the password again.
            let status = if SECRETS.contains(&route) { 200 } else { 303 };
            assert_eq!(browser.submit(&form).await.status, status, "{route}");
            if route == "/o/{org}/settings/api-access" {
                super::turn(app, "on").await;
            }
        }
    }

    async fn cs_01_a_form_without_its_token_changes_nothing(app, |app| crate::pages::every_form(app)) {
        let session = app.session().await;
        for route in forms() {
            let (browser, form) = form(app, &session, route).await;
            let before = state(app, &session).await;
            for bare in [form.clone().without("csrf"), form.with("csrf", "")] {
                let answer = browser.submit(&bare).await;
                assert_eq!(answer.status, 403, "{route}: {}", answer.text());
                assert!(answer.text().contains("This page was open too long"), "{route}");
            }
            assert_eq!(state(app, &session).await, before, "{route}");
        }
    }

    async fn cs_03_a_form_from_another_site_changes_nothing(app, |app| crate::pages::every_form(app)) {
        let session = app.session().await;
        let foreign: [&[(&str, &str)]; 6] = [
            &[("Origin", "https://evil.example")],
            &[("Origin", "null")],
            &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
            &[("Sec-Fetch-Site", "cross-site")],
            &[("Sec-Fetch-Site", "same-site")],
            &[("Origin", "http://127.0.0.1")],
        ];
        for route in forms() {
            let (browser, form) = form(app, &session, route).await;
            let before = state(app, &session).await;
            for headers in foreign {
                let mut request = browser.request(Method::POST, &form.action).form(form.fields());
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                let answer = browser.send(request).await;
                assert_eq!(answer.status, 403, "{route} {headers:?}");
            }
            assert_eq!(state(app, &session).await, before, "{route}");
        }
    }

    async fn cs_04_reading_an_address_changes_nothing(app, |app| crate::pages::every_form(app)) {
        let session = app.session().await;
        for route in forms() {
            let (browser, form) = form(app, &session, route).await;
            let before = state(app, &session).await;
            let query: Vec<String> =
                form.fields().iter().map(|(name, value)| format!("{name}={value}")).collect();
            let join = if form.action.contains('?') { '&' } else { '?' };
            let path = format!("{}{join}{}", form.action, query.join("&").replace(' ', "+"));
            for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
                let answer = browser.send(browser.request(method.clone(), &path)).await;
                assert_ne!(answer.status, 500, "{method} {route}");
            }
            assert_eq!(state(app, &session).await, before, "{route}");
        }
    }

    async fn cs_09_a_body_that_is_no_form_is_not_read(app, |app| crate::pages::every_form(app)) {
        let session = app.session().await;
        for route in forms() {
            let (browser, form) = form(app, &session, route).await;
            let before = state(app, &session).await;
            for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
                let request = browser.request(Method::POST, &form.action).form(form.fields());
                let request = request.header("Origin", app.issuer()).header("Content-Type", kind);
                let mut request = request.build().unwrap();
                request.headers_mut().remove("Content-Type");
                request.headers_mut().insert("Content-Type", kind.parse().unwrap());
                let answer = browser.send_built(request).await;
                assert_eq!(answer.status, 415, "{route} {kind}");
            }
            assert_eq!(state(app, &session).await, before, "{route}");
        }
    }

    async fn ht_03_a_large_form_is_refused(app, |app| crate::pages::every_form(app)) {
        let session = app.session().await;
        for route in forms() {
            let (browser, form) = form(app, &session, route).await;
            let answer = browser.submit(&form.with("padding", &"x".repeat(70_000))).await;
            assert_eq!(answer.status, 413, "{route}");
        }
    }
}
