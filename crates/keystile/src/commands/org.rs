//! `org`: the organization that a profile acts for.
//!
//! A session belongs to one organization. `switch` activates a profile with a session of the organization. If there is
//! none, it signs in.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{members, profile, session, whoami};
use crate::args::OrgCommand;
use crate::config::ConfigFile;
use crate::context::Context;
use crate::credentials::{Credential, OauthCredential, OrgRef};
use crate::error::ErrorKind;
use crate::globals::Globals;
use crate::login::{LoginOptions, login};
use crate::output::Icon;
use crate::profile::ProfileName;
use crate::session::Organization;

pub(super) async fn run(context: &Arc<Context>, command: OrgCommand) -> Result<(), ErrorKind> {
    match command {
        OrgCommand::List => list(context).await,
        OrgCommand::Current => current(context).await,
        OrgCommand::Switch { org } => switch(context, &org).await,
        OrgCommand::Members(args) => members::list(context, &args).await,
        OrgCommand::Invite(args) => members::invite(context, args).await,
        OrgCommand::Role { member, role } => members::set_role(context, &member, &role).await,
        OrgCommand::Remove(args) => members::remove(context, args).await,
        OrgCommand::Leave { yes } => members::leave(context, yes).await,
    }
}

/// The sessions of this machine that belong to an organization.
fn signed_in(context: &Context) -> Result<Vec<(ProfileName, OauthCredential, OrgRef)>, ErrorKind> {
    let document = context.store.read()?;
    let sessions = document.iter().filter_map(|(name, credential)| match credential {
        Credential::Oauth(session) => {
            let org = session.org.clone()?;
            Some((name.clone(), session.as_ref().clone(), org))
        }
        Credential::ApiKey(_) => None,
    });
    Ok(sessions.collect())
}

/// Lists the organizations of the account at the server, each with the profile that acts for it.
async fn list(context: &Arc<Context>) -> Result<(), ErrorKind> {
    let session = session(context)?;
    let home = session.home().await?;
    let whoami = whoami::ask(&session).await?;
    let own = whoami.account();
    let current = whoami.organization.as_ref().map(|organization| organization.id.clone());
    let signed_in = signed_in(context)?;
    let profile = |id: &str| {
        let is_for = |session: &OauthCredential, org: &OrgRef| {
            let account = session.account.as_ref().map(|account| account.id.as_str());
            org.id == id && session.issuer == home && account == Some(own.id.as_str())
        };
        // The profile in use comes first.
        let mut names =
            signed_in.iter().filter(|(_, session, org)| is_for(session, org)).map(|(name, ..)| name);
        names.clone().find(|name| **name == context.profile).or_else(|| names.next())
    };
    // A server may name only the organization of the credential.
    let known =
        if whoami.organizations.is_empty() { whoami.organization.as_slice() } else { &whoami.organizations };
    if context.output.is_json() {
        let document = |org: &Organization| {
            json!({
                "id": org.id, "slug": org.slug, "name": org.name, "role": org.role,
                "profile": profile(&org.id).map(ProfileName::as_str), "current": current.as_ref() == Some(&org.id),
            })
        };
        return context.output.json(&Value::Array(known.iter().map(document).collect()));
    }
    if known.is_empty() {
        context.output.tell("You are not a member of any organization.");
        return Ok(());
    }
    let mut rows = vec![["", "ORGANIZATION", "ID", "ROLE", "PROFILE"].map(str::to_owned).to_vec()];
    rows.extend(known.iter().map(|org| {
        let mark = if current.as_ref() == Some(&org.id) { "*" } else { "" };
        let profile = profile(&org.id).map(ToString::to_string).unwrap_or_default();
        let role = org.role.clone().unwrap_or_default();
        vec![mark.to_owned(), org.reference().display_name().to_owned(), org.id.clone(), role, profile]
    }));
    context.output.table(&rows)?;
    if whoami.more_organizations {
        context.output.tell_lines(&format!(
            "\nYou have more organizations than these: {home}/organizations lists them all."
        ));
    }
    let switch = context.brand().command("org switch ORGANIZATION");
    context.output.tell_lines(&format!("\n* marks the current organization. Switch with `{switch}`."));
    Ok(())
}

async fn current(context: &Arc<Context>) -> Result<(), ErrorKind> {
    let whoami = whoami::ask(&session(context)?).await?;
    let organization = whoami.organization.as_ref();
    if context.output.is_json() {
        return context.output.json(&json!(organization));
    }
    let Some((organization, org)) = organization.zip(whoami.org()) else {
        context.output.tell("The credential does not belong to an organization.");
        return Ok(());
    };
    let role = organization.role.as_deref().map(|role| format!(", {role}")).unwrap_or_default();
    context.output.data(&format!("{} ({}){role}", org.display_name(), org.id))
}

/// Activates a profile with a session of the organization. If there is none, signs in for it in the current profile.
async fn switch(context: &Arc<Context>, asked: &str) -> Result<(), ErrorKind> {
    let sessions = signed_in(context)?;
    let own = sessions.iter().find(|(name, ..)| *name == context.profile);
    if own.is_some_and(|(_, _, org)| org.matches(asked)) {
        return say(context, &context.profile, own.map(|(_, _, org)| org));
    }
    let is_like_own = |session: &OauthCredential| {
        own.is_none_or(|(_, own, _)| own.issuer == session.issuer && own.account == session.account)
    };
    if let Some((name, _, org)) =
        sessions.iter().find(|(_, session, org)| org.matches(asked) && is_like_own(session))
    {
        profile::activate(context, name)?;
        return say(context, name, Some(org));
    }
    let scopes = own.map(|(_, session, _)| session.scopes.clone()).unwrap_or_default();
    let globals = Globals {
        org: Some(asked.to_owned()),
        profile: Some(context.profile.clone()),
        ..context.globals.clone()
    };
    let account =
        login(&Context::new(&context.app, &globals)?, &LoginOptions { scopes, ..LoginOptions::default() })
            .await?;
    // The settings name the previous organization.
    if context.profile_config().org.is_some() {
        let setting = format!("profiles.{}.org", context.profile);
        if let Err(kind) = set(context, &setting, asked) {
            let command = context.brand().command(&format!("config set {setting} {asked}"));
            let remedy =
                format!("Once the file can be written, run `{command}`. Until then, add `--org {asked}`.");
            context.warn("Signed in", kind, &remedy);
        }
    }
    say(context, &context.profile, account.org.as_ref())
}

fn set(context: &Context, setting: &str, value: &str) -> Result<(), ErrorKind> {
    ConfigFile::edit(&context.paths, |file| file.set(setting, value))
}

fn say(context: &Context, profile: &ProfileName, org: Option<&OrgRef>) -> Result<(), ErrorKind> {
    if context.output.is_json() {
        return context.output.json(&json!({ "profile": profile.as_str(), "org": org }));
    }
    let shown = org.map_or("the organization you chose", |org| org.display_name());
    context.output.say(Icon::Good, &format!("Acting for {shown} with profile {profile}"));
    Ok(())
}
