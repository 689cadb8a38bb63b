//! Waits for the user, and handles signals during the wait.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use url::Url;

use super::attempt::Attempt;
use crate::base_url::host_of;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::secret::Secret;
use crate::ui::LoginUi;

const FRAME: Duration = Duration::from_millis(100);

/// Ticks for the progress display, which is removed when this is dropped.
pub(super) struct Frames<'a> {
    ui: &'a dyn LoginUi,
    ticks: Interval,
}

impl<'a> Frames<'a> {
    pub(super) fn of(context: &'a Context) -> Self {
        let mut ticks = interval(FRAME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self { ui: context.ui.as_ref(), ticks }
    }

    pub(super) async fn next(&mut self) {
        self.ticks.tick().await;
    }
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        self.ui.progress_done();
    }
}

/// Waits for SIGINT, SIGTERM or SIGHUP.
pub(super) async fn stopped() -> ErrorKind {
    match signal().await {
        Ok(_) => ErrorKind::Interrupted,
        Err(error) => ErrorKind::LocalFailure { what: "listen for Ctrl-C".into(), cause: error.to_string() },
    }
}

/// Makes signals end the process again. The handlers that Tokio has installed would ignore them.
pub(super) fn release_signals() {
    tokio::spawn(async {
        if let Ok(code) = signal().await {
            std::process::exit(code);
        }
    });
}

/// Waits for a signal and returns its exit code, 128 + signal number.
#[cfg(unix)]
async fn signal() -> std::io::Result<i32> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| 130),
        _ = terminate.recv() => Ok(143),
        _ = hang_up.recv() => Ok(129),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<i32> {
    tokio::signal::ctrl_c().await.map(|()| 130)
}

/// Prompts for a secret. [`Interrupted`](ErrorKind::Interrupted) on Ctrl-C.
pub(crate) async fn prompt_secret(context: &Context, question: &str) -> Result<Option<Secret>, ErrorKind> {
    let result = tokio::select! {
        kind = stopped() => Err(kind),
        entered = context.ui.prompt_secret(question) => Ok(entered),
    };
    release_signals();
    result
}

/// Opens a page of the authorization server in the background; any other page is left to the user. If it
/// cannot be opened, that is only a notice, because the URL is printed.
pub(super) fn open_browser(attempt: &Attempt<'_>, url: &Url) {
    let context = attempt.context;
    if !attempt.metadata.has_page(attempt.issuer, url) {
        let (page, server) = (host_of(url), attempt.issuer.host());
        context
            .ui
            .notice(&format!("{page} is not {server}, so it was not opened. Open the link if you trust it."));
        return;
    }
    let (browser, ui, url) = (context.app.dependencies.browser.clone(), context.ui.clone(), url.to_string());
    tokio::spawn(async move {
        if let Err(reason) = browser.open(&url).await {
            ui.notice(&format!("No browser could be opened ({reason}). Open the link yourself."));
        }
    });
}
