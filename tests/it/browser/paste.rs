//! Copying a code from a page into the terminal.

use super::device::choose;
use super::{server, sign_in};
use crate::support::app::TestApp;
use crate::support::browser::{Browser, Page};
use crate::support::cli::{Cli, Running};
use crate::support::elsewhere::Elsewhere;

const QUESTION: &str = "the browser ended on):";

/// A browser on another machine, in an organization that allows copied codes.
async fn allowed(app: &TestApp) -> Page {
    let page = Browser::elsewhere(&Elsewhere::start(app.address())).await.page().await;
    sign_in(app, &page, &app.owner().await).await;
    page.goto(&format!("{}/o/northwind-labs/settings/api-access", app.issuer())).await;
    choose(&page, "copy_code", "on").await;
    page.follow("Save").await;
    page.shows("Sign-in settings saved.").await;
    page
}

/// The last link in the terminal once its output contains `then`.
async fn link(tool: &Running, then: &str) -> String {
    let find = |said: &str| {
        let link =
            said.lines().map(str::trim).rfind(|line| line.starts_with("http") && line.contains("/c/"))?;
        said.contains(then).then(|| link.to_owned())
    };
    tool.on_terminal(find).await
}

/// Asserts that the terminal is signed in and did not echo the pasted text.
async fn signed_in(app: &TestApp, cli: &Cli, tool: Running, pasted: &str) {
    let ran = tool.ended().await.good();
    assert!(ran.out.contains(&format!("Signed in as {}", app.owner().await.email)), "{ran:#?}");
    assert!(!ran.out.contains(pasted), "{ran:#?}");
    cli.run(&["whoami"]).await.good();
    let status = cli.run(&["auth", "status"]).await.good();
    assert!(status.out.contains("sign-in by copied code, CLI session ses_"), "{status:#?}");
}

#[tokio::test]
async fn the_code_that_the_page_shows_signs_the_terminal_in_with_and_without_its_state() {
    let app = server().await;
    let page = allowed(&app).await;
    for with_state in [false, true] {
        let cli = app.cli();
        let mut tool = cli.start(cli.terminal("auth login --no-browser"));
        page.goto(&link(&tool, QUESTION).await).await;
        page.shows("A code you paste yourself").await;
        page.follow("Authorize Keystile CLI").await;
        page.shows("Paste this code into your terminal").await;
        let shown: String = page.evaluate("document.getElementById('code').textContent").await;
        let (code, _) = shown.split_once('#').unwrap();
        let pasted = if with_state { &shown } else { code };
        tool.types(&format!("{pasted}\n"));
        signed_in(&app, &cli, tool, pasted).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn the_address_that_a_browser_on_another_machine_failed_on_signs_the_terminal_in() {
    let app = server().await;
    let page = allowed(&app).await;
    let cli = app.cli().with_recording_browser();
    let mut tool = cli.start(cli.terminal("auth login"));
    page.goto(&link(&tool, "left)").await).await;
    page.click("Authorize Keystile CLI").await;
    // No one listens at that port.
    let port = app.address().port();
    page.leaves(&format!("http://127.0.0.1:{port}/")).await;
    let address = page.url().await;
    tool.types("p");
    link(&tool, QUESTION).await;
    tool.types(&format!("{address}\n"));
    signed_in(&app, &cli, tool, &address).await;
    app.stop().await;
}
