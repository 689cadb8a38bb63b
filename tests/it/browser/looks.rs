//! The appearance of all pages: accessibility, narrow screens, both themes, large text.

use std::time::Duration;

use keystiled::domain::client::ClientKind;
use keystiled::services::password_reset;

use super::device::choose;
use super::{Tool, complaints, push, server, sign_in};
use crate::organizations::make_link;
use crate::pages::every_form;
use crate::support::app::{Builder, TestApp};
use crate::support::browser::{Browser, Page};
use crate::support::database::Database;
use crate::support::oauth::{Ask, Tokens};
use crate::support::people::Person;

const WIDTHS: [i64; 3] = [320, 360, 1280];

/// The text spacing of WCAG 2.2, 1.4.12.
const SPACED: &str = "const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important } p { margin-bottom: 2em !important }`);
    void (document.adoptedStyleSheets = [sheet])";

/// All problems of the open page.
pub(super) async fn problems(page: &Page, name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for dark in [false, true] {
        page.set_dark(dark).await;
        for width in WIDTHS {
            page.set_viewport(width, 800).await;
            let at = format!("{name} at {width} px, {}", if dark { "dark" } else { "light" });
            faults.extend(page.axe().await.into_iter().map(|fault| format!("{at}: {fault}")));
            if page.scrolls_sideways().await {
                faults.push(format!("{at}: scrolls sideways"));
            }
        }
    }
    let ids =
        "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, n, all) => all.indexOf(id) !== n)";
    faults.extend(page.evaluate::<Vec<String>>(ids).await.iter().map(|id| format!("{name}: two are {id}")));
    let title: String = page.evaluate("document.title").await;
    if !title.ends_with(" – Keystile")
        || page.evaluate::<u32>("document.querySelectorAll('h1').length").await != 1
    {
        faults.push(format!("{name}: title {title:?}"));
    }
    for (text, px, change) in [("twice the size", 32, "null"), ("wide spacing", 16, SPACED)] {
        page.set_text_size(px).await;
        let set: String = page.evaluate("getComputedStyle(document.documentElement).fontSize").await;
        assert_eq!(set, format!("{px}px"));
        let _: Option<()> = page.evaluate(&format!("{{ {change} }}")).await;
        for width in WIDTHS {
            page.set_viewport(width, 800).await;
            if page.scrolls_sideways().await {
                faults.push(format!("{name} at {width} px with text of {text}: scrolls sideways"));
            }
        }
    }
    page.set_viewport(1280, 800).await;
    page.set_dark(false).await;
    faults
}

pub(super) async fn inspect(page: &Page, found: &mut Vec<String>, url: &str, name: &str) {
    page.goto(url).await;
    found.extend(problems(page, name).await);
}

#[tokio::test]
async fn pages_before_the_sign_in_are_accessible() {
    let app = server().await;
    let page = Browser::new().await.page().await;
    let mut found = Vec::new();
    let at = |path: &str| format!("{}{path}", app.issuer());
    inspect(&page, &mut found, &at("/setup"), "setup").await;
    page.goto(&at("/setup")).await;
    for (field, text) in [
        ("Setup code", "A"),
        ("Your name", "M"),
        ("Email", "m@n.dev"),
        ("Password", "short"),
        ("Organization name", "N"),
    ] {
        page.fill(field, text).await;
    }
    page.follow("Set up the server").await;
    found.extend(problems(&page, "setup, wrong").await);
    let owner = app.owner().await;
    let tool = Tool::at(&app, "127.0.0.1").await;
    let (link, _) = push(&app, &tool.ask()).await;
    inspect(&page, &mut found, &link, "sign-in for a tool").await;
    page.goto(&at("/sign-in")).await;
    page.fill("Email", &owner.email).await;
    page.fill("Password", "wrong").await;
    page.follow("Sign in").await;
    found.extend(problems(&page, "sign-in, wrong").await);
    let (address, store) = (owner.email.clone(), &app.inside().store);
    let made = store.write_or_refuse(move |work| password_reset::create_link(work, &address)).await;
    let reset = format!("/reset/{}", made.unwrap().token.expose());
    for path in [
        &reset,
        "/reset/x",
        "/help",
        "/api",
        "/nothing",
        "/c/AAAA-AAAA",
        "/cli-auth?port=1",
        "/oauth/authorize?client_id=nobody",
        "/oauth/authorize?client_id=keystile-cli&redirect_uri=https://evil.example/",
        "/done",
        "/denied",
        "/sign-in?because=signed-out",
    ] {
        inspect(&page, &mut found, &at(path), path).await;
    }
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(complaints(&page), Vec::<String>::new());
    app.stop().await;
}

/// A person with a few used sessions, one of them on a device with the longest possible name.
async fn with_sessions(app: &TestApp) -> Person {
    let owner = app.owner().await;
    let browser = app.browser_of(&owner).await;
    let client = app.client(ClientKind::Native).await;
    for device in ["maya-mbp", "build-07", &"w".repeat(80)] {
        let ask = Ask::of(&client).with("device_name", device).with("scope", "openid deployments:delete");
        let code = app.authorize(&browser, &ask).await;
        let tokens = Tokens::of(&app.exchange(&ask, code.code()).await);
        app.whoami(&tokens.access).await;
    }
    while app.count("uses").await < 3 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    owner
}

