//! The arguments of the commands of the library. Doc comments are the text of `--help`.

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
    AuditCommand, AuditListArgs, KeyCommand, KeyCreateArgs, Lifetime, Mode, Overlap, PatCommand, ScopeCommand,
};
pub(crate) use config::{ConfigCommand, SettingCommand};
pub(crate) use login::LoginArgs;
pub(crate) use tool::{
    DockerAction, DoctorArgs, HelperCommand, OrgCommand, ProfileCommand, RefreshArgs, SessionsCommand,
    SwitchArgs, ToolCommand,
};

/// The global options, accepted before and after the command. Flatten them into the parser of the tool.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[non_exhaustive]
pub struct Globals {
    /// Print one JSON document
    #[arg(long, global = true)]
    pub json: bool,
    /// Show each request; -vv also shows headers
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Print only data and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Use this profile
    #[arg(short, long, global = true, value_name = "NAME", value_parser = ProfileName::parse)]
    pub profile: Option<ProfileName>,
    /// Act for this organization
    #[arg(long, global = true, value_name = "ORG")]
    pub org: Option<String>,
    /// Use this key (an environment variable keeps it out of the shell history)
    #[arg(long, global = true, value_name = "KEY", hide_env_values = true)]
    pub api_key: Option<Secret>,
    /// Use this authorization server
    #[arg(long, global = true, value_name = "URL", value_parser = BaseUrl::parse)]
    pub issuer: Option<BaseUrl>,
    /// Use the API at this URL
    #[arg(long, global = true, value_name = "URL", value_parser = BaseUrl::parse)]
    pub api_base: Option<BaseUrl>,
    /// Never prompt and never wait for input
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Disable colors
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Do not retry failed requests
    #[arg(long, global = true)]
    pub no_retry: bool,
}

/// `auth ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum AuthCommand {
    /// Sign in with a browser, a device code or an API key
    Login(Box<LoginArgs>),
    /// Revoke the session and remove it from this machine
    Logout(LogoutArgs),
    /// Show whether you are signed in (exit 0 yes, 2 no, 3 could not check)
    Status(StatusArgs),
    /// Show the account, organization and scopes of the credential
    Whoami,
    /// Print the access token, refreshed if needed
    Token(TokenArgs),
    /// Refresh the access token now, or add scopes
    Refresh(RefreshArgs),
    /// Change the active profile
    Switch(SwitchArgs),
    /// List and revoke your sessions on all machines
    Sessions {
        /// Defaults to `list`
        #[command(subcommand)]
        command: Option<SessionsCommand>,
    },
    /// Diagnose sign-in and connection problems
    Doctor(DoctorArgs),
}

/// `auth logout`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct LogoutArgs {
    /// Sign out of all profiles
    #[arg(long)]
    pub(crate) all: bool,
    /// Remove the local credential without revoking the session
    #[arg(long)]
    pub(crate) local: bool,
}

/// `auth status`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct StatusArgs {
    /// Do not contact the server
    #[arg(long)]
    pub(crate) offline: bool,
    /// Also list the other profiles; the exit code is that of the selected one
    #[arg(long)]
    pub(crate) all: bool,
}

/// `auth token`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct TokenArgs {
    /// Output format
    #[arg(long, value_enum, default_value_t = TokenFormat::Raw)]
    pub(crate) format: TokenFormat,
    /// Refresh if it expires within this time
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    pub(crate) min_ttl: Duration,
}

/// Output formats of `auth token`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFormat {
    /// The token alone
    Raw,
    /// The `Authorization` header
    Header,
    /// A JSON document
    Json,
    /// An `export` line for `eval`
    Env,
}
