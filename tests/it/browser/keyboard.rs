//! Everything works without a mouse, and no key press authorizes by accident.

use super::{Tool, push, server};
use crate::support::browser::{Browser, Page};

/// Presses Tab until the element has the focus, and returns the elements that had it before.
async fn tab_to(page: &Page, name: &str) -> Vec<String> {
    let mut way = Vec::new();
    for _ in 0..40 {
        page.press("Tab").await;
        let focused = page.focused().await;
        if focused == name {
            return way;
        }
        way.push(focused);
    }
    panic!("{name:?} is never reached: {way:?}")
}

#[tokio::test]
async fn ui_10_enter_on_a_fresh_consent_page_never_authorizes() {
    for java_script in [true, false] {
        let app = server().await;
        let owner = app.owner().await;
        let page = Browser::new().await.page().await;
        page.java_script(java_script).await;
        super::sign_in(&app, &page, &owner).await;
        let mut tool = Tool::at(&app, "127.0.0.1").await;
        let (link, _) = push(&app, &tool.ask()).await;
        page.goto(&link).await;
        page.shows("Allow Keystile CLI").await;
        let url = page.url().await;
        for key in ["Enter", "Enter", " "] {
            page.press(key).await;
        }
        page.shows("Allow Keystile CLI").await;
        assert_eq!(page.url().await, url);
        // The default button of the form is Deny.
        let first = "document.getElementById('decide').querySelector('[type=submit]').value";
        assert_eq!(page.evaluate::<String>(first).await, "deny");
        assert_eq!(app.count("authorization_codes").await, 0);
        assert!(tool.heard_nothing());
        app.stop().await;
    }
}

#[tokio::test]
async fn a_person_signs_in_and_authorizes_with_the_keyboard_alone() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    let mut tool = Tool::at(&app, "127.0.0.1").await;
    let (link, _) = push(&app, &tool.ask()).await;
    page.goto(&link).await;
    tab_to(&page, "Email").await;
    page.type_text(&owner.email).await;
    page.press("Tab").await;
    page.type_text(owner.password).await;
    page.press("Enter").await;
    page.shows("Allow Keystile CLI").await;
    let way = tab_to(&page, "Deny").await;
    assert_eq!(way[0], "Skip to the request");
    assert!(way.contains(&"Not you?".to_owned()), "{way:?}");
    page.press("Tab").await;
    assert_eq!(page.focused().await, "Authorize Keystile CLI");
    let ring = "getComputedStyle(document.activeElement).outlineWidth";
    assert_eq!(page.evaluate::<String>(ring).await, "3px");
    page.press("Enter").await;
    assert!(tool.answer().await.get("code").is_some());
    app.stop().await;
}

#[tokio::test]
async fn a_person_denies_with_the_keyboard_alone() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    super::sign_in(&app, &page, &owner).await;
    let mut tool = Tool::at(&app, "127.0.0.1").await;
    let (link, _) = push(&app, &tool.ask()).await;
    page.goto(&link).await;
    page.shows("Allow Keystile CLI").await;
    tab_to(&page, "Deny").await;
    page.press("Enter").await;
    let answer = tool.answer().await;
    assert_eq!((answer.get("error"), answer.get("code")), (Some("access_denied"), None));
    app.stop().await;
}
