//! Sign-in with a browser: short link, comparison code, and a loopback listener for the callback.

use std::pin::pin;
use std::time::Duration;

use oauth2::RedirectUrl;
use tokio::time::{Instant, sleep_until};
use url::form_urlencoded::byte_serialize;

use super::attempt::Attempt;
use super::loopback::{Loopback, PendingCallback};
use super::page::Page;
use super::paste;
use super::sign_in_method::{SignInMethod, WithoutDeviceCodes};
use super::wait::{Frames, open_browser, stopped};
use super::{CompletedLogin, Step};
use crate::credentials::SignedInBy;
use crate::error::ErrorKind;
use crate::oauth::{Link, PkceSession, TokenError};
use crate::ui::{CodeDelivery, LinkScreen, WaitAction, Waiting};

const USUAL_TIMEOUT: Duration = Duration::from_secs(300);

/// Result of the wait.
enum Waited {
    Arrived(PendingCallback),
    /// The user changes the method.
    Chose(WaitAction),
}

pub(super) async fn sign_in(attempt: &Attempt<'_>, opens: bool) -> Result<Step, ErrorKind> {
    let timeout = attempt.context.login_timeout(attempt.options.timeout)?.unwrap_or(USUAL_TIMEOUT);
    let pkce = PkceSession::new()?;
    let mut loopback = Loopback::bind(attempt.options.port).await?;
    let (link, _) = attempt.link(&loopback.redirect_url()?, &pkce).await?;
    let (url, check) = match link {
        Link::Short { url, check } => (url, check),
        Link::Long { url } => (url, None),
    };
    attempt.context.ui.show_link(&LinkScreen {
        server: attempt.issuer.host(),
        url: url.to_string(),
        check,
        delivery: CodeDelivery::Loopback { port: loopback.port(), opens_browser: opens },
    });
    match wait(attempt, &mut loopback, url.as_str(), opens, timeout).await? {
        Waited::Arrived(pending) => {
            let redirect = loopback.redirect_url()?;
            finish(attempt, pending, redirect, &pkce).await.map(signed_in)
        }
        // The callback may still arrive, or its URL may be pasted.
        Waited::Chose(WaitAction::Paste) => paste::sign_in(attempt, &pkce, Some(&mut loopback)).await,
        Waited::Chose(WaitAction::DeviceCode | WaitAction::Browser) => {
            Ok(Step::Change(SignInMethod::Device { opens: false, without_codes: WithoutDeviceCodes::Paste }))
        }
    }
}

pub(super) fn signed_in(account: CompletedLogin) -> Step {
    Step::SignedIn(Box::new(account))
}

/// Waits for the callback.
async fn wait(
    attempt: &Attempt<'_>,
    loopback: &mut Loopback,
    url: &str,
    opens: bool,
    timeout: Duration,
) -> Result<Waited, ErrorKind> {
    let context = attempt.context;
    let deadline = Instant::now() + timeout;
    let mut frames = Frames::of(context);
    let mut stop = pin!(stopped());
    if opens {
        open_browser(context, url);
    }
    loop {
        tokio::select! {
            pending = loopback.next_callback() => return pending.map(Waited::Arrived),
            () = sleep_until(deadline) => return Err(ErrorKind::LoginTimedOut { after: timeout }),
            kind = &mut stop => return Err(kind),
            () = frames.next() => {
                context.ui.progress(Waiting::ForBrowser(deadline - Instant::now()));
                match context.ui.wait_action() {
                    None => {}
                    Some(WaitAction::Browser) => open_browser(context, url),
                    Some(action @ (WaitAction::DeviceCode | WaitAction::Paste)) => return Ok(Waited::Chose(action)),
                }
            }
        }
    }
}

/// Exchanges the code and stores the session; only then answers the browser.
pub(super) async fn finish(
    attempt: &Attempt<'_>,
    pending: PendingCallback,
    redirect: RedirectUrl,
    pkce: &PkceSession,
) -> Result<CompletedLogin, ErrorKind> {
    match trade(attempt, &pending, redirect, pkce).await {
        Ok(account) => {
            pending.answer(Page::Done { url: done_page(attempt) }).await;
            attempt.end_replaced().await;
            Ok(account)
        }
        Err(kind @ (ErrorKind::AccessDenied | ErrorKind::TokensDisabled { .. })) => {
            pending.answer(Page::Denied { url: format!("{}/denied", attempt.issuer) }).await;
            Err(kind)
        }
        Err(kind) => {
            pending.answer(Page::Failed { tool: attempt.context.brand().name().to_owned() }).await;
            Err(kind)
        }
    }
}

/// A page of the issuer to redirect to, so that the code does not stay in the address bar.
fn done_page(attempt: &Attempt<'_>) -> String {
    let client: String = byte_serialize(attempt.context.app.client_id.as_bytes()).collect();
    format!("{}/done?c={client}", attempt.issuer)
}

async fn trade(
    attempt: &Attempt<'_>,
    pending: &PendingCallback,
    redirect: RedirectUrl,
    pkce: &PkceSession,
) -> Result<CompletedLogin, ErrorKind> {
    let code = attempt.code_of(&pending.callback, pkce)?;
    let tokens = attempt.exchange(code, redirect, pkce).await.map_err(TokenError::into_kind)?;
    attempt.keep(&tokens, SignedInBy::Browser).await
}
