//! Connecting a device and copying a code, in a real browser.

use super::{complaints, server, sign_in};
use crate::support::app::TestApp;
use crate::support::browser::{Browser, Page};
use crate::support::device::Codes;
use crate::support::elsewhere::{ADDRESS, Elsewhere};
use crate::support::oauth::{Ask, Tokens};
use crate::support::people::TestClient;

async fn companion(app: &TestApp) -> Codes {
    let client = TestClient { id: "keystile-cli".to_owned(), secret: None, redirect_uri: String::new() };
    let device =
        [("device_name", "build-07"), ("device_os", "Linux"), ("tool_version", "Keystile CLI 0.1.0")];
    app.device_codes(&client, &device).await
}

/// Selects a radio button by value; its label has more text than its name.
pub(super) async fn choose(page: &Page, name: &str, value: &str) {
    let button = format!("document.querySelector('[name={name}][value={value}]').click()");
    page.evaluate::<Option<()>>(&button).await;
}

/// Opens the link printed by the tool, up to the question.
async fn question(app: &TestApp, page: &Page, codes: &Codes) {
    page.goto(&format!("{}/device?user_code={}", app.issuer(), codes.user_code)).await;
    page.shows("Enter the code of your device").await;
    let filled: String = page.evaluate("document.getElementById('user_code').value").await;
    assert_eq!(filled, codes.user_code);
    page.follow("Look up the code").await;
    page.shows("Did you start this sign-in yourself?").await;
    page.shows(&codes.user_code).await;
}

#[tokio::test]
async fn dv_08_a_person_connects_a_device_with_and_without_scripts() {
    for java_script in [true, false] {
        let app = server().await;
        let owner = app.owner().await;
        let page = Browser::new().await.page().await;
        page.java_script(java_script).await;
        let codes = companion(&app).await;
        // Before sign-in, the link leads to the sign-in page and then to the prefilled field.
        page.goto(&format!("{}/device?user_code={}", app.issuer(), codes.user_code)).await;
        page.shows("to continue to your device").await;
        page.fill("Email", &owner.email).await;
        page.fill("Password", owner.password).await;
        page.follow("Sign in").await;
        question(&app, &page, &codes).await;
        page.follow("Yes, connect build-07").await;
        page.shows("You can return to your device").await;
        let tokens = Tokens::of(&app.poll(&codes).await);
        assert_eq!(app.whoami(&tokens.access).await.status, 200);

        let codes = companion(&app).await;
        question(&app, &page, &codes).await;
        page.follow("No, not me").await;
        page.shows("Thank you. The request has ended.").await;
        assert_eq!(app.poll(&codes).await.json()["error"], "access_denied");
        assert_eq!(complaints(&page), Vec::<String>::new());
        app.stop().await;
    }
}

#[tokio::test]
async fn dv_08_enter_on_a_fresh_device_page_never_connects() {
    for java_script in [true, false] {
        let app = server().await;
        let page = Browser::new().await.page().await;
        page.java_script(java_script).await;
        sign_in(&app, &page, &app.owner().await).await;
        let codes = companion(&app).await;
        question(&app, &page, &codes).await;
        let url = page.url().await;
        for key in ["Enter", "Enter", " "] {
            page.press(key).await;
        }
        page.shows("Did you start this sign-in yourself?").await;
        assert_eq!(page.url().await, url);
        let first = "document.getElementById('decide').querySelector('[type=submit]').value";
        assert_eq!(page.evaluate::<String>(first).await, "deny");
        assert_eq!(app.poll(&codes).await.json()["error"], "authorization_pending");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_person_copies_a_code() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    page.goto(&format!("{}/o/northwind-labs/settings/api-access", app.issuer())).await;
    choose(&page, "copy_code", "on").await;
    page.follow("Save").await;
    page.shows("Sign-in settings saved.").await;
    let redirect_uri = format!("{}/c/code", app.issuer());
    let client = TestClient { id: "keystile-cli".to_owned(), secret: None, redirect_uri };
    let ask = Ask::of(&client).with("device_name", "build-07");
    page.goto(&format!("{}{}", app.issuer(), ask.path())).await;
    page.shows("A code you paste yourself").await;
    page.follow("Authorize Keystile CLI").await;
    page.shows("Paste this code into your terminal").await;
    let shown: String = page.evaluate("document.getElementById('code').textContent").await;
    let code = shown.split('#').next().unwrap();
    assert!(!page.url().await.contains(code), "{}", page.url().await);
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.set_viewport(320, 800).await;
    assert!(!page.scrolls_sideways().await);
    let tokens = Tokens::of(&app.exchange(&ask, code).await);
    assert_eq!(app.whoami(&tokens.access).await.status, 200);
    assert_eq!(complaints(&page), Vec::<String>::new());
    app.stop().await;
}

#[tokio::test]
async fn a_tool_on_a_terminal_over_ssh_gets_its_code_approved_in_a_browser_on_another_network() {
    let app = server().await;
    let owner = app.owner().await;
    let cli = app.cli().with("SSH_CONNECTION", "203.0.113.7 50000 203.0.113.8 22");
    let tool = cli.start(cli.terminal("auth login"));
    let code = tool
        .on_terminal(|said| {
            let (_, behind) = said.split_once("enter this code:")?;
            behind.split_whitespace().next().filter(|code| code.len() == 9).map(str::to_owned)
        })
        .await;

    let page = Browser::elsewhere(&Elsewhere::start(app.address())).await.page().await;
    sign_in(&app, &page, &owner).await;
    page.goto(&format!("{}/device", app.issuer())).await;
    page.fill("Code", &code.to_lowercase().replace('-', " ")).await;
    page.follow("Look up the code").await;
    page.shows("Did you start this sign-in yourself?").await;
    page.shows(&code).await;
    page.shows("A different network").await;
    page.shows("This device is on a different network from your browser.").await;
    choose(&page, "decision", "connect").await;
    page.shows("You can return to your device").await;

    let ran = tool.ended().await.good();
    assert!(ran.out.contains(&format!("Signed in as {}", owner.email)), "{ran:#?}");
    let status = cli.run(&["auth", "status", "--json"]).await.good().json();
    assert_eq!(status["authenticated"], true);
    let listed = cli.run(&["auth", "sessions", "--json"]).await.good().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let [approval] = &app
        .names(
            "SELECT value AS name FROM person_values INNER JOIN audit_events ON id = event_id
            WHERE field = 'ip' AND action = 'authorization.approved'",
        )
        .await[..]
    else {
        panic!("approved once")
    };
    assert_eq!(*approval, format!("\"{ADDRESS}\""));
    app.stop().await;
}
