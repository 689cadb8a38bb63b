//! The status of a pushed request, and which client may read it.

use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use keystiled::domain::redirect_uri::RedirectUri;
use reqwest::Method;
use serde_json::{Value, json};

use super::{is, refusal};
use crate::support::app::{Builder, TestApp};
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::oauth::Ask;
use crate::support::people::TestClient;

/// The URL of the page that shows a code to copy.
fn page(app: &TestApp) -> String {
    format!("{}/c/code", app.issuer())
}

struct Pushed {
    client: TestClient,
    uri: String,
    link: String,
}

async fn push(app: &TestApp, client: TestClient) -> Pushed {
    push_asking(app, Ask::of(&client)).await
}

async fn push_asking(app: &TestApp, ask: Ask) -> Pushed {
    let client = ask.client.clone();
    let form: Vec<_> = ask.parameters().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let form: Vec<_> = form.into_iter().filter(|(name, _)| *name != "client_id").collect();
    let answer = app.client_post(&client, "/oauth/par", &form).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    Pushed { uri: text("request_uri"), link: format!("/c/{}", text("user_check")), client }
}

fn companion(app: &TestApp) -> TestClient {
    TestClient { id: "keystile-cli".to_owned(), secret: None, redirect_uri: page(app) }
}

async fn push_as_companion(app: &TestApp) -> Pushed {
    push(app, companion(app)).await
}

async fn look(app: &TestApp, client: &TestClient, uri: &str) -> Answer {
    app.client_post(client, "/oauth/par/status", &[("request_uri", uri)]).await
}

async fn status(app: &TestApp, pushed: &Pushed) -> Value {
    let answer = look(app, &pushed.client, &pushed.uri).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.body);
    answer.json()
}

async fn open(browser: &BrowserCaller, pushed: &Pushed) -> Answer {
    let opened = browser.get(&pushed.link).await;
    browser.follow(opened).await
}

fn waiting() -> Value {
    json!({ "status": "waiting" })
}

fn ended() -> Value {
    json!({ "status": "ended" })
}

fn off(device_codes: bool) -> Value {
    json!({
        "status": "refused", "error": "access_denied", "error_code": "copied_codes_disabled",
        "error_description": "The organization does not allow copied codes.", "device_codes": device_codes,
    })
}

