//! `auth login`

use serde_json::json;

use crate::client::args::LoginArgs;
use crate::client::context::Context;
use crate::client::duration::in_words;
use crate::client::error::Fault;
use crate::client::login::{Account, login};
use crate::client::screen::{Mark, fact};
use crate::client::session::key_variable;

pub(super) async fn run(context: &Context, args: LoginArgs) -> Result<(), Fault> {
    if context.globals.api_key.is_some() {
        return Err(Fault::Usage {
            message: "--api-key does not sign in".into(),
            hint: Some("It serves one command; `auth login` signs in with the browser.".into()),
        });
    }
    let account = login(context, &args.into()).await?;
    if context.screen.is_json() {
        return context.screen.json(&json!({
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
    let who = account.account.as_ref().map_or("an unnamed account", |account| account.shown());
    context.screen.say(Mark::Good, &format!("Signed in as {who}"));
    for line in facts(&account) {
        context.screen.tell(&line);
    }
    if let Some((variable, _)) = key_variable(context)? {
        context
            .screen
            .say(Mark::Attention, &format!("{variable} is set and would be used instead without --profile"));
    }
    Ok(())
}

fn facts(account: &Account) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(org) = &account.org {
        lines.push(fact("Organization", &format!("{} ({})", org.shown(), org.id)));
    }
    lines.push(fact("Profile", account.profile.as_str()));
    lines.push(fact("Stored in", &format!("{} (0600)", account.stored_in.display())));
    let renewal = if account.refreshable { ", refreshed automatically" } else { ", then sign in again" };
    let end = account.idle_lifetime.map(|span| format!("; ends after {} without use", in_words(span)));
    let access = in_words(account.access_lifetime);
    lines.push(fact("Access", &format!("{access}{renewal}{}", end.unwrap_or_default())));
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::testing::session;

    #[test]
    fn the_facts_of_a_sign_in() {
        let account = Account {
            profile: crate::client::ProfileName::default(),
            account: session().account,
            org: session().org,
            scopes: Vec::new(),
            stored_in: "/home/ada/.acme/credentials.json".into(),
            access_lifetime: Duration::from_secs(28_800),
            idle_lifetime: Some(Duration::from_secs(90 * 86_400)),
            refreshable: true,
        };
        assert_eq!(
            facts(&account),
            [
                "  Organization  Analytical (org_7Q2M)",
                "  Profile       default",
                "  Stored in     /home/ada/.acme/credentials.json (0600)",
                "  Access        8 hours, refreshed automatically; ends after 90 days without use",
            ]
        );
    }
}
