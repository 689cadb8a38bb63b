//! Invitations in a real browser: made, shown, opened by others, and accepted.

use super::looks::{inspect, problems};
use super::{complaints, server, sign_in};
use crate::support::browser::Browser;

#[tokio::test]
async fn pages_of_invitations_are_accessible() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    let mut found = Vec::new();
    let at = |path: &str| format!("{}{path}", app.issuer());
    inspect(&page, &mut found, &at("/o/northwind-labs/invitations"), "no invitations").await;
    page.follow("Invite people").await;
    found.extend(problems(&page, "invite").await);
    page.fill("Email addresses", "nobody").await;
    page.follow("Invite").await;
    found.extend(problems(&page, "invite, wrong").await);
    let long = format!("{}@{}.example", "w".repeat(60), "x".repeat(60));
    page.fill("Email addresses", &format!("{}\nnobody\n{long}\nyui@example.com", owner.email)).await;
    page.fill("Note", &"Welcome ".repeat(25)).await;
    page.follow("Invite").await;
    page.shows("You will not see it again").await;
    found.extend(problems(&page, "invited").await);
    let link: String = page.evaluate("[...document.querySelectorAll('.cmd code')].at(-1).textContent").await;
    inspect(&page, &mut found, &at("/o/northwind-labs/invitations"), "invitations").await;
    inspect(&page, &mut found, &link, "another account").await;

    let yui = Browser::new().await.page().await;
    inspect(&yui, &mut found, &link, "join, signed out").await;
    inspect(&yui, &mut found, &at("/invite/unknown"), "unknown link").await;
    yui.goto(&link).await;
    yui.fill("Your name", "Yui Tanaka").await;
    yui.fill("Password", "passwordpassword").await;
    yui.follow("Create account and join").await;
    yui.shows("This password is easy to guess").await;
    found.extend(problems(&yui, "join, wrong").await);
    yui.fill("Password", "twelve copper kettles whistling").await;
    yui.follow("Create account and join").await;
    yui.shows("You joined.").await;
    found.extend(problems(&yui, "joined").await);
    inspect(&yui, &mut found, &link, "already a member").await;
    inspect(&yui, &mut found, &at("/invitations"), "none of mine").await;
    inspect(&page, &mut found, &link, "used").await;

    let ken = app.user("Ken").await;
    page.goto(&at("/o/northwind-labs/members/invite")).await;
    page.fill("Email addresses", &ken.email).await;
    page.follow("Invite").await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &ken).await;
    inspect(&page, &mut found, &at("/invitations"), "mine").await;
    page.follow("Join Northwind Labs").await;
    page.shows("You joined.").await;
    assert_eq!(found, Vec::<String>::new());
    for page in [&page, &yui] {
        assert_eq!(complaints(page), Vec::<String>::new());
    }
    app.stop().await;
}
