//! `profile` and `auth switch`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::logout;
use crate::args::ProfileCommand;
use crate::base_url::BaseUrl;
use crate::brand::Brand;
use crate::config::{ConfigFile, ProfileConfig};
use crate::context::Context;
use crate::credentials::{Credential, CredentialState, SwapResult};
use crate::error::ErrorKind;
use crate::output::Icon;
use crate::profile::ProfileName;
use crate::session::lock_profile;

/// A profile with settings, a credential or both.
#[derive(Default)]
struct Known {
    credential: Option<Credential>,
    settings: ProfileConfig,
}

pub(super) async fn run(context: &Arc<Context>, command: ProfileCommand) -> Result<(), ErrorKind> {
    match command {
        ProfileCommand::List => list(context),
        ProfileCommand::Use { name } => switch(context, Some(name)),
        ProfileCommand::Create { name } => create(context, &name),
        ProfileCommand::Rename { from, to } => rename(context, &from, &to).await,
        ProfileCommand::Delete { name } => delete(context, &name).await,
    }
}

/// Activates a profile; without a name, the other one of two.
pub(super) fn switch(context: &Context, name: Option<ProfileName>) -> Result<(), ErrorKind> {
    let known = known(context)?;
    let name = match name {
        Some(name) => name,
        None => other(context, &known)?,
    };
    if !known.contains_key(&name) {
        return Err(unknown(&known, &name));
    }
    activate(context, &name)?;
    if context.output.is_json() {
        return context.output.json(&json!({ "active_profile": name.as_str() }));
    }
    let account = known
        .get(&name)
        .and_then(|known| account_name(known, context.brand()))
        .map(|name| format!(" ({name})"))
        .unwrap_or_default();
    context.output.say(Icon::Good, &format!("Using profile {name}{account}"));
    let variable = context.brand().variable("PROFILE");
    if let Some(set) = context.environment.get(&variable).filter(|set| *set != name.as_str()) {
        context.output.say(Icon::Attention, &format!("{variable} is set and still selects profile {set}"));
    }
    Ok(())
}

/// Stores the active profile in the settings.
pub(super) fn activate(context: &Context, name: &ProfileName) -> Result<(), ErrorKind> {
    ConfigFile::edit(&context.paths, |file| file.set("active_profile", name.as_str()))
}

/// The other profiles, without contacting a server.
pub(super) fn others(context: &Context) -> Result<Vec<Value>, ErrorKind> {
    let (known, active) = (known(context)?, active(context));
    let others = known.iter().filter(|(name, _)| **name != context.profile);
    Ok(others.map(|(name, one)| document(name, one, *name == active)).collect())
}

fn list(context: &Context) -> Result<(), ErrorKind> {
    let (known, active) = (known(context)?, active(context));
    if context.output.is_json() {
        let documents = known.iter().map(|(name, one)| document(name, one, *name == active)).collect();
        return context.output.json(&Value::Array(documents));
    }
    let mut rows = vec![["", "PROFILE", "ACCOUNT", "ORGANIZATION", "SERVER"].map(str::to_owned).to_vec()];
    for (name, one) in &known {
        let session = one.credential.as_ref().and_then(Credential::as_oauth);
        let org = session.and_then(|session| session.org.as_ref()).map(|org| org.display_name().to_owned());
        let server = session.map(|session| &session.issuer).or(one.settings.issuer.as_ref());
        rows.push(vec![
            if *name == active { "*" } else { "" }.to_owned(),
            name.to_string(),
            account_name(one, context.brand()).unwrap_or_else(|| "not signed in".into()),
            org.or_else(|| one.settings.org.clone()).unwrap_or_default(),
            server.map(BaseUrl::host).unwrap_or_default(),
        ]);
    }
    if known.is_empty() {
        context
            .output
            .tell(&format!("No profile yet. `{}` creates one.", context.brand().command("auth login")));
        return Ok(());
    }
    context.output.table(&rows)
}

fn create(context: &Context, name: &ProfileName) -> Result<(), ErrorKind> {
    if known(context)?.contains_key(name) {
        return Err(taken(name));
    }
    let settings = [
        ("issuer", context.globals.issuer.as_ref().map(BaseUrl::as_str)),
        ("api_base", context.globals.api_base.as_ref().map(BaseUrl::as_str)),
        ("org", context.globals.org.as_deref()),
    ];
    ConfigFile::edit(&context.paths, |file| {
        file.add_profile(name)?;
        for (setting, value) in settings {
            if let Some(value) = value {
                file.set(&format!("profiles.{name}.{setting}"), value)?;
            }
        }
        Ok(())
    })?;
    if context.output.is_json() {
        return context.output.json(&json!({ "created": name.as_str() }));
    }
    context.output.say(Icon::Good, &format!("Created profile {name}"));
    context.output.tell(&format!(
        "  Sign in with `{}`.",
        context.brand().command(&format!("auth login --profile {name}"))
    ));
    Ok(())
}

