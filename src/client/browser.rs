//! Opens a page in the browser of the person.

use std::future::Future;
use std::pin::Pin;

/// Opens pages.
pub trait Browser: Send + Sync {
    /// Opens a page; the text says why that failed.
    fn open<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// The browser that the system prefers, or `BROWSER` names.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemBrowser;

impl Browser for SystemBrowser {
    fn open<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let url = url.to_owned();
        Box::pin(async move {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            // A thread of its own: some openers return only when their browser is closed.
            std::thread::spawn(move || {
                let opened = webbrowser::open(&url).map_err(|error| error.to_string());
                // The login may have ended meanwhile.
                let _ = sender.send(opened);
            });
            receiver.await.unwrap_or_else(|_| Err("the opener ended without an answer".into()))
        })
    }
}
