//! The whole journey: from an empty server to a signed-in tool, and sign-out.

use super::{Tool, complaints, push, server, setup_code};
use crate::support::app::TestApp;
use crate::support::browser::{Browser, Page};
use crate::support::oauth::Tokens;

const PASSWORD: &str = "seven lanterns under the bridge";

async fn set_up(app: &TestApp, page: &Page) {
    page.goto(app.issuer()).await;
    page.arrives_at(&format!("{}/setup", app.issuer())).await;
    page.fill("Setup code", "AAAA-AAAA-AAAA-AAAA").await;
    page.fill("Your name", "Maya Okafor").await;
    page.fill("Email", "maya@northwind.dev").await;
    page.fill("Password", PASSWORD).await;
    page.fill("Organization name", "Northwind Labs").await;
    page.follow("Set up the server").await;
    page.shows("There is a problem").await;
    assert!(page.evaluate::<String>("document.title").await.starts_with("Error: "));
    page.fill("Setup code", &setup_code(app).await).await;
    page.fill("Password", PASSWORD).await;
    page.follow("Set up the server").await;
    page.shows("You own Northwind Labs and are signed in.").await;
    page.follow("See your CLI sessions").await;
    page.shows("No command-line tool is signed in. Run this:").await;
}

async fn sign_in_tool(app: &TestApp, page: &Page, host: &str) -> Tokens {
    let mut tool = Tool::at(app, host).await;
    let ask = tool.ask();
    let (link, code) = push(app, &ask).await;
    page.goto(&link).await;
    page.shows("Allow Keystile CLI to act as you in Northwind Labs?").await;
    for fact in [&code, "maya-mbp", "macOS 15.1, Keystile CLI 0.1.0", "The same network as this browser"] {
        page.shows(fact).await;
    }
    page.click("Authorize Keystile CLI").await;
    let answer = tool.answer().await;
    assert_eq!(answer.get("iss"), Some(app.issuer()));
    page.arrives_at(&format!("{}/done?c=keystile-cli", app.issuer())).await;
    assert!(!page.url().await.contains("code="), "the code is not left in the URL");
    page.shows("Look at your terminal").await;
    let tokens = Tokens::of(&app.exchange(&ask, answer.code()).await);
    page.goto(&page.url().await).await;
    page.shows("You can return to your terminal").await;
    tokens
}

async fn manage(app: &TestApp, page: &Page, tokens: &Tokens) {
    page.goto(&format!("{}/cli-sessions", app.issuer())).await;
    page.follow("Rename maya-mbp").await;
    page.fill("Name", "work laptop").await;
    page.follow("Rename").await;
    page.shows("Session renamed.").await;
    page.follow("API access").await;
    page.shows("Turning this off stops 1 session of 1 person.").await;
    page.follow("Turn off personal tokens…").await;
    page.follow("Turn them off").await;
    page.shows("Personal tokens are off.").await;
    assert_eq!(app.whoami(&tokens.access).await.status, 403);
    page.follow("Turn on personal tokens…").await;
    page.follow("Turn them on").await;
    assert_eq!(app.whoami(&tokens.access).await.status, 200);
    page.goto(&format!("{}/cli-sessions", app.issuer())).await;
    page.follow("Sign out, the session on work laptop").await;
    page.shows("Sign out work laptop?").await;
    page.follow("Sign out work laptop").await;
    page.shows("Session signed out.").await;
    assert_eq!(app.whoami(&tokens.access).await.status, 401);
    page.follow("Dark").await;
    assert_eq!(page.evaluate::<String>("document.documentElement.dataset.theme").await, "dark");
}

async fn sign_out_and_in(page: &Page) {
    page.follow("Sign out").await;
    page.shows("You are signed out.").await;
    page.fill("Email", "maya@northwind.dev").await;
    page.fill("Password", "not the password").await;
    page.follow("Sign in").await;
    page.shows("This email and password do not match").await;
    assert_eq!(page.evaluate::<String>("document.getElementById('email').value").await, "maya@northwind.dev");
    page.fill("Password", PASSWORD).await;
    page.follow("Sign in").await;
    page.shows("CLI sessions").await;
}

async fn whole_way(java_script: bool, hosts: [&str; 2]) {
    let app = server().await;
    let page = Browser::new().await.page().await;
    page.java_script(java_script).await;
    set_up(&app, &page).await;
    let tokens = sign_in_tool(&app, &page, hosts[0]).await;
    manage(&app, &page, &tokens).await;
    sign_out_and_in(&page).await;
    // UI-02: also with the other kind of loopback address, which form-action could not list.
    sign_in_tool(&app, &page, hosts[1]).await;
    assert_eq!(complaints(&page), Vec::<String>::new());
    app.stop().await;
}

#[tokio::test]
async fn ui_02_the_whole_journey_with_scripts() {
    whole_way(true, ["127.0.0.1", "[::1]"]).await;
}

#[tokio::test]
async fn ui_02_the_whole_journey_without_scripts() {
    whole_way(false, ["[::1]", "127.0.0.1"]).await;
}
