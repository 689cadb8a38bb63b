//! The commands of the library, the same for every tool.

mod audit;
mod config;
mod doctor;
mod helper;
mod key;
mod list;
mod login;
mod logout;
mod members;
mod org;
mod pat;
mod profile;
mod refresh;
mod scope;
mod sessions;
mod static_credential;
mod status;
mod token;
mod whoami;

use std::sync::Arc;

use super::args::{AuthCommand, ConfigCommand, SessionsCommand, ToolCommand};
use super::context::Context;
use super::error::{ErrorKind, MissingScope, ScopeRemedy};
use super::open_session::session;
use super::output::{Icon, Output};
use super::session::key_variable;

pub(crate) use config::run as change_settings;

/// Runs a command. If it lacks a scope, offers to sign in for it and run the command again.
pub(crate) async fn run(context: &Arc<Context>, command: ToolCommand) -> Result<(), ErrorKind> {
    match execute(context, command.clone()).await {
        Err(ErrorKind::InsufficientScope(missing)) if missing.remedy == ScopeRemedy::SignIn => {
            run_with_scopes(context, command, missing).await
        }
        result => result,
    }
}

async fn execute(context: &Arc<Context>, command: ToolCommand) -> Result<(), ErrorKind> {
    match command {
        ToolCommand::Auth(command) => auth(context, command).await,
        ToolCommand::Profile(command) => profile::run(context, command).await,
        ToolCommand::Org(command) => org::run(context, command).await,
        ToolCommand::Key(command) => key::run(context, command).await,
        ToolCommand::Pat(command) => pat::run(context, command).await,
        ToolCommand::Scope(command) => scope::run(context, command).await,
        ToolCommand::Audit(command) => audit::run(context, command).await,
        ToolCommand::CredentialHelper(command) => helper::run(context, command).await,
        ToolCommand::Config(ConfigCommand::Init(args)) => config::init(context, args).await,
        ToolCommand::Config(ConfigCommand::Login(args)) => auth(context, AuthCommand::Login(args)).await,
        ToolCommand::Config(ConfigCommand::Logout(args)) => auth(context, AuthCommand::Logout(args)).await,
        ToolCommand::Config(ConfigCommand::Setting(command)) => {
            config::run(&context.app, &context.globals, &command)
        }
    }
}

/// Offers to sign in again for the missing scopes, and runs the command again. The first run had no effect, because the
/// server refused it.
async fn run_with_scopes(
    context: &Arc<Context>,
    command: ToolCommand,
    missing: Box<MissingScope>,
) -> Result<(), ErrorKind> {
    let scopes: Vec<&str> = missing.required.iter().map(String::as_str).collect();
    let question = format!("Your session lacks the scope {}. Sign in again to add it?", scopes.join(" "));
    if !context.interactive || context.ui.confirm_default_yes(&question) != Some(true) {
        return Err(ErrorKind::InsufficientScope(missing));
    }
    refresh::add_scopes(context, &scopes).await?;
    match execute(context, command).await {
        Err(ErrorKind::InsufficientScope(missing)) if missing.remedy == ScopeRemedy::SignIn => {
            Err(ErrorKind::InsufficientScope(Box::new(MissingScope {
                remedy: ScopeRemedy::NotHeld,
                ..*missing
            })))
        }
        result => result,
    }
}

async fn auth(context: &Arc<Context>, command: AuthCommand) -> Result<(), ErrorKind> {
    match command {
        AuthCommand::Login(args) => return login::run(context, *args).await,
        AuthCommand::Logout(args) => logout::run(context, args).await?,
        AuthCommand::Status(args) => status::run(context, args).await?,
        AuthCommand::Whoami => whoami::run(context).await?,
        AuthCommand::Token(args) => token::run(context, args).await?,
        AuthCommand::Refresh(args) => refresh::run(context, args).await?,
        AuthCommand::Switch(args) => profile::switch(context, args.name)?,
        AuthCommand::Sessions { command } => {
            sessions::run(context, command.unwrap_or(SessionsCommand::List)).await?;
        }
        AuthCommand::Doctor(args) => return doctor::run(context, args).await,
    }
    announce_variable(context)
}

/// Reports a key in the environment, which takes precedence over every profile and is easily forgotten.
fn announce_variable(context: &Context) -> Result<(), ErrorKind> {
    // An explicit credential needs no announcement.
    if context.globals.api_key.is_some() || context.globals.profile.is_some() {
        return Ok(());
    }
    if let Some((variable, _)) = key_variable(context)? {
        let hidden = context.store.read()?.get(&context.profile).map(|_| &context.profile);
        let instead = hidden.map(|profile| format!(" instead of profile {profile}")).unwrap_or_default();
        context.output.say(Icon::Attention, &format!("{variable} is set and used{instead}"));
    }
    Ok(())
}