#[tokio::test]
async fn pages_after_the_sign_in_are_accessible() {
    let app = every_form(Builder::on(Database::sqlite())).start().await;
    let owner = with_sessions(&app).await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    let mut found = Vec::new();
    let at = |path: &str| format!("{}{path}", app.issuer());
    let link = make_link(&app.browser_of(&owner).await, &[]).await;
    let settings = "/o/northwind-labs/settings/api-access";
    for path in [
        "/",
        "/cli-sessions?q=nothing",
        "/cli-sessions/end-all",
        "/organizations",
        "/organizations?q=nothing",
        "/organizations/new",
        "/o/northwind-labs/settings",
        "/o/northwind-labs/settings/delete",
        "/o/northwind-labs/settings/join-links/new",
        "/o/northwind-labs/invitations",
        &link,
        "/security",
        "/security/password",
        "/security/browsers/end-others",
        "/sign-in/again",
        settings,
        &format!("{settings}/revoke-all"),
        &format!("{settings}/personal-tokens/off"),
        "/o/northwind-labs/audit",
        "/o/northwind-labs/audit?actor=nobody",
        "/o/northwind-labs/audit/uses",
        "/o/northwind-labs/audit/uses?outcome=denied",
        "/o/northwind-labs/usage",
        "/o/northwind-labs/usage?days=90",
    ] {
        inspect(&page, &mut found, &at(path), path).await;
    }
    for act in ["rename", "end"] {
        page.goto(&at("/")).await;
        let link: String =
            page.evaluate(&format!("document.querySelector('.act a[href$={act}]').href")).await;
        inspect(&page, &mut found, &link, act).await;
    }
    page.goto(&at("/")).await;
    page.evaluate::<Option<()>>("document.querySelectorAll('details').forEach(d => { d.open = true })").await;
    found.extend(problems(&page, "sessions, all open").await);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(complaints(&page), Vec::<String>::new());
    app.stop().await;
}

#[tokio::test]
async fn pages_of_a_request_are_accessible() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    let mut found = Vec::new();
    let mut tool = Tool::at(&app, "127.0.0.1").await;
    let strong = tool.ask().with("scope", "openid deployments:read deployments:write deployments:delete");
    let (link, _) = push(&app, &strong).await;
    inspect(&page, &mut found, &link, "consent").await;
    page.goto(&link).await;
    let request = page.url().await;
    page.click("Deny").await;
    tool.answer().await;
    page.shows("Did you not start this sign-in yourself?").await;
    found.extend(problems(&page, "denied").await);
    inspect(&page, &mut found, &request, "answered").await;
    let plain = tool.ask().without("device_name").without("device_os").without("tool_version");
    inspect(&page, &mut found, &format!("{}{}", app.issuer(), plain.path()), "consent without a push").await;
    page.goto(&format!("{}/o/northwind-labs/settings/api-access/personal-tokens/off", app.issuer())).await;
    page.follow("Turn them off").await;
    found.extend(problems(&page, "api access, off").await);
    let (link, _) = push(&app, &tool.ask()).await;
    inspect(&page, &mut found, &link, "personal tokens off").await;
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(complaints(&page), Vec::<String>::new());
    app.stop().await;
}

#[tokio::test]
async fn pages_of_a_device_are_accessible() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    let mut found = Vec::new();
    let entry = format!("{}/device", app.issuer());
    inspect(&page, &mut found, &entry, "device").await;
    page.fill("Code", "BBBB-BBBB").await;
    page.follow("Look up the code").await;
    found.extend(problems(&page, "device, wrong code").await);
    let client = app.device_client().await;
    let form = [
        ("device_name", "w".repeat(80)),
        ("scope", "openid deployments:write deployments:delete".to_owned()),
    ];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    for (decision, name) in
        [("No, not me", "device, ended"), (&*format!("Yes, connect {}", "w".repeat(80)), "device, connected")]
    {
        let codes = app.device_codes(&client, &form).await;
        inspect(&page, &mut found, &format!("{entry}?user_code={}", codes.user_code), "device, filled in")
            .await;
        page.follow("Look up the code").await;
        found.extend(problems(&page, "device, question").await);
        page.follow(decision).await;
        found.extend(problems(&page, name).await);
    }
    let settings = format!("{}/o/northwind-labs/settings/api-access", app.issuer());
    page.goto(&settings).await;
    choose(&page, "device_flow", "off").await;
    page.follow("Save").await;
    found.extend(problems(&page, "api access, no device codes").await);
    let codes = app.device_codes(&client, &form).await;
    page.goto(&format!("{entry}?user_code={}", codes.user_code)).await;
    page.follow("Look up the code").await;
    page.shows("Northwind Labs does not allow device codes").await;
    found.extend(problems(&page, "device codes off").await);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(complaints(&page), Vec::<String>::new());
    app.stop().await;
}

#[tokio::test]
async fn a_first_visit_is_light_and_stays_on_one_server() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    let tool = Tool::at(&app, "127.0.0.1").await;
    let (link, _) = push(&app, &tool.ask()).await;
    page.goto(&link).await;
    page.evaluate::<Option<()>>("document.fonts.ready.then(() => null)").await;
    assert!(page.transferred() <= 115 * 1024, "{}", page.transferred());
    page.fill("Email", &owner.email).await;
    page.fill("Password", owner.password).await;
    page.follow("Sign in").await;
    page.shows("Allow Keystile CLI").await;
    page.evaluate::<Option<()>>("document.fonts.ready.then(() => null)").await;
    assert!(page.transferred() <= 115 * 1024, "{} with the consent page", page.transferred());
    let loaded: Vec<String> =
        page.evaluate("performance.getEntriesByType('resource').map(e => e.name)").await;
    assert!(loaded.len() <= 6 && loaded.iter().all(|url| url.starts_with(app.issuer())), "{loaded:?}");
    app.stop().await;
}
