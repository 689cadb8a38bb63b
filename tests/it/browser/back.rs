//! The Back button, and redirects that do not reach the tool.

use super::{Tool, push, server, sign_in};
use crate::support::browser::Browser;
use crate::support::oauth::Tokens;

#[tokio::test]
async fn after_a_failed_redirect_the_back_button_offers_to_send_the_response_again() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    // No one listens there, as if the tool ran on another machine.
    let mut tool = Tool::at(&app, "127.0.0.1").await;
    let dead = tool.ask().with("redirect_uri", "http://127.0.0.1:9/callback");
    let (link, _) = push(&app, &dead).await;
    page.goto(&link).await;
    page.click("Authorize Keystile CLI").await;
    page.arrives_at("chrome-error://").await;
    page.back().await;
    page.shows("You already answered this").await;
    page.shows("Is your terminal still waiting?").await;
    page.click("Send the answer again").await;
    page.arrives_at("chrome-error://").await;
    assert_eq!(
        app.count("authorization_codes").await,
        1,
        "az_29: one code, however often the response is sent"
    );

    // Once the tool has received it, the page no longer offers to send it.
    let ask = tool.ask();
    let (link, _) = push(&app, &ask).await;
    page.goto(&link).await;
    let request = page.url().await;
    page.click("Authorize Keystile CLI").await;
    Tokens::of(&app.exchange(&ask, tool.answer().await.code()).await);
    page.arrives_at(&format!("{}/done", app.issuer())).await;
    page.goto(&request).await;
    page.shows("You already answered this").await;
    assert!(!page.text().await.contains("Send the answer again"));
    app.stop().await;
}

#[tokio::test]
async fn a_refusal_by_policy_is_returned_to_the_tool() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    page.goto(&format!("{}/o/northwind-labs/settings/api-access/personal-tokens/off", app.issuer())).await;
    page.follow("Turn them off").await;
    let mut tool = Tool::at(&app, "127.0.0.1").await;
    let (link, _) = push(&app, &tool.ask()).await;
    page.goto(&link).await;
    page.shows("Northwind Labs does not allow command-line sign-in").await;
    page.click("Return to your terminal").await;
    let answer = tool.answer().await;
    assert_eq!(answer.get("error"), Some("access_denied"));
    assert_eq!(answer.get("error_code"), Some("personal_tokens_disabled"));
    app.stop().await;
}

#[tokio::test]
async fn not_you_keeps_the_request_for_the_right_person() {
    let app = server().await;
    let (owner, member) = (app.owner().await, app.member("member").await);
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    let mut tool = Tool::at(&app, "127.0.0.1").await;
    let ask = tool.ask();
    let (link, _) = push(&app, &ask).await;
    page.goto(&link).await;
    page.follow("Not you?").await;
    page.shows("The request is kept: sign in as the right person.").await;
    page.fill("Email", &member.email).await;
    page.fill("Password", member.password).await;
    page.follow("Sign in").await;
    page.shows("Allow Keystile CLI to act as you in Northwind Labs?").await;
    page.click("Authorize Keystile CLI").await;
    let tokens = Tokens::of(&app.exchange(&ask, tool.answer().await.code()).await);
    assert_eq!(tokens.claims()["sub"], member.id.as_str());
    app.stop().await;
}
