//! The methods other than the browser on this machine, and changes between them.

use std::sync::Arc;

use serde_json::json;

use super::tests::{World, world, world_where};
use super::*;
use crate::login_method::LoginMethod;
use crate::testing::{RecordingUi, TestResponse};
use crate::ui::{CodeDelivery, WaitAction};

const QUICK: Duration = Duration::from_millis(20);

fn refusal(code: &str) -> TestResponse {
    TestResponse::json(&json!({ "error": code })).with_status(400)
}

fn asking_for(world: &World, method: LoginMethod) -> LoginOptions {
    LoginOptions { method: Some(method), ..world.options() }
}

/// Waits for the approval of a code, polling faster than a real server allows.
async fn approve_at_pace(world: &World, unit: Duration) -> Result<CompletedLogin, ErrorKind> {
    let options = asking_for(world, LoginMethod::Device);
    let issuer = options.issuer.clone().unwrap();
    let attempt = Attempt::begin(&world.context, &options, &issuer, None).await?;
    let code = attempt.device_code().await?.unwrap();
    let step = device::approve(&attempt, &code, code.lifetime(), false, Pace::hurried(unit)).await?;
    drive(&attempt, step).await
}

#[tokio::test]
async fn a_device_code_is_shown_approved_and_stored() {
    let world = world();
    let account = login(&world.context, &asking_for(&world, LoginMethod::Device)).await.unwrap();
    assert_eq!(account.account.unwrap().email.as_deref(), Some("ada@example.com"));
    let code = &world.ui.codes()[0];
    assert_eq!((code.code.as_str(), code.page.as_str()), ("WDJB-MJHT", world.server.url("/device").as_str()));
    assert_eq!(code.lifetime, Duration::from_secs(600));
    let asked = |name| world.sent("/oauth/device_authorization", name);
    assert_eq!(asked("client_id").as_deref(), Some("acme-cli"));
    assert!(asked("device_os").is_some() && asked("tool_version").is_some());
    assert_eq!(world.sent("/oauth/token", "device_code").as_deref(), Some("the-device-code"));
    assert_eq!(world.stored(), 1);
    assert!(world.browser.opened().is_empty());
}

#[tokio::test]
async fn cli_14_polls_survive_three_dropped_connections_and_honor_slow_down() {
    let world = world();
    world.polls([
        TestResponse::hang_up(),
        TestResponse::hang_up(),
        TestResponse::hang_up(),
        refusal("slow_down"),
        refusal("authorization_pending"),
    ]);
    let started = std::time::Instant::now();
    approve_at_pace(&world, QUICK).await.unwrap();
    // 1, 2, 4 and 8 before the polls that fail, then 8 + 5 twice.
    assert!(started.elapsed() >= QUICK * (1 + 2 + 4 + 8 + 13 + 13), "{:?}", started.elapsed());
    assert_eq!(world.asked("/oauth/token"), 6);
    assert_eq!(world.stored(), 1);
}

#[tokio::test]
async fn server_errors_do_not_end_the_wait() {
    let world = world();
    world.polls([TestResponse::status(502), TestResponse::status(429), refusal("authorization_pending")]);
    approve_at_pace(&world, QUICK).await.unwrap();
}

#[tokio::test]
async fn a_denied_or_expired_code_is_an_error_and_stores_nothing() {
    for (code, kind) in [
        ("access_denied", ErrorKind::AccessDenied),
        ("expired_token", ErrorKind::CodeExpired { after: Duration::from_secs(600) }),
    ] {
        let world = world();
        world.polls([refusal("authorization_pending"), refusal(code)]);
        assert_eq!(approve_at_pace(&world, QUICK).await, Err(kind));
        assert_eq!(world.stored(), 0);
    }
}

#[tokio::test]
async fn an_unapproved_code_ends_at_the_timeout() {
    let world = world();
    let after = Duration::from_millis(50);
    let options = LoginOptions { timeout: Some(after), ..asking_for(&world, LoginMethod::Device) };
    assert_eq!(login(&world.context, &options).await, Err(ErrorKind::CodeExpired { after }));
}

#[tokio::test]
async fn a_requested_device_code_fails_if_the_server_issues_none() {
    let world = world_where(false);
    let kind = login(&world.context, &asking_for(&world, LoginMethod::Device)).await.unwrap_err();
    assert!(matches!(kind, ErrorKind::DeviceCodesUnavailable { .. }), "{kind:?}");
}

#[tokio::test]
async fn a_pasted_code_is_exchanged_with_the_verifier() {
    let world = world();
    world.ui.will_enter("neither=nor");
    world.ui.will_enter(" the-code\n");
    login(&world.context, &asking_for(&world, LoginMethod::Paste)).await.unwrap();
    assert_eq!(world.ui.links()[0].delivery, CodeDelivery::Pasted);
    assert_eq!(world.pushed("redirect_uri"), Some(world.server.url("/c/code")));
    let exchanged = |name| world.sent("/oauth/token", name);
    assert_eq!(exchanged("code").as_deref(), Some("the-code"));
    assert_eq!(exchanged("redirect_uri"), Some(world.server.url("/c/code")));
    assert_eq!(exchanged("code_verifier").unwrap().len(), 43);
    assert_eq!(world.ui.notices(), ["That is neither a code nor the address of this sign-in."]);
}

#[tokio::test]
async fn a_pasted_response_to_another_login_or_of_another_issuer_is_refused() {
    let world = world();
    world.ui.will_enter("the-code#another-state");
    let options = asking_for(&world, LoginMethod::Paste);
    assert_eq!(login(&world.context, &options).await, Err(ErrorKind::StateMismatch));
    world.ui.will_enter("http://127.0.0.1:1/callback?code=c&iss=https%3A%2F%2Fevil.example");
    let issuer = Some("https://evil.example".to_owned());
    assert_eq!(login(&world.context, &options).await, Err(ErrorKind::IssuerMismatch { issuer }));
    assert_eq!((world.stored(), world.asked("/oauth/token")), (0, 0));
}

