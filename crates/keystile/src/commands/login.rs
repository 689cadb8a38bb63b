//! `auth login`

mod key;

use serde_json::json;

use crate::args::LoginArgs;
use crate::context::Context;
use crate::duration::in_words;
use crate::error::ErrorKind;
use crate::login::{CompletedLogin, LoginOptions, StartedLogin, login, resume, start};
use crate::login_method::LoginMethod;
use crate::output::{Icon, labeled};
use crate::session::key_variable;

pub(super) async fn run(context: &Context, args: LoginArgs) -> Result<(), ErrorKind> {
    if let Some(entry) = key::entry(&args)? {
        return key::run(context, entry, args).await;
    }
    if let Some(handle) = &args.resume {
        let account = resume(context, handle, args.timeout).await?;
        return print(context, &account);
    }
    let begins_only = args.start;
    let options = LoginOptions::from(args);
    if begins_only {
        return print_started(context, &start(context, &options).await?);
    }
    let account = login(context, &options).await?;
    print(context, &account)
}

impl From<LoginArgs> for LoginOptions {
    fn from(args: LoginArgs) -> Self {
        // The command line accepts at most one of them.
        let method = match (args.browser, args.device, args.no_browser) {
            (true, _, _) => Some(LoginMethod::Browser),
            (_, true, _) => Some(LoginMethod::Device),
            (_, _, true) => Some(LoginMethod::Paste),
            (false, false, false) => None,
        };
        Self {
            method,
            issuer: None,
            provider: args.provider,
            scopes: args.scopes.into_iter().filter(|scope| !scope.is_empty()).collect(),
            read_only: args.read_only,
            port: args.port,
            timeout: args.timeout,
            force: args.force,
            device_name: args.name,
            login_hint: args.login_hint,
            #[cfg(feature = "qr")]
            qr: args.qr,
        }
    }
}

/// Prints the handle on standard output, for scripts.
fn print_started(context: &Context, started: &StartedLogin) -> Result<(), ErrorKind> {
    let StartedLogin { screen, handle } = started;
    if context.output.is_json() {
        return context.output.json(&json!({
            "verification_uri": screen.page,
            "verification_uri_complete": screen.complete,
            "user_code": screen.code,
            "expires_in": screen.lifetime.as_secs(),
            "handle": handle,
            "resume": handle,
        }));
    }
    context.output.tell(&format!("Open {} on any device and enter this code:  {}", screen.page, screen.code));
    if let Some(picture) = &screen.picture {
        context.output.tell_lines(picture);
    }
    let profile = match &context.globals.profile {
        Some(profile) => format!(" --profile {profile}"),
        None => String::new(),
    };
    let resume = context.brand().command(&format!("auth login --resume {handle}{profile}"));
    context.output.tell(&format!(
        "The code expires in {}. To complete the sign-in, run: {resume}",
        in_words(screen.lifetime)
    ));
    context.output.data(handle)
}

fn print(context: &Context, account: &CompletedLogin) -> Result<(), ErrorKind> {
    if context.output.is_json() {
        return context.output.json(&json!({
            "profile": account.profile.as_str(),
            "account": account.account,
            "org": account.org,
            "scopes": account.scopes,
            "stored_in": account.stored_in,
            "access_lifetime": account.access_lifetime.as_secs(),
            "idle_lifetime": account.idle_lifetime.map(|span| span.as_secs()),
            "refreshable": account.refreshable,
        }));
    }
    let who = account.account.as_ref().map_or("an unnamed account", |account| account.display_name());
    context.output.say(Icon::Good, &format!("Signed in as {who}"));
    for line in details(account) {
        context.output.tell(&line);
    }
    warn_of_variable(context);
    Ok(())
}

/// Warns if a variable takes precedence over the new credential. Two contradictory variables are a warning too, because
/// the credential is already stored.
fn warn_of_variable(context: &Context) {
    let warning = match key_variable(context) {
        Ok(None) => return,
        Ok(Some((variable, _))) => format!("{variable} is set and would be used instead without --profile"),
        Err(kind) => {
            let (headline, remedy) = context.error(kind).finding();
            format!("{headline}. {remedy}")
        }
    };
    context.output.say(Icon::Attention, &warning);
}

fn details(account: &CompletedLogin) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(org) = &account.org {
        lines.push(labeled("Organization", &format!("{} ({})", org.display_name(), org.id)));
    }
    lines.push(labeled("Profile", account.profile.as_str()));
    lines.push(labeled("Stored in", &format!("{} (0600)", account.stored_in.display())));
    let renewal = if account.refreshable { ", refreshed automatically" } else { ", then sign in again" };
    let end = account.idle_lifetime.map(|span| format!("; ends after {} without use", in_words(span)));
    let access = in_words(account.access_lifetime);
    lines.push(labeled("Access", &format!("{access}{renewal}{}", end.unwrap_or_default())));
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::session;

    #[test]
    fn the_details_of_a_sign_in() {
        let account = CompletedLogin {
            profile: crate::ProfileName::default(),
            account: session().account,
            org: session().org,
            scopes: Vec::new(),
            stored_in: "/home/ada/.acme/credentials.json".into(),
            access_lifetime: Duration::from_secs(28_800),
            idle_lifetime: Some(Duration::from_secs(90 * 86_400)),
            refreshable: true,
        };
        assert_eq!(
            details(&account),
            [
                "  Organization  Analytical (org_7Q2M)",
                "  Profile       default",
                "  Stored in     /home/ada/.acme/credentials.json (0600)",
                "  Access        8 hours, refreshed automatically; ends after 90 days without use",
            ]
        );
    }
}
