//! `auth token`: the only command that prints a token.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::session;
use crate::args::{TokenArgs, TokenFormat};
use crate::context::Context;
use crate::duration::remaining;
use crate::error::ErrorKind;
use crate::output::Icon;
use crate::session::{AccessToken, TokenNeed};

pub(super) async fn run(context: &Arc<Context>, args: TokenArgs) -> Result<(), ErrorKind> {
    let session = session(context)?;
    let token = session.token(TokenNeed::Fresh { min_ttl: args.min_ttl }).await?;
    warn_of_short_life(context, &args, &token);
    let secret = token.secret();
    let format = if context.output.is_json() { TokenFormat::Json } else { args.format };
    match format {
        TokenFormat::Raw => context.output.raw(format!("{secret}\n").as_bytes()),
        TokenFormat::Header => context.output.raw(format!("Authorization: Bearer {secret}\n").as_bytes()),
        TokenFormat::Env => {
            let variable = context.brand().variable("ACCESS_TOKEN");
            context.output.raw(format!("export {variable}={}\n", shell_quoted(secret)).as_bytes())
        }
        TokenFormat::Json => context.output.json(&json!({
            "token": secret,
            "token_type": "Bearer",
            "expires_at": token.expires_at(),
            "api_base": session.api_base().await?,
        })),
    }
}

/// Warns if no token lives as long as was asked for.
fn warn_of_short_life(context: &Context, args: &TokenArgs, token: &AccessToken) {
    let asked = TimeDelta::from_std(args.min_ttl).unwrap_or(TimeDelta::MAX);
    if let Some(left) = token.expires_at().map(|end| end - context.now()).filter(|left| *left < asked) {
        let left = remaining(left);
        context.output.say(
            Icon::Attention,
            &format!("The access token expires in {left}, which is earlier than --min-ttl asks for"),
        );
    }
}

/// The text as one word of a POSIX shell.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ch_03_a_shell_takes_the_token_as_one_word() {
        assert_eq!(shell_quoted(r"a$(id)`id`\"), r"'a$(id)`id`\'");
        assert_eq!(shell_quoted("a';id;'"), r"'a'\'';id;'\'''");
    }
}