#[tokio::test]
async fn three_invalid_pastes_end_the_login() {
    let world = world();
    (0..3).for_each(|_| world.ui.will_enter("neither nor?"));
    let options = asking_for(&world, LoginMethod::Paste);
    assert_eq!(login(&world.context, &options).await, Err(ErrorKind::NoCodePasted));
}

#[tokio::test]
async fn without_prompts_no_link_is_shown_for_a_copied_code() {
    let mut world = world();
    let ui = Arc::new(RecordingUi::unattended());
    world.context.ui = ui.clone();
    let options = asking_for(&world, LoginMethod::Paste);
    assert_eq!(login(&world.context, &options).await, Err(ErrorKind::NotInteractive));
    assert_eq!((ui.links().len(), world.asked("/oauth/par")), (0, 0));
}

#[tokio::test]
async fn d_changes_from_the_browser_to_a_device_code() {
    let world = world();
    world.ui.will_choose(WaitAction::DeviceCode);
    login(&world.context, &world.options()).await.unwrap();
    assert_eq!((world.ui.links().len(), world.ui.codes().len()), (1, 1));
    assert_eq!(world.stored(), 1);
}

#[tokio::test]
async fn d_changes_to_a_pasted_code_if_the_server_issues_no_device_codes() {
    let world = world_where(false);
    world.ui.will_choose(WaitAction::DeviceCode);
    world.ui.will_enter("the-code");
    login(&world.context, &world.options()).await.unwrap();
    assert_eq!(world.ui.links()[1].delivery, CodeDelivery::Pasted);
}

#[tokio::test]
async fn after_p_the_callback_url_of_the_first_link_can_be_pasted() {
    let world = world();
    world.ui.will_choose(WaitAction::Paste);
    let options = world.options();
    let paste = async {
        world.until(|world| world.ui.links().len() == 2).await;
        let CodeDelivery::Loopback { port, .. } = world.ui.links()[0].delivery else { panic!("no port") };
        let state = world.pushed("state").unwrap();
        world.ui.will_enter(&format!("http://127.0.0.1:{port}/callback?code=c&state={state}"));
        port
    };
    let (account, port) = tokio::join!(login(&world.context, &options), paste);
    account.unwrap();
    let redirect = format!("http://127.0.0.1:{port}/callback");
    assert_eq!(world.sent("/oauth/token", "redirect_uri"), Some(redirect));
}

#[tokio::test]
async fn after_p_the_callback_of_the_browser_still_counts() {
    let world = world();
    world.ui.will_choose(WaitAction::Paste);
    let options = world.options();
    let back = async {
        world.until(|world| world.ui.links().len() == 2).await;
        let CodeDelivery::Loopback { port, .. } = world.ui.links()[0].delivery else { panic!("no port") };
        let state = world.pushed("state").unwrap();
        let url = format!("http://127.0.0.1:{port}/callback?code=c&state={state}&iss={}", world.issuer());
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
            .get(url)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let (account, status) = tokio::join!(login(&world.context, &options), back);
    account.unwrap();
    assert_eq!(status, 303);
}

#[tokio::test]
async fn a_started_login_is_resumed_once() {
    let world = world();
    let started = start(&world.context, &world.options()).await.unwrap();
    assert_eq!(started.screen.code, "WDJB-MJHT");
    let file = world.home.path().join(format!(".acme/pending/{}.json", started.handle));
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("\"scopes\""), "the second step needs the scopes: {kept}");
    assert_eq!(world.stored(), 0);
    resume(&world.context, &started.handle, None).await.unwrap();
    assert_eq!(world.stored(), 1);
    assert!(!file.exists(), "the state of a completed login is removed");
    let again = resume(&world.context, &started.handle, None).await;
    assert_eq!(again, Err(ErrorKind::NoPendingLogin { handle: started.handle }));
}

#[cfg(unix)]
#[tokio::test]
async fn pending_logins_are_private_and_removed_after_they_expire() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    let world = world();
    let first = start(&world.context, &world.options()).await.unwrap();
    let folder = world.context.paths.pending().unwrap();
    let file = folder.join(format!("{}.json", first.handle));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    let text = fs::read_to_string(&file).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    document["expires_at"] = "2020-01-01T00:00:00Z".into();
    fs::write(&file, document.to_string()).unwrap();
    start(&world.context, &world.options()).await.unwrap();
    assert!(!file.exists());
}

#[tokio::test]
async fn a_resumed_login_that_times_out_can_be_resumed_again() {
    let world = world();
    let started = start(&world.context, &world.options()).await.unwrap();
    let after = Duration::from_millis(50);
    let early = resume(&world.context, &started.handle, Some(after)).await;
    assert_eq!(early, Err(ErrorKind::CodeExpired { after }));
    resume(&world.context, &started.handle, None).await.unwrap();
}

#[tokio::test]
async fn a_provider_is_requested_if_the_server_offers_it() {
    let world = world();
    let with = |provider: &str| LoginOptions {
        provider: Some(provider.into()),
        ..asking_for(&world, LoginMethod::Device)
    };
    login(&world.context, &with("apple")).await.unwrap();
    assert_eq!(world.sent("/oauth/device_authorization", "provider").as_deref(), Some("apple"));
    let kind = login(&world.context, &with("google")).await.unwrap_err();
    assert!(
        matches!(kind, ErrorKind::Usage { message, .. } if message.ends_with("does not offer sign-in with google"))
    );
}
