//! The arguments that every tool on this library has in common.

mod access;
mod config;
mod login;
mod tool;

use std::time::Duration;

use clap::{ArgAction, Args, Subcommand, ValueEnum};

use super::base_url::BaseUrl;
use super::duration;
use super::profile::ProfileName;
use super::secret::Secret;

pub(crate) use access::{
    AuditCommand, AuditListArgs, KeyCommand, KeyCreateArgs, ListArgs, Mode, Overlap, PatCommand, ScopeCommand,
};
pub(crate) use config::{ConfigCommand, SettingCommand};
pub(crate) use login::LoginArgs;
pub(crate) use tool::{
    DockerAction, DoctorArgs, HelperCommand, OrgCommand, ProfileCommand, RefreshArgs, SessionsCommand,
    SwitchArgs, ToolCommand,
};

/// Accepted before or after the verb.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[non_exhaustive]
pub struct Globals {
    /// Print one JSON document
    #[arg(long, global = true)]
    pub json: bool,
    /// Show the calls that are made; twice, their headers too
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but data and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Use this profile
    #[arg(short, long, global = true, value_name = "NAME", value_parser = ProfileName::parse)]
    pub profile: Option<ProfileName>,
    /// Act in this organization
    #[arg(long, global = true, value_name = "ORG")]
    pub org: Option<String>,
    /// Use this key for one command (the environment variable keeps it out of the shell history)
    #[arg(long, global = true, value_name = "KEY", hide_env_values = true)]
    pub api_key: Option<Secret>,
    /// Talk to the API at this address
    #[arg(long, global = true, value_name = "URL", value_parser = BaseUrl::parse)]
    pub api_base: Option<BaseUrl>,
    /// Never ask and never wait for a person
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Print without colors
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Do not try again when a call fails
    #[arg(long, global = true)]
    pub no_retry: bool,
}

/// `auth ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum AuthCommand {
    /// Sign in: with the browser, a code on another device, or a key
    Login(Box<LoginArgs>),
    /// End the session at the server and forget it here
    Logout(LogoutArgs),
    /// Say whether you are signed in (exit 0 yes, 2 no, 3 could not check)
    Status(StatusArgs),
    /// Say who you are, as the server sees it
    Whoami,
    /// Print the access token, refreshed if need be
    Token(TokenArgs),
    /// Get a new access token now, or sign in for more scopes
    Refresh(RefreshArgs),
    /// Change the active profile
    Switch(SwitchArgs),
    /// See and end your sessions, on every machine
    Sessions {
        /// What to do with them; `list` unless said
        #[command(subcommand)]
        command: Option<SessionsCommand>,
    },
    /// Find out why signing in or calling fails
    Doctor(DoctorArgs),
}

/// `auth logout`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct LogoutArgs {
    /// Every profile
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not tell the server
    #[arg(long)]
    pub(crate) local: bool,
}

/// `auth status`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct StatusArgs {
    /// Do not ask the server
    #[arg(long)]
    pub(crate) offline: bool,
    /// List the other profiles too; the exit code is about the selected one
    #[arg(long)]
    pub(crate) all: bool,
}

/// `auth token`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct TokenArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = TokenFormat::Raw)]
    pub(crate) format: TokenFormat,
    /// Refresh if it ends sooner than this
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    pub(crate) min_ttl: Duration,
}

/// How `auth token` prints.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFormat {
    /// The token
    Raw,
    /// The `Authorization` header
    Header,
    /// A JSON document
    Json,
    /// A line for `eval` in a shell
    Env,
}
