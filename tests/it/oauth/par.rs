//! Pushed authorization requests (RFC 9126).

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use reqwest::Method;
use serde_json::Value;

use super::{is, refusal, told_to_the_person};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::oauth::{Ask, Returned, STATE};

async fn push(app: &TestApp, ask: &Ask) -> Value {
    let answer = app.client_post(&ask.client, "/oauth/par", &form(ask)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

/// The parameters without client authentication.
fn form(ask: &Ask) -> Vec<(&str, &str)> {
    let pairs = ask.parameters().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    pairs.filter(|(name, _)| *name != "client_id").collect()
}

/// The authorization request with `client_id` and `request_uri` only.
fn reference(ask: &Ask, pushed: &Value) -> Ask {
    let uri = pushed["request_uri"].as_str().unwrap();
    let names = ["redirect_uri", "response_type", "code_challenge", "code_challenge_method", "state"];
    names.iter().fold(ask.clone(), |ask, name| ask.without(name)).with("request_uri", uri)
}

both_engines! {
    async fn pd_01_a_client_pushes_allowed_requests_only(app) {
        let client = app.client(ClientKind::Confidential).await;
        let ask = Ask::of(&client);
        let anonymous = app.anonymous();
        assert_eq!(anonymous.send(anonymous.request(Method::GET, "/oauth/par")).await.status, 405);
        let unproven = app.machine(&client.id).post("/oauth/par", &form(&ask)).await;
        assert_eq!(refusal(&unproven), is(401, "invalid_client"));
        assert_eq!(refusal(&anonymous.post("/oauth/par", &form(&ask)).await), is(401, "invalid_client"));
        for (name, value, error) in [
            ("request_uri", "urn:ietf:params:oauth:request_uri:x", "invalid_request"),
            ("redirect_uri", "https://evil.example/", "invalid_request"),
            ("scope", "nothing-like-it", "invalid_scope"),
            ("code_challenge", "", "invalid_request"),
            ("response_type", "token", "unsupported_response_type"),
        ] {
            let bad = ask.clone().with(name, value);
            let answer = app.client_post(&client, "/oauth/par", &form(&bad)).await;
            assert_eq!(refusal(&answer), is(400, error), "{name}");
        }
        assert_eq!(app.count("authorization_requests").await, 0);
        let pushed = push(app, &ask).await;
        let check = pushed["user_check"].as_str().unwrap();
        assert!(pushed["request_uri"].as_str().unwrap().starts_with("urn:ietf:params:oauth:request_uri:"));
        assert_eq!(pushed["login_url"], format!("{}/c/{check}", app.issuer()));
        assert_eq!(pushed["expires_in"], 300);
        assert!(!app.holds(pushed["request_uri"].as_str().unwrap().rsplit(':').next().unwrap()).await);
    }

    async fn pd_02_a_pushed_request_is_for_its_client_and_for_once(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let other = app.client(ClientKind::Native).await;
        let pushed = push(app, &ask).await;
        let opened = reference(&ask, &pushed);
        told_to_the_person(&browser.get(&opened.clone().with("client_id", &other.id).path()).await, "another client");
        told_to_the_person(&browser.get(&opened.clone().without("client_id").path()).await, "no client");
        let returned = app.authorize(&browser, &opened).await;
        assert_eq!(app.exchange(&ask, returned.code()).await.status, 200);

        let again = app.ask(&browser, &opened).await;
        assert!(again.text().contains("already answered"), "{}", again.text());
        let another = app.browser_of(&app.member("member").await).await;
        told_to_the_person(&another.get(&opened.path()).await, "another browser");
        told_to_the_person(&another.get(&format!("/c/{}", pushed["user_check"].as_str().unwrap())).await, "the link");
        assert_eq!(app.count("authorization_codes").await, 1);
    }

    async fn pd_02_a_pushed_request_that_nobody_opens_ends(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let pushed = push(app, &ask).await;
        app.advance(TimeDelta::minutes(5));
        told_to_the_person(&browser.get(&reference(&ask, &pushed).path()).await, "too late");
        told_to_the_person(&browser.get(&format!("/c/{}", pushed["user_check"].as_str().unwrap())).await, "the link");
    }

    async fn pd_03_other_parameters_beside_a_request_uri_are_ignored(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await).with("scope", "openid");
        let opened = reference(&ask, &push(app, &ask).await)
            .with("scope", "openid deployments:delete")
            .with("redirect_uri", "https://evil.example/")
            .with("state", "forged")
            .with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
            .with("code_challenge_method", "plain");
        let returned = app.authorize(&browser, &opened).await;
        assert!(returned.url.starts_with(&ask.client.redirect_uri), "{}", returned.url);
        assert_eq!(returned.get("state"), Some(STATE));
        let tokens = app.exchange(&ask, returned.code()).await;
        assert_eq!((tokens.status, &tokens.json()["scope"]), (200, &Value::from("openid")));
    }

    async fn pd_04_the_short_link_leads_to_the_same_question(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let pushed = push(app, &ask).await;
        let check = pushed["user_check"].as_str().unwrap();
        let opened = browser.get(&format!("/c/{}", check.to_lowercase())).await;
        let consent = browser.follow(opened).await;
        assert!(consent.text().contains(check), "{}", consent.text());
        let returned = Returned::from_page(&app.decide(&browser, &consent, "authorize").await);
        assert_eq!(app.exchange(&ask, returned.code()).await.status, 200);
    }
}
