//! A click that was aimed at something else does not authorize.

use super::device::choose;
use super::{Tool, push, server, sign_in};
use crate::support::app::TestApp;
use crate::support::browser::{Browser, Page};

/// Simulates that the window comes to the front.
const COMES_INTO_VIEW: &str = "document.dispatchEvent(new Event('visibilitychange')); null";
/// Simulates that the window gets the focus because a window over it was closed.
const GETS_FOCUS: &str = "dispatchEvent(new Event('focus')); null";
/// Removes the visible and the spoken hint about an early click.
const FORGETS: &str = "document.getElementById('early').hidden = true; \
    document.getElementById('live').textContent = ''; null";
const EARLY: &str = "Your click came just as this page appeared";

/// Asserts that the page shows and announces that the click was too early.
async fn says_so(page: &Page) {
    page.shows(EARLY).await;
    let visible: bool = page.evaluate("document.getElementById('early').checkVisibility()").await;
    assert!(visible);
}

async fn consent(app: &TestApp) -> (Page, Tool) {
    let page = Browser::new().await.page().await;
    sign_in(app, &page, &app.owner().await).await;
    let tool = Tool::at(app, "127.0.0.1").await;
    let (link, _) = push(app, &tool.ask()).await;
    page.goto(&link).await;
    page.settles().await;
    (page, tool)
}

#[tokio::test]
async fn cf_16_a_click_on_a_page_that_just_appeared_does_not_authorize() {
    let app = server().await;
    let (page, mut tool) = consent(&app).await;
    for event in [COMES_INTO_VIEW, GETS_FOCUS] {
        let _: Option<()> = page.evaluate(FORGETS).await;
        assert!(!page.text().await.contains(EARLY));
        // The focus caused by a click is milliseconds older than the click; this one is older.
        let _: Option<()> = page.evaluate(event).await;
        let _: Option<()> = page.evaluate("new Promise(done => setTimeout(() => done(null), 60))").await;
        page.press_at_once("Authorize Keystile CLI").await;
        says_so(&page).await;
        assert_eq!(app.count("authorization_codes").await, 0);
        page.settles().await;
    }
    page.click("Authorize Keystile CLI").await;
    assert!(tool.answer().await.get("code").is_some(), "the next press counts");
    app.stop().await;
}

#[tokio::test]
async fn cf_16_keyboard_and_deny_are_not_delayed() {
    let app = server().await;
    let (page, mut tool) = consent(&app).await;
    let _: Option<()> = page.evaluate(COMES_INTO_VIEW).await;
    let _: Option<()> = page.evaluate("document.querySelector('[value=authorize]').focus(); null").await;
    page.press("Enter").await;
    assert!(tool.answer().await.get("code").is_some());
    let (link, _) = push(&app, &tool.ask()).await;
    page.goto(&link).await;
    page.press_at_once("Deny").await;
    assert_eq!(tool.answer().await.get("error"), Some("access_denied"));
    app.stop().await;
}

#[tokio::test]
async fn cf_16_the_page_of_a_device_waits_in_the_same_way() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    page.goto(&format!("{}/o/northwind-labs/settings/api-access", app.issuer())).await;
    choose(&page, "device_flow", "on").await;
    page.follow("Save").await;
    let codes = app.new_device_codes().await;
    page.goto(&format!("{}/device?user_code={}", app.issuer(), codes.user_code)).await;
    page.follow("Look up the code").await;
    page.settles().await;
    let yes: String =
        page.evaluate("document.querySelector('[value=connect]').innerText.replace(/\\s+/g, ' ')").await;
    let _: Option<()> = page.evaluate(COMES_INTO_VIEW).await;
    page.press_at_once(&yes).await;
    says_so(&page).await;
    assert_eq!(app.poll(&codes).await.json()["error"], "authorization_pending");
    app.stop().await;
}
