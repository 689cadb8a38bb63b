//! Opens URLs in a browser.

use std::future::Future;
use std::pin::Pin;
#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};

#[cfg(target_os = "linux")]
use base64::Engine as _;
#[cfg(target_os = "linux")]
use base64::engine::general_purpose::STANDARD;

/// Opens URLs in a browser.
pub trait Browser: Send + Sync {
    /// Opens a URL: https (http on this machine), of the origin of the issuer or of an endpoint in its metadata. `Err` is a reason to show to the user; the login continues, because the URL is printed too.
    fn open<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// The default browser of the system, or the program in `BROWSER`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemBrowser;

impl Browser for SystemBrowser {
    fn open<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let url = url.to_owned();
        Box::pin(async move {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            // On a thread of its own: some launchers return only when the browser is closed.
            std::thread::spawn(move || {
                let opened = open_page(&url);
                // The receiver is gone if the login has ended.
                let _ = sender.send(opened);
            });
            receiver.await.unwrap_or_else(|_| Err("the browser launcher stopped without a result".into()))
        })
    }
}

fn open_page(url: &str) -> Result<(), String> {
    #[cfg(target_os = "linux")]
    if std::env::var_os("WSL_DISTRO_NAME").is_some() && std::env::var_os("BROWSER").is_none() {
        return open_on_windows(url);
    }
    webbrowser::open(url).map_err(|error| error.to_string())
}

/// From WSL, opens the browser of Windows with `wslview` (wslu), otherwise with PowerShell.
#[cfg(target_os = "linux")]
fn open_on_windows(url: &str) -> Result<(), String> {
    run("wslview", &[url]).or_else(|_| {
        let script = powershell(url);
        run("powershell.exe", &["-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", &script])
    })
}

/// The PowerShell command for `-EncodedCommand` (base64 of UTF-16LE), which needs no shell quoting.
#[cfg(target_os = "linux")]
fn powershell(url: &str) -> String {
    // Between single quotes only a single quote is special. A URL contains no typographic quotes.
    let script = format!("Start-Process '{}'", url.replace('\'', "''"));
    STANDARD.encode(script.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
}

#[cfg(target_os = "linux")]
fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program}: {status}")),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_url_cannot_leave_its_quotes() {
        let bytes = STANDARD.decode(powershell("https://a/?x='; calc '")).unwrap();
        let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        assert_eq!(String::from_utf16(&units).unwrap(), "Start-Process 'https://a/?x=''; calc '''");
    }
}
