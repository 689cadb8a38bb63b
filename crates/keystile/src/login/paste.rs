//! Sign-in with a pasted code: a link for any browser, whose page shows a code that needs the PKCE verifier kept here.

use std::pin::pin;
use std::time::Duration;

use oauth2::RedirectUrl;
use tokio::time::{Instant, sleep, sleep_until};

use super::Step;
use super::attempt::Attempt;
use super::browser::{self, signed_in};
use super::loopback::{Loopback, PendingCallback};
use super::pace::Pace;
use super::pasted;
use super::sign_in_method::{SignInMethod, WithoutDeviceCodes};
use super::wait::stopped;
use crate::credentials::SignedInBy;
use crate::error::ErrorKind;
use crate::oauth::{self, Link, PkceSession, Progress, PushedRequest, TokenError};
use crate::secret::Secret;
use crate::ui::{CodeDelivery, LinkScreen};

const USUAL_TIMEOUT: Duration = Duration::from_secs(300);
/// Interval of the status requests.
const INTERVAL: Duration = Duration::from_secs(3);
const QUESTION: &str = "Paste the code shown there (or the full address the browser ended on):";
/// Attempts to paste a valid code.
const TRIES: usize = 3;

/// Result of one prompt.
enum Answered {
    Entered(Secret),
    /// The callback arrived at the listener, for this redirect URI.
    Arrived(Box<(PendingCallback, RedirectUrl)>),
    /// The page will not show a code.
    Unanswerable(Unanswerable),
}

/// Why the page will not show a code.
enum Unanswerable {
    CopiedCodesOff { device_codes: bool },
    LinkEnded,
}

/// Prompts for the code. A listener that is still open may receive the callback instead.
pub(super) async fn sign_in(
    attempt: &Attempt<'_>,
    pkce: &PkceSession,
    mut loopback: Option<&mut Loopback>,
) -> Result<Step, ErrorKind> {
    let timeout = attempt.context.login_timeout(attempt.options.timeout)?.unwrap_or(USUAL_TIMEOUT);
    let hosted = RedirectUrl::new(format!("{}/c/code", attempt.issuer)).map_err(|error| {
        ErrorKind::LocalFailure { what: "make the address of the code".into(), cause: error.to_string() }
    })?;
    let (Link::Short { url, .. } | Link::Long { url }, pushed) = attempt.link(&hosted, pkce).await?;
    attempt.context.ui.show_link(&LinkScreen {
        server: attempt.issuer.host(),
        url: url.to_string(),
        check: None,
        delivery: CodeDelivery::Pasted,
    });
    let deadline = Instant::now() + timeout;
    for _ in 0..TRIES {
        let entered = match ask(attempt, loopback.as_deref_mut(), pushed.as_ref(), deadline, timeout).await? {
            Answered::Entered(entered) => entered,
            Answered::Arrived(arrived) => {
                let (callback, redirect) = *arrived;
                return browser::finish(attempt, callback, redirect, pkce).await.map(signed_in);
            }
            Answered::Unanswerable(why) => return change(attempt, &why),
        };
        let Some(pasted) = pasted::read(entered.expose(), attempt.issuer) else {
            attempt.context.ui.notice("That is neither a code nor the address of this sign-in.");
            continue;
        };
        let code = attempt.code_of_pasted(&pasted.answer, pkce)?;
        let redirect = match &loopback {
            Some(loopback) if pasted.at_port => loopback.redirect_url()?,
            Some(_) | None => hosted.clone(),
        };
        match attempt.exchange(code, redirect, pkce).await {
            Ok(tokens) => {
                let account = attempt.keep(&tokens, SignedInBy::PastedCode).await?;
                attempt.end_replaced().await;
                return Ok(signed_in(account));
            }
            Err(TokenError::InvalidGrant(_)) => attempt.context.ui.notice(
                "The server did not accept that code. It works once and for one minute; get a new one.",
            ),
            Err(kind) => return Err(kind.into_kind()),
        }
    }
    Err(ErrorKind::NoCodePasted)
}

/// Goes on with a device code, which needs nothing to be copied.
fn change(attempt: &Attempt<'_>, why: &Unanswerable) -> Result<Step, ErrorKind> {
    let notice = match why {
        Unanswerable::CopiedCodesOff { device_codes: false } => return Err(ErrorKind::CodesDisabled),
        Unanswerable::CopiedCodesOff { device_codes: true }
            if attempt.metadata.device_endpoint().is_none() =>
        {
            return Err(ErrorKind::CodesDisabled);
        }
        Unanswerable::CopiedCodesOff { device_codes: true } => {
            "Your organization does not allow copied codes. Use a device code instead."
        }
        Unanswerable::LinkEnded => "The link has expired. Use a device code instead.",
    };
    attempt.context.ui.notice(notice);
    Ok(Step::Change(SignInMethod::Device { opens: false, without_codes: WithoutDeviceCodes::Fail }))
}

/// Polls the status of the request until the page cannot show a code any more.
async fn watch(attempt: &Attempt<'_>, pushed: Option<&PushedRequest>) -> Result<Unanswerable, ErrorKind> {
    let Some(pushed) = pushed else { return std::future::pending().await };
    let (transport, client_id) = (&attempt.context.transport, &attempt.context.app.client_id);
    let mut pace = Pace::of(INTERVAL);
    loop {
        sleep(pace.interval()).await;
        match oauth::progress(transport, client_id, pushed).await {
            Progress::Waiting => {}
            Progress::SlowDown => pace.slow_down(),
            Progress::Unanswered { retry_after } => pace.back_off(retry_after),
            Progress::Ended => return Ok(Unanswerable::LinkEnded),
            Progress::CopiedCodesOff { device_codes } => {
                return Ok(Unanswerable::CopiedCodesOff { device_codes });
            }
            Progress::Refused(kind) => return Err(kind),
        }
    }
}

async fn ask(
    attempt: &Attempt<'_>,
    loopback: Option<&mut Loopback>,
    pushed: Option<&PushedRequest>,
    deadline: Instant,
    timeout: Duration,
) -> Result<Answered, ErrorKind> {
    let callback = async {
        match loopback {
            Some(loopback) => {
                let redirect = loopback.redirect_url()?;
                Ok(Answered::Arrived(Box::new((loopback.next_callback().await?, redirect))))
            }
            None => std::future::pending().await,
        }
    };
    let mut stop = pin!(stopped());
    tokio::select! {
        arrived = callback => arrived,
        ended = watch(attempt, pushed) => ended.map(Answered::Unanswerable),
        () = sleep_until(deadline) => Err(ErrorKind::LoginTimedOut { after: timeout }),
        kind = &mut stop => Err(kind),
        entered = attempt.context.ui.prompt_secret(QUESTION) => {
            entered.map(Answered::Entered).ok_or(ErrorKind::NoCodePasted)
        }
    }
}
