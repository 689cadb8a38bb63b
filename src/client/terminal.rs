//! The person at the terminal.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::duration::countdown;
use super::screen::{Mark, Screen};
use super::ui::{LinkScreen, LoginUi};

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Talks on standard error and listens on standard input.
pub(crate) struct TerminalUi {
    screen: Screen,
    /// Whether somebody can answer.
    interactive: bool,
    ticks: AtomicUsize,
}

impl TerminalUi {
    pub(crate) fn new(screen: Screen, interactive: bool) -> Self {
        Self { screen, interactive, ticks: AtomicUsize::new(0) }
    }

    fn animates(&self) -> bool {
        self.screen.talks() && std::io::stderr().is_terminal()
    }
}

impl LoginUi for TerminalUi {
    fn show_link(&self, link: &LinkScreen) {
        for line in link_lines(link, self.interactive) {
            self.screen.tell(&line);
        }
        // Without the link nobody could approve, so it is printed in any case.
        if self.screen.is_json() {
            let document = serde_json::json!({ "login_url": link.url, "user_check": link.check });
            let _ = writeln!(std::io::stderr(), "{document}");
        } else if !self.screen.talks() {
            let _ = writeln!(std::io::stderr(), "{}", link.url);
        } else if !self.animates() {
            self.screen.tell("Waiting for you to approve");
        }
    }

    fn progress(&self, left: Duration) {
        if self.animates() {
            let tick = self.ticks.fetch_add(1, Ordering::Relaxed);
            let frame = SPINNER[tick % SPINNER.len()];
            self.screen.overwrite(&format!("{frame} Waiting for you to approve ({} left)", countdown(left)));
        }
    }

    fn progress_done(&self) {
        if self.animates() {
            self.screen.overwrite("");
        }
    }

    fn notice(&self, text: &str) {
        self.progress_done();
        self.screen.say(Mark::Attention, text);
    }

    fn wants_browser(&self) -> bool {
        self.interactive && line_typed()
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        if !self.interactive {
            return None;
        }
        let mut err = std::io::stderr().lock();
        write!(err, "? {question} [y/N] ").and_then(|()| err.flush()).ok()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}

fn link_lines(link: &LinkScreen, interactive: bool) -> Vec<String> {
    let LinkScreen { server, url, port, .. } = link;
    let mut lines = vec![if link.opens_browser {
        format!("Opening your browser to sign in to {server}")
    } else {
        format!("To sign in to {server}, open this link in a browser on this machine:")
    }];
    lines.extend([String::new(), format!("  {url}"), String::new()]);
    if let Some(check) = &link.check {
        lines.push(format!("  Check that the page shows this code:  {check}"));
    }
    if !link.opens_browser {
        lines.push(format!(
            "  From another machine, first forward the port: ssh -L {port}:127.0.0.1:{port} HOST"
        ));
    }
    match (interactive, link.opens_browser) {
        (true, true) => lines.push("  Browser did not open? Enter = try again   Ctrl-C = stop".into()),
        (true, false) => lines.push("  Enter = try to open it here   Ctrl-C = stop".into()),
        (false, _) => {}
    }
    lines.push(String::new());
    lines
}

/// Whether Enter was pressed. Asking does not wait, so no thread is left behind that would swallow what the person
/// types later.
#[cfg(unix)]
fn line_typed() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let input = std::io::stdin();
    let mut watched = [PollFd::new(&input, PollFlags::IN)];
    let is_ready = poll(&mut watched, Some(&Timespec::default())).is_ok_and(|count| count > 0);
    // A terminal is ready when a whole line is there, so reading it does not wait either.
    is_ready && input.lock().read_line(&mut String::new()).is_ok_and(|length| length > 0)
}

#[cfg(not(unix))]
fn line_typed() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> LinkScreen {
        LinkScreen {
            server: "auth.acme.dev".into(),
            url: "https://auth.acme.dev/c/7KQ2-XM4T".into(),
            check: Some("7KQ2-XM4T".into()),
            opens_browser: true,
            port: 4711,
        }
    }

    #[test]
    fn the_link_stands_alone_on_its_line() {
        let lines = link_lines(&link(), true);
        assert_eq!(
            lines,
            [
                "Opening your browser to sign in to auth.acme.dev",
                "",
                "  https://auth.acme.dev/c/7KQ2-XM4T",
                "",
                "  Check that the page shows this code:  7KQ2-XM4T",
                "  Browser did not open? Enter = try again   Ctrl-C = stop",
                "",
            ]
        );
    }

    #[test]
    fn without_a_browser_the_way_to_one_is_shown() {
        let lines = link_lines(&LinkScreen { opens_browser: false, ..link() }, false);
        assert!(lines[0].starts_with("To sign in to auth.acme.dev, open this link"));
        assert!(lines.iter().any(|line| line.contains("ssh -L 4711:127.0.0.1:4711")));
    }
}
