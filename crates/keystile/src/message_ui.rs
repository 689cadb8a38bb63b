//! The user interface of a login without the feature `cli`: messages on standard error, and no prompts.

use serde_json::json;

use super::duration::in_words;
use super::output::{Icon, Output};
use super::ui::{CodeScreen, LinkScreen, LoginUi, SecretPrompt, WaitAction, Waiting};

/// Prints links, device codes and notices. Every question has no answer.
pub(crate) struct MessageUi {
    output: Output,
}

impl MessageUi {
    pub(crate) fn new(output: Output) -> Self {
        Self { output }
    }

    /// Shown even with `quiet`, because the user could not approve the login without it.
    fn show(&self, lines: &[String], document: &serde_json::Value) {
        if self.output.is_json() {
            return self.output.announce_json(document);
        }
        for line in lines {
            self.output.announce(line);
        }
    }
}

impl LoginUi for MessageUi {
    fn show_link(&self, link: &LinkScreen) {
        let mut lines = vec![
            format!("To sign in to {}, open this link in a browser:", link.server),
            String::new(),
            format!("  {}", link.url),
            String::new(),
        ];
        lines.extend(
            link.check.iter().map(|check| format!("  Check that the page shows this code:  {check}")),
        );
        lines.push("Waiting for you to approve".to_owned());
        self.show(&lines, &json!({ "login_url": link.url, "user_check": link.check }));
    }

    fn show_code(&self, code: &CodeScreen) {
        let mut lines = vec![
            "To sign in, open this page on any device:".to_owned(),
            String::new(),
            format!("  {}", code.page),
            String::new(),
            format!("  and enter this code:  {}", code.code),
            String::new(),
        ];
        lines.extend(code.picture.iter().flat_map(|picture| picture.lines()).map(str::to_owned));
        lines.push(format!(
            "  Only continue if you started this yourself. The code expires in {}.",
            in_words(code.lifetime)
        ));
        self.show(
            &lines,
            &json!({
                "verification_uri": code.page, "verification_uri_complete": code.complete,
                "user_code": code.code, "expires_in": code.lifetime.as_secs(),
            }),
        );
    }

    fn progress(&self, _waiting: Waiting) {}

    fn progress_done(&self) {}

    fn notice(&self, text: &str) {
        self.output.say_lines(Icon::Attention, text);
    }

    fn wait_action(&self) -> Option<WaitAction> {
        None
    }

    fn can_prompt(&self) -> bool {
        false
    }

    fn prompt_secret<'a>(&'a self, _question: &'a str) -> SecretPrompt<'a> {
        Box::pin(std::future::ready(None))
    }

    fn confirm(&self, _question: &str) -> Option<bool> {
        None
    }
}
