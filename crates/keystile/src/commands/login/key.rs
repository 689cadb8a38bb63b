//! `auth login` with a key from the command line, standard input or a prompt.

use std::io::{IsTerminal as _, Read as _};

use serde_json::json;
use zeroize::Zeroizing;

use crate::args::LoginArgs;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::login::{KeyLoginOptions, StoredKey, login_with_key, prompt_secret};
use crate::output::{Icon, labeled};
use crate::secret::Secret;
use crate::source::CredentialSource;

/// Maximum size of standard input in bytes.
const MAX_INPUT: u64 = 64 * 1024;

/// Where the key is read from.
pub(super) enum Entry {
    /// The command line.
    Given(Secret),
    StandardInput,
    /// A prompt.
    Prompt,
}

/// Where to read the key; `None` if the arguments ask for a login without one.
pub(super) fn entry(args: &LoginArgs) -> Result<Option<Entry>, ErrorKind> {
    let given = match (&args.api_key, &args.token) {
        _ if args.with_token => Some(Entry::StandardInput),
        (Some(key), _) | (None, Some(key)) => Some(match key.expose() {
            "" => Entry::Prompt,
            "-" => Entry::StandardInput,
            _ => Entry::Given(key.clone()),
        }),
        (None, None) => None,
    };
    // clap does not check this, because the global --api-key may come before the subcommand.
    let is_user_login = args.browser || args.device || args.no_browser || args.start || args.resume.is_some();
    if given.is_some() && is_user_login {
        return Err(ErrorKind::Usage {
            message: "A key cannot be combined with --browser, --device, --no-browser, --start or --resume"
                .into(),
            hint: Some("Use either a key or a sign-in method.".into()),
        });
    }
    Ok(given)
}

pub(super) async fn run(context: &Context, entry: Entry, args: LoginArgs) -> Result<(), ErrorKind> {
    let (key, source) = match entry {
        Entry::Given(key) => {
            let other = context.brand().command("auth login --api-key");
            let warning = format!(
                "A key on the command line stays in the shell history. `{other}` without a value prompts for it."
            );
            context.output.say(Icon::Attention, &warning);
            (key, CredentialSource::Flag)
        }
        Entry::StandardInput if !std::io::stdin().is_terminal() => {
            (read_input()?, CredentialSource::NewLogin)
        }
        Entry::StandardInput | Entry::Prompt => (ask(context).await?, CredentialSource::NewLogin),
    };
    let options = KeyLoginOptions { issuer: None, force: args.force };
    let stored = login_with_key(context, &key, source, &options).await?;
    print(context, &stored)
}

async fn ask(context: &Context) -> Result<Secret, ErrorKind> {
    let no_terminal = || ErrorKind::Usage {
        message: "There is no terminal to prompt for the key".into(),
        hint: Some(format!("Pipe it: `{} <FILE`.", context.brand().command("auth login --with-token"))),
    };
    if !context.interactive {
        return Err(no_terminal());
    }
    prompt_secret(context, "Paste your key:").await?.ok_or_else(no_terminal)
}

fn read_input() -> Result<Secret, ErrorKind> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text).map_err(|error| ErrorKind::Usage {
        message: "Cannot read the key from standard input".into(),
        hint: Some(error.to_string()),
    })?;
    Ok(Secret::new(text.as_str()))
}

fn print(context: &Context, stored: &StoredKey) -> Result<(), ErrorKind> {
    if let Some(reason) = &stored.unverified {
        let status = context.brand().command("auth status");
        let warning = format!("Stored the key, but could not verify it ({reason}). Try `{status}` shortly.");
        context.output.say(Icon::Attention, &warning);
    }
    if context.output.is_json() {
        return context.output.json(&json!({
            "profile": stored.profile.as_str(),
            "credential": stored.masked,
            "verified": stored.unverified.is_none(),
            "account": stored.account,
            "org": stored.org,
            "scopes": stored.scopes,
            "stored_in": stored.stored_in,
        }));
    }
    if let Some(account) = &stored.account {
        context.output.say(Icon::Good, &format!("Signed in as {}", account.display_name()));
    }
    for line in details(stored) {
        context.output.tell(&line);
    }
    super::warn_of_variable(context);
    Ok(())
}

fn details(stored: &StoredKey) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(org) = &stored.org {
        lines.push(labeled("Organization", &format!("{} ({})", org.display_name(), org.id)));
    }
    lines.push(labeled("Profile", stored.profile.as_str()));
    lines.push(labeled("Stored in", &format!("{} (0600)", stored.stored_in.display())));
    lines.push(labeled("Key", &stored.masked));
    lines
}
