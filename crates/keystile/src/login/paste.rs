//! Sign-in with a copied code: a link for any browser, and the authorization code that its page shows. The code is useless
//! without the PKCE verifier, which stays here.

use std::pin::pin;
use std::time::Duration;

use oauth2::RedirectUrl;
use tokio::time::{Instant, sleep, sleep_until};

use super::Step;
use super::attempt::Attempt;
use super::finish::finish;
use super::loopback::{Loopback, PendingCallback};
use super::pace::Pace;
use super::pasted;
use super::sign_in_method::{SignInMethod, WithoutDeviceCodes};
use super::stop;
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

/// How a prompt ended.
enum Answered {
    Entered(Secret),
    /// The callback arrived at the listener, with this redirect URI.
    Arrived(Box<(PendingCallback, RedirectUrl)>),
    /// The page will not show a code.
    NoCode(NoCode),
}

/// Why the page will not show a code.
enum NoCode {
    CopiedCodesOff { device_codes: bool },
    LinkEnded,
}

/// Prompts for the code. The callback may arrive instead if the listener of a browser login is still open.
pub(super) async fn sign_in(
    attempt: &Attempt<'_>,
    pkce: &PkceSession,
    mut loopback: Option<&mut Loopback>,
) -> Result<Step, ErrorKind> {
    if !attempt.context.ui.can_prompt() {
        return Err(ErrorKind::NotInteractive);
    }
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
                return finish(attempt, callback, redirect, pkce).await;
            }
            Answered::NoCode(why) => return change(attempt, &why),
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
                let completed = attempt.keep(&tokens, SignedInBy::PastedCode).await?;
                attempt.end_replaced().await;
                return Ok(Step::SignedIn(Box::new(completed)));
            }
            Err(TokenError::InvalidGrant(_)) => attempt.context.ui.notice(
                "The server did not accept that code. It works once and for two minutes; get a new one.",
            ),
            Err(kind) => return Err(kind.into_kind()),
        }
    }
    Err(ErrorKind::NoCodePasted)
}

/// Changes to a device code.
fn change(attempt: &Attempt<'_>, why: &NoCode) -> Result<Step, ErrorKind> {
    let notice = match why {
        NoCode::CopiedCodesOff { device_codes: false } => return Err(ErrorKind::CodesDisabled),
        NoCode::CopiedCodesOff { device_codes: true } if attempt.metadata.device_endpoint().is_none() => {
            return Err(ErrorKind::CodesDisabled);
        }
        NoCode::CopiedCodesOff { device_codes: true } => {
            "Your organization does not allow copied codes. Use a device code instead."
        }
        NoCode::LinkEnded => "The link has expired. Use a device code instead.",
    };
    attempt.context.ui.notice(notice);
    Ok(Step::Change(SignInMethod::Device { opens: false, without_codes: WithoutDeviceCodes::Fail }))
}

/// Polls the status of the request until it is certain that the page will not show a code.
async fn watch(attempt: &Attempt<'_>, pushed: Option<&PushedRequest>) -> Result<NoCode, ErrorKind> {
    let Some(pushed) = pushed else { return std::future::pending().await };
    let (transport, client_id) = (&attempt.context.transport, &attempt.context.app.client_id);
    let mut pace = Pace::of(INTERVAL);
    loop {
        sleep(pace.interval()).await;
        match oauth::progress(transport, client_id, pushed).await {
            Progress::Waiting => {}
            Progress::SlowDown => pace.slow_down(),
            Progress::Unanswered { retry_after } => pace.back_off(retry_after),
            Progress::Ended => return Ok(NoCode::LinkEnded),
            Progress::CopiedCodesOff { device_codes } => {
                return Ok(NoCode::CopiedCodesOff { device_codes });
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
    let mut stop = pin!(stop::requested(attempt.context));
    tokio::select! {
        arrived = callback => arrived,
        ended = watch(attempt, pushed) => ended.map(Answered::NoCode),
        () = sleep_until(deadline) => Err(ErrorKind::LoginTimedOut { after: timeout }),
        kind = &mut stop => Err(kind),
        entered = attempt.context.ui.prompt_secret(QUESTION) => {
            entered.map(Answered::Entered).ok_or(ErrorKind::NoCodePasted)
        }
    }
}
