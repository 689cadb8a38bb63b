//! Sign-in with a device code (RFC 8628): shows the code and polls until it is approved, denied or expired.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use url::Url;

use super::attempt::Attempt;
use super::pace::Pace;
use super::sign_in_method::{SignInMethod, WithoutDeviceCodes};
use super::stop;
use super::wait::{Frames, open_browser};
use super::{LoginOptions, Step};
use crate::credentials::SignedInBy;
use crate::error::ErrorKind;
use crate::oauth::{self, DeviceCode, Poll, TokenSet};
use crate::ui::{CodeScreen, WaitAction, Waiting};

/// How long to wait for a poll that is in progress when the wait ends.
const LAST_POLL: Duration = Duration::from_secs(5);

/// How the wait ended.
enum Waited {
    Approved(Box<TokenSet>),
    /// The user chose to paste a code.
    Paste,
}

/// Why polling stopped without a response.
enum Stop {
    /// The user chose to paste a code. An approval that arrives now still counts.
    Paste,
    TimedOut,
    Signal(ErrorKind),
}

pub(super) async fn sign_in(
    attempt: &Attempt<'_>,
    opens: bool,
    without_codes: WithoutDeviceCodes,
) -> Result<Step, ErrorKind> {
    let Some(code) = attempt.device_code().await? else {
        let host = attempt.issuer.host();
        return match without_codes {
            WithoutDeviceCodes::Fail => Err(ErrorKind::DeviceCodesUnavailable { host }),
            WithoutDeviceCodes::Paste => {
                attempt
                    .context
                    .ui
                    .notice(&format!("{host} does not issue device codes. Paste a code instead."));
                Ok(Step::Change(SignInMethod::Paste))
            }
        };
    };
    let lifetime = code.lifetime();
    approve(attempt, &code, lifetime, opens, Pace::of(code.interval())).await
}

/// Shows a code, waits for its approval for at most `left`, and stores the session.
pub(super) async fn approve(
    attempt: &Attempt<'_>,
    code: &DeviceCode,
    left: Duration,
    opens: bool,
    pace: Pace,
) -> Result<Step, ErrorKind> {
    attempt.context.ui.show_code(&screen(attempt.options, code, left));
    match wait(attempt, code, left, opens, pace).await? {
        Waited::Paste => Ok(Step::Change(SignInMethod::Paste)),
        Waited::Approved(tokens) => {
            let account = attempt.keep(&tokens, SignedInBy::DeviceCode).await?;
            attempt.end_replaced().await;
            Ok(Step::SignedIn(Box::new(account)))
        }
    }
}

pub(super) fn screen(options: &LoginOptions, code: &DeviceCode, lifetime: Duration) -> CodeScreen {
    CodeScreen {
        page: code.verification_uri.to_string(),
        complete: code.verification_uri_complete.as_ref().map(ToString::to_string),
        code: code.user_code.clone(),
        lifetime: in_whole_minutes(lifetime),
        picture: picture(options, page_of(code).as_str()),
    }
}

/// Rounds up to whole minutes.
fn in_whole_minutes(span: Duration) -> Duration {
    let seconds = span.as_secs();
    Duration::from_secs(if seconds > 60 { seconds.div_ceil(60) * 60 } else { seconds })
}

/// The complete verification URL if there is one, otherwise the plain one.
fn page_of(code: &DeviceCode) -> &Url {
    code.verification_uri_complete.as_ref().unwrap_or(&code.verification_uri)
}

#[cfg(feature = "qr")]
fn picture(options: &LoginOptions, url: &str) -> Option<String> {
    use qrcode::QrCode;
    use qrcode::render::unicode::Dense1x2;

    // A URL that is too long for a QR code is only shown as text.
    let code = options.qr.then(|| QrCode::new(url).ok()).flatten()?;
    // Inverted, for dark terminals.
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(not(feature = "qr"))]
fn picture(_: &LoginOptions, _: &str) -> Option<String> {
    None
}

async fn wait(
    attempt: &Attempt<'_>,
    code: &DeviceCode,
    left: Duration,
    opens: bool,
    pace: Pace,
) -> Result<Waited, ErrorKind> {
    let context = attempt.context;
    let patience = context.login_timeout(attempt.options.timeout)?.map_or(left, |asked| asked.min(left));
    let deadline = Instant::now() + patience;
    let leave = Notify::new();
    let mut answer = pin!(poll_until_answered(attempt, code, pace, &leave));
    let mut stop = pin!(stop::requested(context));
    let mut frames = Frames::of(context);
    if opens {
        open_browser(attempt, page_of(code));
    }
    let stopped_by = loop {
        tokio::select! {
            answer = &mut answer => return answer.map(|tokens| tokens.map_or(Waited::Paste, Waited::Approved)),
            () = sleep_until(deadline) => break Stop::TimedOut,
            kind = &mut stop => break Stop::Signal(kind),
            () = frames.next() => {
                context.ui.progress(Waiting::ForCode);
                match context.ui.wait_action() {
                    Some(WaitAction::Browser) => open_browser(attempt, page_of(code)),
                    Some(WaitAction::Paste) => break Stop::Paste,
                    Some(WaitAction::DeviceCode) | None => {}
                }
            }
        }
    };
    // A poll in progress may still return a session, which must not stay at the server unused.
    leave.notify_one();
    let late = timeout(LAST_POLL, answer).await;
    let approved = late.ok().and_then(Result::ok).flatten();
    match (stopped_by, approved) {
        (Stop::Paste | Stop::TimedOut, Some(tokens)) => Ok(Waited::Approved(tokens)),
        (Stop::Paste, None) => Ok(Waited::Paste),
        (Stop::TimedOut, None) => Err(ErrorKind::CodeExpired { after: patience }),
        (Stop::Signal(kind), Some(tokens)) => {
            attempt.discard(&tokens).await;
            Err(kind)
        }
        (Stop::Signal(kind), None) => Err(kind),
    }
}

/// Polls until there is a response; `None` once `leave` is notified. A poll in progress is completed first.
async fn poll_until_answered(
    attempt: &Attempt<'_>,
    code: &DeviceCode,
    mut pace: Pace,
    leave: &Notify,
) -> Result<Option<Box<TokenSet>>, ErrorKind> {
    let (transport, client_id) = (&attempt.context.transport, &attempt.context.app.client_id);
    loop {
        tokio::select! {
            () = sleep(pace.interval()) => {}
            () = leave.notified() => return Ok(None),
        }
        match oauth::poll(transport, &attempt.metadata, client_id, &code.secret).await {
            Poll::Approved(tokens) => return Ok(Some(tokens)),
            Poll::Pending => {}
            Poll::SlowDown => pace.slow_down(),
            Poll::Unanswered { retry_after } => pace.back_off(retry_after),
            Poll::Expired => return Err(ErrorKind::CodeExpired { after: code.lifetime() }),
            Poll::Refused(kind) => return Err(kind),
        }
    }
}
