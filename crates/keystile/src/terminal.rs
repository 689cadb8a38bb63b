//! The user interface of a login in the terminal.

#[cfg_attr(windows, path = "terminal/keys_windows.rs")]
mod keys;
mod line;
mod text;

use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::duration::countdown;
use super::output::{Icon, Output};
use super::secret::Secret;
use super::ui::{CodeDelivery, CodeScreen, LinkScreen, LoginUi, SecretPrompt, WaitAction, Waiting};

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// Shown in place of a secret, whatever its length.
const HIDDEN: &str = "********";

/// What standard input has to offer.
enum Ready {
    Nothing,
    Bytes(Vec<u8>),
    /// End of input.
    Ended,
}

/// Prints on standard error and reads from standard input.
pub(crate) struct TerminalUi {
    output: Output,
    /// Whether prompts can be answered.
    interactive: bool,
    ticks: AtomicUsize,
    /// `Some` while a login waits for single keys.
    keys: Mutex<Option<keys::SilentKeys>>,
}

impl TerminalUi {
    pub(crate) fn new(output: Output, interactive: bool) -> Self {
        Self { output, interactive, ticks: AtomicUsize::new(0), keys: Mutex::new(None) }
    }

    fn animates(&self) -> bool {
        self.output.animates()
    }

    /// Prints a link or code, even with `--json` and `--quiet`, because the user could not approve the login without it.
    fn show(&self, lines: &[String], document: &Value, bare: &str) {
        if self.output.is_json() {
            self.output.announce_json(document);
        } else if self.output.shows_messages() {
            for line in lines {
                self.output.tell(line);
            }
        } else {
            self.output.announce(bare);
        }
    }
}

impl LoginUi for TerminalUi {
    fn show_link(&self, link: &LinkScreen) {
        let document = json!({ "login_url": link.url, "user_check": link.check });
        self.show(&text::link(link, self.interactive), &document, &link.url);
        if link.delivery != CodeDelivery::Pasted && !self.animates() {
            self.output.tell("Waiting for you to approve");
        }
    }

    fn show_code(&self, code: &CodeScreen) {
        let document = json!({
            "verification_uri": code.page, "verification_uri_complete": code.complete, "user_code": code.code,
            "expires_in": code.lifetime.as_secs(),
        });
        self.show(&text::code(code, self.interactive), &document, &format!("{} {}", code.page, code.code));
        if !self.animates() {
            self.output.tell("Waiting for approval");
        }
    }

    fn progress(&self, waiting: Waiting) {
        if self.animates() {
            let tick = self.ticks.fetch_add(1, Ordering::Relaxed);
            let frame = SPINNER[tick % SPINNER.len()];
            self.output.overwrite(&match waiting {
                Waiting::ForBrowser(left) => {
                    format!("{frame} Waiting for you to approve ({} left)", countdown(left))
                }
                Waiting::ForCode => format!("{frame} Waiting for approval"),
            });
        }
    }

    fn progress_done(&self) {
        drop(self.keys.lock().unwrap_or_else(PoisonError::into_inner).take());
        if self.animates() {
            self.output.overwrite("");
        }
    }

    fn notice(&self, text: &str) {
        if self.animates() {
            self.output.overwrite("");
        }
        self.output.say_lines(Icon::Attention, text);
    }

    fn wait_action(&self) -> Option<WaitAction> {
        if !self.interactive {
            return None;
        }
        let mut listening = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        match listening.as_ref() {
            Some(silent) => silent.hide_again(),
            None => *listening = Some(keys::SilentKeys::listen()?),
        }
        match keys::read() {
            Ready::Bytes(bytes) => {
                if listening.as_ref().is_some_and(|silent| silent.suspends(&bytes)) {
                    listening.take().into_iter().for_each(keys::SilentKeys::suspend);
                    return None;
                }
                bytes.into_iter().find_map(text::wait_action)
            }
            Ready::Nothing | Ready::Ended => None,
        }
    }

    fn prompt_secret<'a>(&'a self, question: &'a str) -> SecretPrompt<'a> {
        Box::pin(async move {
            self.output.ask(question);
            let mut line = OpenLine { ends_with: "" };
            let entered = enter_secret(|| self.output.ask(question)).await;
            line.ends_with = if entered.is_some() { HIDDEN } else { "" };
            entered
        })
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        Some(matches!(self.ask(question, "y/N")?.as_str(), "y" | "yes"))
    }

    fn prompt_line(&self, question: &str) -> Option<String> {
        self.answer(&format!("? {question}"))
    }

    fn confirm_default_yes(&self, question: &str) -> Option<bool> {
        Some(matches!(self.ask(question, "Y/n")?.as_str(), "" | "y" | "yes"))
    }
}

/// Ends the line of a prompt when dropped, even if the prompt is canceled.
struct OpenLine {
    ends_with: &'static str,
}

impl Drop for OpenLine {
    fn drop(&mut self) {
        let _ = writeln!(std::io::stderr(), "{}", self.ends_with);
    }
}

impl TerminalUi {
    /// Asks a question and returns the answer in lower case; `None` without a terminal and at the end of the input.
    fn ask(&self, question: &str, choices: &str) -> Option<String> {
        self.answer(&format!("? {question} [{choices}]")).map(|answer| answer.to_lowercase())
    }

    /// Asks a question and returns the answer; `None` without a terminal and at the end of the input.
    fn answer(&self, question: &str) -> Option<String> {
        if !self.interactive {
            return None;
        }
        self.output.ask(question);
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer).ok()?;
        (read > 0).then(|| answer.trim().to_owned())
    }
}

/// Reads a line without echo. Restores the terminal when it ends, is dropped, or is stopped with Ctrl-Z. `ask` asks the
/// question again when it is continued.
async fn enter_secret(ask: impl Fn()) -> Option<Secret> {
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(30);
    let mut silent = keys::SilentKeys::listen();
    let mut line = line::SecretLine::default();
    loop {
        match &silent {
            Some(silent) => silent.hide_again(),
            None => silent = keys::SilentKeys::listen(),
        }
        match keys::read() {
            Ready::Nothing => tokio::time::sleep(PAUSE).await,
            Ready::Ended if line.is_empty() => return None,
            Ready::Ended => return Some(Secret::new(line.text().as_str())),
            Ready::Bytes(bytes) if silent.as_ref().is_some_and(|silent| silent.suspends(&bytes)) => {
                silent.take().into_iter().for_each(keys::SilentKeys::suspend);
                line = line::SecretLine::default();
                silent = keys::SilentKeys::listen();
                ask();
            }
            Ready::Bytes(bytes) => {
                for byte in bytes {
                    match line.feed(byte) {
                        line::Typed::More => {}
                        line::Typed::Done => return Some(Secret::new(line.text().as_str())),
                        line::Typed::Ended => return None,
                    }
                }
            }
        }
    }
}
