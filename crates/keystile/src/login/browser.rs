//! Sign-in with a browser: short link, comparison code, and a loopback listener for the callback.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use url::Url;

use super::Step;
use super::attempt::Attempt;
use super::finish::finish;
use super::loopback::{Loopback, PendingCallback};
use super::paste;
use super::sign_in_method::{SignInMethod, WithoutDeviceCodes};
use super::stop;
use super::wait::{Frames, open_browser};
use crate::error::ErrorKind;
use crate::oauth::{Link, PkceSession};
use crate::ui::{CodeDelivery, LinkScreen, WaitAction, Waiting};

const USUAL_TIMEOUT: Duration = Duration::from_secs(300);

/// How the wait ended.
enum Waited {
    Arrived(PendingCallback),
    /// The user chose another method.
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
    match wait(attempt, &mut loopback, &url, opens, timeout).await? {
        Waited::Arrived(pending) => {
            let redirect = loopback.redirect_url()?;
            finish(attempt, pending, redirect, &pkce).await
        }
        // The callback may still arrive, or its URL may be pasted.
        Waited::Chose(WaitAction::Paste) => paste::sign_in(attempt, &pkce, Some(&mut loopback)).await,
        Waited::Chose(WaitAction::DeviceCode | WaitAction::Browser) => {
            Ok(Step::Change(SignInMethod::Device { opens: false, without_codes: WithoutDeviceCodes::Paste }))
        }
    }
}

/// Waits for the callback.
async fn wait(
    attempt: &Attempt<'_>,
    loopback: &mut Loopback,
    url: &Url,
    opens: bool,
    timeout: Duration,
) -> Result<Waited, ErrorKind> {
    let context = attempt.context;
    let deadline = Instant::now() + timeout;
    let mut frames = Frames::of(context);
    let mut stop = pin!(stop::requested(context));
    if opens {
        open_browser(attempt, url);
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
                    Some(WaitAction::Browser) => open_browser(attempt, url),
                    Some(action @ (WaitAction::DeviceCode | WaitAction::Paste)) => return Ok(Waited::Chose(action)),
                }
            }
        }
    }
}
