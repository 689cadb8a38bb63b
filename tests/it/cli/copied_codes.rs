//! A terminal waits for a pasted code while the page in the browser cannot show one.

use std::process::Stdio;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::cli::{Ran, Running};
use crate::support::http::{Answer, BrowserCaller};

/// The link printed by the tool.
fn link(said: &str) -> Option<String> {
    said.lines().map(str::trim).find(|line| line.contains("/c/")).map(str::to_owned)
}

/// The user code printed after it.
fn user_code(said: &str) -> Option<String> {
    let (_, code) = said.split_once("enter this code:")?;
    code.split_whitespace().next().map(str::to_owned)
}

async fn open(browser: &BrowserCaller, link: &str) -> Answer {
    let opened = browser.get(link).await;
    browser.follow(opened).await
}

/// The page refuses, the terminal shows a user code, and that signs in.
async fn continues_with_a_device_code(app: &TestApp, tool: Running, on_terminal: bool) {
    let browser = app.browser_of(&app.owner().await).await;
    let address = if on_terminal { tool.on_terminal(link).await } else { tool.says(link).await };
    let refused = open(&browser, &address).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("Look at your terminal"), "{}", refused.text());
    let code = if on_terminal { tool.on_terminal(user_code).await } else { tool.says(user_code).await };
    let question = app.enter_code(&browser, &code).await;
    app.answer_device(&browser, &question, "connect").await;
    let ran = tool.ended().await.good();
    let said = ran.out + &ran.err;
    let notice = " Your organization does not allow copied codes. Use a device code instead.";
    assert!(said.lines().any(|line| line.trim_end().ends_with(notice)), "{said}");
    assert!(said.contains("Signed in as"), "{said}");
}

/// Waits for this error while the prompt is open; its input ends only afterwards.
async fn stopped(tool: Running, error: &str) -> Ran {
    tool.on_terminal(|said| said.lines().any(|line| line.trim_end().ends_with(error)).then_some(())).await;
    let ran = tool.ended().await;
    assert_eq!(ran.exit, 2, "{ran:#?}");
    ran
}

both_engines! {
    async fn cg_04_a_terminal_whose_page_refuses_changes_to_a_device_code(app) {
        let cli = app.cli();
        let tool = cli.start(cli.terminal("auth login --no-browser"));
        continues_with_a_device_code(app, tool, true).await;
        cli.run(&["whoami"]).await.good();
        let status = cli.run(&["auth", "status"]).await.good();
        assert!(status.out.contains("sign-in by device code"), "{status:#?}");
    }

    async fn cg_04_a_script_whose_page_refuses_changes_to_a_device_code(app) {
        let cli = app.cli();
        let mut command = cli.command(&["auth", "login", "--no-browser"]);
        // An open stdin without data.
        command.stdin(Stdio::piped());
        continues_with_a_device_code(app, cli.start(command), false).await;
    }

    async fn cg_04_where_device_codes_are_off_too_the_terminal_ends_and_says_so(app) {
        let browser = app.browser_of(&app.owner().await).await;
        app.set_sign_in_methods(&browser, "off", "off").await;
        let cli = app.cli();
        let tool = cli.start(cli.terminal("auth login --no-browser"));
        assert_eq!(open(&browser, &tool.on_terminal(link).await).await.status, 403);
        let ran = stopped(tool, "Your organization allows neither copied codes nor device codes").await;
        assert!(!ran.out.contains("enter this code"), "{ran:#?}");
        assert!(!cli.credentials_file().exists());
    }

    async fn cg_04_a_denial_ends_the_prompt(app) {
        let browser = app.browser_of(&app.owner().await).await;
        app.set_sign_in_methods(&browser, "on", "on").await;
        let cli = app.cli();
        let tool = cli.start(cli.terminal("auth login --no-browser"));
        let consent = open(&browser, &tool.on_terminal(link).await).await;
        app.decide(&browser, &consent, "deny").await;
        stopped(tool, "Sign-in was denied").await;
    }
}
