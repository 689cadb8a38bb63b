//! A user at a real browser: what they see, and what they do with mouse and keyboard.
//!
//! Nothing waits for a fixed time: conditions are polled.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chromiumoxide::Page as Tab;
use chromiumoxide::cdp::IntoEventKind;
use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams, SetScriptExecutionDisabledParams,
};
use chromiumoxide::cdp::browser_protocol::input::InsertTextParams;
use chromiumoxide::cdp::browser_protocol::log::EventEntryAdded;
use chromiumoxide::cdp::browser_protocol::network::{Cookie, EventLoadingFinished};
use chromiumoxide::cdp::browser_protocol::page::{
    FontSizes, GetNavigationHistoryParams, NavigateToHistoryEntryParams, SetFontSizesParams,
};
use chromiumoxide::cdp::browser_protocol::target::{CreateBrowserContextParams, CreateTargetParams};
use chromiumoxide::cdp::js_protocol::runtime::{EvaluateParams, EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::error::CdpError;
use chromiumoxide::layout::Point;
use chromiumoxide::page::ScreenshotParams;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::chromium::Chromium;
use super::elsewhere::Elsewhere;

/// Timeout of polled conditions.
const TIMEOUT: Duration = Duration::from_secs(10);

const SETTLED: &str = "!document.documentElement.classList.contains('settling')";

/// Finds elements by their accessible name.
const FIND: &str = include_str!("find.js");
const AXE: &str = include_str!("../../vendor/axe.min.js");

/// A browser with an empty profile.
pub(crate) struct Browser(Arc<Context>);

/// Shared by the browser and its tabs.
struct Context {
    chromium: Arc<Chromium>,
    id: BrowserContextId,
}

impl Browser {
    pub(crate) async fn new() -> Self {
        Self::with(CreateBrowserContextParams::default()).await
    }

    /// A browser on another machine than the server.
    pub(crate) async fn elsewhere(there: &Elsewhere) -> Self {
        let params = CreateBrowserContextParams::builder().proxy_server(there.proxy());
        // Without it, Chromium bypasses the proxy for loopback addresses.
        Self::with(params.proxy_bypass_list("<-loopback>").build()).await
    }

    async fn with(params: CreateBrowserContextParams) -> Self {
        let chromium = Chromium::shared().await;
        let id = chromium.browser.create_browser_context(params).await.unwrap();
        Self(Arc::new(Context { chromium, id }))
    }

    /// A new tab, 1280 by 800.
    pub(crate) async fn page(&self) -> Page {
        let target = CreateTargetParams::builder().url("about:blank").browser_context_id(self.0.id.clone());
        let tab = self.0.chromium.browser.new_page(target.build().unwrap()).await.unwrap();
        let page = Page { context: Arc::clone(&self.0), tab, console: Arc::default(), bytes: Arc::default() };
        page.listen().await;
        page.set_viewport(1280, 800).await;
        page
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let (browser, id) = (Arc::clone(&self.chromium.browser), self.id.clone());
        self.chromium.spawn(async move {
            let _ = browser.dispose_browser_context(id).await;
        });
    }
}

/// A tab.
pub(crate) struct Page {
    context: Arc<Context>,
    tab: Tab,
    console: Arc<Mutex<Vec<String>>>,
    bytes: Arc<AtomicU64>,
}

impl Page {
    pub(crate) async fn goto(&self, url: &str) {
        self.tab.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    pub(crate) async fn url(&self) -> String {
        self.evaluate("location.href").await
    }

    pub(crate) async fn html(&self) -> String {
        self.evaluate("document.documentElement.outerHTML").await
    }

    /// Visible text.
    pub(crate) async fn text(&self) -> String {
        self.evaluate("document.body.innerText").await
    }

    /// Waits until the page shows this text.
    pub(crate) async fn shows(&self, text: &str) {
        let said = format!("document.body.innerText.replace(/\\s+/g, ' ').includes({})", json!(text));
        self.until(&said, &format!("the page never says {text:?}")).await;
    }

    /// Waits until the URL starts with this.
    pub(crate) async fn arrives_at(&self, start: &str) {
        let there = format!("location.href.startsWith({})", json!(start));
        self.until(&there, &format!("the browser never arrives at {start}")).await;
    }

    /// Waits until the URL no longer starts with this.
    pub(crate) async fn leaves(&self, start: &str) {
        let away =
            format!("document.readyState === 'complete' && !location.href.startsWith({})", json!(start));
        self.until(&away, &format!("the browser never leaves {start}")).await;
    }

    /// Clicks a link, a button or a label.
    pub(crate) async fn click(&self, name: &str) {
        self.mouse(&format!("control({})", json!(name)), name).await;
    }

    /// Clicks without waiting for the page to settle.
    pub(crate) async fn press_at_once(&self, name: &str) {
        let center = format!("({FIND}).center(({FIND}).control({}))", json!(name));
        self.until(&format!("{center} !== null"), &format!("the page has no {name:?}")).await;
        let (x, y) = self.evaluate(&center).await;
        self.tab.click(Point::new(x, y)).await.unwrap();
    }

    /// Waits until the page handles every click.
    pub(crate) async fn settles(&self) {
        self.until(SETTLED, "the page never settles").await;
    }

    /// Emulates print media.
    pub(crate) async fn on_paper(&self) {
        self.tab.execute(SetEmulatedMediaParams::builder().media("print").build()).await.unwrap();
    }

    /// Clicks a link or button, and waits for the next page.
    pub(crate) async fn follow(&self, name: &str) {
        let _: bool = self.evaluate("window.keystileTestLeft = true").await;
        self.click(name).await;
        let another = "!window.keystileTestLeft && document.readyState === 'complete'";
        self.until(another, &format!("{name:?} leads to no other page")).await;
    }

    /// Replaces the text of the field with this label.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        self.mouse(&format!("field({})", json!(label)), label).await;
        let _: Value = self.evaluate("document.activeElement.select?.()").await;
        self.type_text(text).await;
    }

    /// Types into the focused element.
    pub(crate) async fn type_text(&self, text: &str) {
        self.tab.execute(InsertTextParams::new(text)).await.unwrap();
    }

    /// Presses a key by its DOM name: `Enter`, `Tab`, `Escape`.
    pub(crate) async fn press(&self, key: &str) {
        self.tab.find_element("body").await.unwrap().press_key(key).await.unwrap();
    }

    /// Presses the Back button.
    pub(crate) async fn back(&self) {
        let history = self.tab.execute(GetNavigationHistoryParams::default()).await.unwrap().result;
        let before = usize::try_from(history.current_index - 1).unwrap();
        let entry = NavigateToHistoryEntryParams::new(history.entries[before].id);
        self.tab.execute(entry).await.unwrap();
    }

    /// Accessible name of the focused element.
    pub(crate) async fn focused(&self) -> String {
        self.evaluate(&format!("({FIND}).nameOf(document.activeElement)")).await
    }

    pub(crate) async fn screenshot(&self, path: &Path) {
        self.tab.save_screenshot(ScreenshotParams::builder().full_page(true).build(), path).await.unwrap();
    }

    pub(crate) async fn set_viewport(&self, width: i64, height: i64) {
        self.tab.execute(SetDeviceMetricsOverrideParams::new(width, height, 1.0, false)).await.unwrap();
    }

    pub(crate) async fn set_dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        self.tab
            .emulate_media_features(vec![
                MediaFeature::new("prefers-color-scheme", scheme),
                // Colors in transition would fail contrast checks.
                MediaFeature::new("prefers-reduced-motion", "reduce"),
            ])
            .await
            .unwrap();
    }

    /// Sets the browser's default font size; 16 px is usual.
    pub(crate) async fn set_text_size(&self, px: i64) {
        let sizes = FontSizes { standard: Some(px), fixed: Some(px * 13 / 16) };
        self.tab.execute(SetFontSizesParams::new(sizes)).await.unwrap();
    }

    /// Enables or disables JavaScript from the next page on.
    pub(crate) async fn java_script(&self, on: bool) {
        self.tab.execute(SetScriptExecutionDisabledParams::new(!on)).await.unwrap();
    }

    pub(crate) async fn scrolls_sideways(&self) -> bool {
        self.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth").await
    }

    pub(crate) async fn cookies(&self) -> Vec<Cookie> {
        self.tab.get_cookies().await.unwrap()
    }

    /// All console output since the tab was opened: messages, errors, blocked resources.
    pub(crate) fn console(&self) -> Vec<String> {
        self.console.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes received since the tab was opened.
    pub(crate) fn transferred(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Accessibility violations found by axe; needs JavaScript.
    pub(crate) async fn axe(&self) -> Vec<String> {
        let _: Value = self.evaluate(&format!("{AXE}; null")).await;
        self.evaluate(
            "axe.run().then(found => found.violations.flatMap(rule => rule.nodes.map(node =>
                `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`)))",
        )
        .await
    }

    /// Evaluates an expression, even with JavaScript of pages disabled.
    pub(crate) async fn evaluate<T: DeserializeOwned>(&self, expression: &str) -> T {
        let value =
            self.try_evaluate(expression).await.unwrap_or_else(|error| panic!("{expression:.200}: {error}"));
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{expression:.200}: {error}"))
    }

    async fn try_evaluate(&self, expression: &str) -> Result<Value, CdpError> {
        let params =
            EvaluateParams::builder().expression(expression).await_promise(true).return_by_value(true);
        let answer = self.tab.execute(params.build().unwrap()).await?.result;
        match answer.exception_details {
            Some(details) => Err(CdpError::JavascriptException(Box::new(details))),
            None => Ok(answer.result.value.unwrap_or(Value::Null)),
        }
    }

    /// Polls a condition. Errors during a navigation are retried.
    async fn until(&self, condition: &str, otherwise: &str) {
        let end = Instant::now() + TIMEOUT;
        while Instant::now() < end {
            if matches!(self.try_evaluate(condition).await, Ok(Value::Bool(true))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{otherwise}; it is {} and says:\n{}", self.url().await, self.text().await);
    }

    async fn mouse(&self, found: &str, name: &str) {
        let center = format!("({FIND}).center(({FIND}).{found})");
        self.until(&format!("{center} !== null"), &format!("the page has no {name:?}")).await;
        // A page that was just shown may miss a click.
        self.until(SETTLED, "the page never settles").await;
        let (x, y) = self.evaluate(&center).await;
        self.tab.click(Point::new(x, y)).await.unwrap();
    }

    async fn listen(&self) {
        self.report(|event: &EventConsoleApiCalled| {
            let words = event.args.iter().map(|arg| arg.value.clone().unwrap_or_default().to_string());
            words.collect::<Vec<_>>().join(" ")
        })
        .await;
        self.report(|event: &EventExceptionThrown| event.exception_details.text.clone()).await;
        self.report(|event: &EventEntryAdded| event.entry.text.clone()).await;
        let bytes = Arc::clone(&self.bytes);
        let mut loads = self.tab.event_listener::<EventLoadingFinished>().await.unwrap();
        self.context.chromium.spawn(async move {
            while let Some(load) = loads.next().await {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a count, sent as a float"
                )]
                bytes.fetch_add(load.encoded_data_length as u64, Ordering::Relaxed);
            }
        });
    }

    async fn report<E>(&self, words: impl Fn(&E) -> String + Send + 'static)
    where
        E: IntoEventKind + Send + Sync + Unpin + 'static,
    {
        let console = Arc::clone(&self.console);
        let mut events = self.tab.event_listener::<E>().await.unwrap();
        self.context.chromium.spawn(async move {
            while let Some(event) = events.next().await {
                console.lock().unwrap_or_else(PoisonError::into_inner).push(words(&event));
            }
        });
    }
}
