//! The arguments of the commands of the library. Doc comments are the text of `--help`.

mod access;
mod config;
mod login;
mod tool;

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::duration;

pub(crate) use access::{
    AuditCommand, AuditListArgs, KeyCommand, KeyCreateArgs, Lifetime, Mode, Overlap, PatCommand, ScopeCommand,
};
pub(crate) use config::{ConfigCommand, SettingCommand};
pub(crate) use login::LoginArgs;
pub(crate) use tool::{
    DockerAction, DoctorArgs, HelperCommand, InviteArgs, MembersArgs, OrgCommand, ProfileCommand,
    RefreshArgs, RemoveArgs, SessionsCommand, SwitchArgs, ToolCommand,
};

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