both_engines! {
    async fn the_status_of_a_pushed_request_is_for_the_client_that_pushed_it(app) {
        let pushed = push(app, app.client(ClientKind::Confidential).await).await;
        assert_eq!(status(app, &pushed).await, waiting());
        let anonymous = app.anonymous();
        assert_eq!(anonymous.send(anonymous.request(Method::GET, "/oauth/par/status")).await.status, 405);
        let form = [("request_uri", pushed.uri.as_str())];
        assert_eq!(refusal(&anonymous.post("/oauth/par/status", &form).await), is(401, "invalid_client"));
        let unproven = app.machine(&pushed.client.id).post("/oauth/par/status", &form).await;
        assert_eq!(refusal(&unproven), is(401, "invalid_client"));
        let missing = app.client_post(&pushed.client, "/oauth/par/status", &[]).await;
        assert_eq!(refusal(&missing), is(400, "invalid_request"));
        let other = app.client(ClientKind::Confidential).await;
        let foreign = look(app, &other, &pushed.uri).await;
        let unknown = look(app, &other, "urn:ietf:params:oauth:request_uri:x").await;
        let no_uri = look(app, &other, pushed.link.trim_start_matches("/c/")).await;
        for answer in [foreign, unknown, no_uri] {
            assert_eq!((answer.status, answer.json()), (200, ended()));
        }
    }

    async fn a_tool_learns_that_its_page_was_refused_and_nothing_about_the_person(app) {
        let pushed = push_as_companion(app).await;
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        assert_eq!(status(app, &pushed).await, waiting(), "not opened yet");
        assert_eq!(open(&browser, &pushed).await.status, 403);
        let still = open(&browser, &pushed).await;
        assert!(still.text().contains("does not allow copied codes"), "reloading the page changes nothing");
        // The complete response: it does not name the person or the organization.
        assert_eq!(status(app, &pushed).await, off(true));
        assert_eq!(status(app, &pushed).await, off(true), "a lost response is repeated");
        app.set_sign_in_methods(&browser, "off", "on").await;
        assert_eq!(status(app, &pushed).await, off(false));
        let after = open(&browser, &pushed).await;
        assert_eq!(after.status, 410, "the terminal accepts no code any more");
        assert!(after.text().contains("Your terminal no longer uses this link"), "{}", after.text());
        assert_eq!(app.count("authorization_codes").await, 0);
    }

    async fn the_status_waits_for_a_person_who_has_to_sign_in(app) {
        let pushed = push_as_companion(app).await;
        let browser = app.browser();
        let page = open(&browser, &pushed).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(status(app, &pushed).await, waiting());
        let browser = app.browser_of(&app.owner().await).await;
        let again = push_asking(app, Ask::of(&companion(app)).with("prompt", "login")).await;
        let page = open(&browser, &again).await;
        assert_eq!(page.status, 200, "the page asks for the password and refuses nothing yet: {}", page.text());
        assert_eq!(status(app, &again).await, waiting());
    }

    async fn a_client_without_the_device_grant_is_told_so(app) {
        let uri = page(app);
        let registered = vec![RedirectUri::register(&uri).unwrap()];
        let client = app.client_with(ClientKind::Native, |client| client.redirect_uris = registered).await;
        let pushed = push(app, TestClient { redirect_uri: uri, ..client }).await;
        let browser = app.browser_of(&app.owner().await).await;
        assert_eq!(open(&browser, &pushed).await.status, 403);
        assert_eq!(status(app, &pushed).await, off(false));
    }

    async fn the_status_tells_neither_a_code_nor_that_one_was_given(app) {
        let pushed = push_as_companion(app).await;
        let browser = app.browser_of(&app.owner().await).await;
        app.set_sign_in_methods(&browser, "on", "on").await;
        let consent = open(&browser, &pushed).await;
        assert_eq!(status(app, &pushed).await, waiting());
        app.decide(&browser, &consent, "authorize").await;
        assert_eq!(app.count("authorization_codes").await, 1);
        assert_eq!(status(app, &pushed).await, waiting());
    }

    async fn the_status_says_what_the_person_answered(app) {
        let browser = app.browser_of(&app.owner().await).await;
        app.set_sign_in_methods(&browser, "on", "on").await;
        let denied = push_as_companion(app).await;
        let consent = open(&browser, &denied).await;
        app.decide(&browser, &consent, "deny").await;
        let told = status(app, &denied).await;
        assert_eq!((&told["status"], &told["error"]), (&json!("refused"), &json!("access_denied")));
        assert!(told.get("error_code").is_none(), "{told}");
        let switched = push_as_companion(app).await;
        let consent = open(&browser, &switched).await;
        app.switch(false).await;
        app.decide(&browser, &consent, "authorize").await;
        let told = status(app, &switched).await;
        assert_eq!((&told["status"], &told["error_code"]), (&json!("refused"), &json!("personal_tokens_disabled")));
        assert!(!told.to_string().contains("Northwind"), "{told}");
    }

    async fn the_status_ends_with_the_request(app, |app| app.manual_clock()) {
        let pushed = push_as_companion(app).await;
        app.advance(TimeDelta::seconds(299));
        assert_eq!(status(app, &pushed).await, waiting());
        app.advance(TimeDelta::seconds(1));
        assert_eq!(status(app, &pushed).await, ended());
    }

    async fn looking_at_one_request_has_a_limit(app, |app| app.manual_clock()) {
        let (pushed, other) = (push_as_companion(app).await, push_as_companion(app).await);
        for _ in 0..60 {
            assert_eq!(status(app, &pushed).await, waiting());
        }
        assert_eq!(refusal(&look(app, &pushed.client, &pushed.uri).await), is(400, "slow_down"));
        assert_eq!(status(app, &other).await, waiting());
        app.advance(TimeDelta::seconds(1));
        assert_eq!(status(app, &pushed).await, waiting());
    }
}

#[tokio::test]
async fn another_node_tells_the_status_too() {
    let one = Builder::on(Database::postgres()).start().await;
    let other = one.another_node().start().await;
    let pushed = push_as_companion(&one).await;
    let browser = one.browser_of(&one.owner().await).await;
    assert_eq!(open(&browser, &pushed).await.status, 403);
    assert_eq!(status(&other, &pushed).await, off(true));
    assert_eq!(open(&browser, &pushed).await.status, 410);
    other.stop().await;
    one.stop().await;
}
