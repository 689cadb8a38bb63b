//! Waits for the user.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use url::Url;

use super::attempt::Attempt;
use crate::base_url::host_of;
use crate::context::Context;
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