async fn rename(context: &Context, from: &ProfileName, to: &ProfileName) -> Result<(), ErrorKind> {
    let known = known(context)?;
    if !known.contains_key(from) {
        return Err(unknown(&known, from));
    }
    if known.contains_key(to) || context.store.read()?.unknown_kind(to).is_some() {
        return Err(taken(to));
    }
    ConfigFile::probe(&context.paths, |file| file.rename_profile(from, to))?;
    let _locks = (lock_profile(context, from).await?, lock_profile(context, to).await?);
    let credential = context.store.read()?.get(from).cloned();
    if let Some(credential) = credential {
        // In this order, an interruption leaves the credential under both names and not under none.
        let generation = credential.generation();
        let stored = context.store.compare_and_swap(to, None, Some(&credential))?;
        let removed = match stored {
            SwapResult::Done => context.store.compare_and_swap(from, Some(generation), None)?,
            SwapResult::Conflict => SwapResult::Conflict,
        };
        match removed {
            SwapResult::Done => {}
            SwapResult::Conflict => {
                return Err(ErrorKind::LocalFailure {
                    what: format!("rename profile {from}"),
                    cause: "another process changed it at the same time. Try again".into(),
                });
            }
        }
    }
    if let Err(kind) = ConfigFile::edit(&context.paths, |file| file.rename_profile(from, to)) {
        let rename = format!("rename {from} to {to} in it, where it is named");
        let remedy = format!("Once the file can be written, {rename}. Until then, add `--profile {to}`.");
        context.warn(&format!("Renamed the credential of profile {from} to {to}"), kind, &remedy);
    }
    if context.output.is_json() {
        return context.output.json(&json!({ "renamed": from.as_str(), "to": to.as_str() }));
    }
    context.output.say(Icon::Good, &format!("Renamed profile {from} to {to}"));
    Ok(())
}

async fn delete(context: &Context, name: &ProfileName) -> Result<(), ErrorKind> {
    let known = known(context)?;
    if !known.contains_key(name) {
        return Err(unknown(&known, name));
    }
    if let Some(kind) = context.store.read()?.unknown_kind(name) {
        return Err(ErrorKind::Usage {
            message: format!(
                "Profile {name} has a credential of the kind `{kind}`, which is newer than this program"
            ),
            hint: Some("Update the program to sign out of it.".into()),
        });
    }
    ConfigFile::probe(&context.paths, |file| file.remove_profile(name).map(drop))?;
    let signed_out = logout::sign_out(context, name, false).await?;
    if let Err(kind) = ConfigFile::edit(&context.paths, |file| file.remove_profile(name)) {
        let again = context.brand().command(&format!("profile delete {name}"));
        let remedy = format!("Once the file can be written, run `{again}` again.");
        context.warn(&format!("The credential of profile {name} was removed"), kind, &remedy);
    }
    if context.output.is_json() {
        return context.output.json(&json!({ "deleted": name.as_str(), "signed_out": signed_out.is_some() }));
    }
    context.output.say(Icon::Good, &format!("Deleted profile {name}"));
    Ok(())
}

/// All profiles in the settings or the store.
fn known(context: &Context) -> Result<BTreeMap<ProfileName, Known>, ErrorKind> {
    let mut known: BTreeMap<ProfileName, Known> = BTreeMap::new();
    for (name, settings) in &context.config.profiles {
        known.entry(name.clone()).or_default().settings = settings.clone();
    }
    for (name, credential) in context.store.read()?.iter() {
        known.entry(name.clone()).or_default().credential = Some(credential.clone());
    }
    Ok(known)
}

fn active(context: &Context) -> ProfileName {
    context.config.active_profile.clone().unwrap_or_default()
}

/// The other profile, if there are two.
fn other(context: &Context, known: &BTreeMap<ProfileName, Known>) -> Result<ProfileName, ErrorKind> {
    let active = active(context);
    let others: Vec<_> = known.keys().filter(|name| **name != active).collect();
    match others[..] {
        [other] => Ok(other.clone()),
        [] => Err(ErrorKind::Usage {
            message: "There is no other profile".into(),
            hint: Some(format!("`{}` creates one.", context.brand().command("auth login --profile NAME"))),
        }),
        [_, _, ..] => Err(ErrorKind::Usage {
            message: "More than one other profile".into(),
            hint: Some(names("Name one of", &others)),
        }),
    }
}

/// The account or key of a profile, as far as the store tells.
fn account_name(known: &Known, brand: &Brand) -> Option<String> {
    match known.credential.as_ref()? {
        Credential::Oauth(session) if session.state == CredentialState::NeedsLogin => {
            Some("needs a new sign-in".into())
        }
        Credential::Oauth(session) => {
            Some(session.account.as_ref().map_or("signed in", |account| account.display_name()).to_owned())
        }
        Credential::ApiKey(key) => Some(format!("key {}", key.api_key.masked(brand))),
    }
}

fn document(name: &ProfileName, known: &Known, is_active: bool) -> Value {
    let session = known.credential.as_ref().and_then(Credential::as_oauth);
    json!({
        "name": name.as_str(),
        "active": is_active,
        "method": known.credential.as_ref().map(Credential::method),
        "account": session.and_then(|session| session.account.as_ref()),
        "org": session.and_then(|session| session.org.as_ref()),
        "issuer": session.map(|session| &session.issuer).or(known.settings.issuer.as_ref()),
        "needs_login": session.is_some_and(|session| session.state == CredentialState::NeedsLogin),
    })
}

fn unknown(known: &BTreeMap<ProfileName, Known>, name: &ProfileName) -> ErrorKind {
    let list = known.keys().collect::<Vec<_>>();
    let there_are = if list.is_empty() { String::new() } else { format!(" {}", names("There is", &list)) };
    ErrorKind::NotFound { message: format!("There is no profile {name}.{there_are}"), request_id: None }
}

fn taken(name: &ProfileName) -> ErrorKind {
    ErrorKind::Usage { message: format!("Profile {name} already exists"), hint: None }
}

fn names(beginning: &str, names: &[&ProfileName]) -> String {
    let list = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    format!("{beginning} {list}.")
}
