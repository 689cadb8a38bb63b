//! The commands and arguments that a tool mounts in its own command line, for [`App::run`](crate::App::run). They are
//! opaque, so that a new flag or subcommand does not break the tool.

use clap::{ArgMatches, Args, Command, FromArgMatches, Id, Subcommand};

use super::args;

/// Wraps a type of [`args`] in a public type of the same name with the same clap implementation.
macro_rules! opaque {
    ($(#[$doc:meta])+ $name:ident) => {
        $(#[$doc])+
        #[derive(Clone, Debug)]
        pub struct $name(pub(crate) args::$name);

        impl FromArgMatches for $name {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                args::$name::from_arg_matches(matches).map(Self)
            }

            fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
                args::$name::from_arg_matches_mut(matches).map(Self)
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                self.0.update_from_arg_matches(matches)
            }

            fn update_from_arg_matches_mut(&mut self, matches: &mut ArgMatches) -> Result<(), clap::Error> {
                self.0.update_from_arg_matches_mut(matches)
            }
        }
    };
}

/// Wraps a `Subcommand`.
macro_rules! subcommands {
    ($(#[$doc:meta])+ $name:ident) => {
        opaque! { $(#[$doc])+ $name }

        impl Subcommand for $name {
            fn augment_subcommands(command: Command) -> Command {
                args::$name::augment_subcommands(command)
            }

            fn augment_subcommands_for_update(command: Command) -> Command {
                args::$name::augment_subcommands_for_update(command)
            }

            fn has_subcommand(name: &str) -> bool {
                args::$name::has_subcommand(name)
            }
        }
    };
    ($(#[$doc:meta])+ $name:ident in $variant:ident) => {
        subcommands! { $(#[$doc])+ $name }

        impl From<$name> for ToolCommand {
            fn from(command: $name) -> Self {
                Self(args::ToolCommand::$variant(command.0))
            }
        }
    };
}

/// Wraps an `Args`.
macro_rules! arguments {
    ($(#[$doc:meta])+ $name:ident) => {
        opaque! { $(#[$doc])+ $name }

        impl Args for $name {
            fn group_id() -> Option<Id> {
                args::$name::group_id()
            }

            fn augment_args(command: Command) -> Command {
                args::$name::augment_args(command)
            }

            fn augment_args_for_update(command: Command) -> Command {
                args::$name::augment_args_for_update(command)
            }
        }
    };
}

subcommands! {
    /// All commands of the library: `auth`, `profile`, `org`, `key`, `pat`, `scope`, `audit`, `credential-helper` and
    /// `config`. To mount only some of them, use their own types.
    ToolCommand
}
subcommands! {
    /// `auth`: `login`, `logout`, `status`, `whoami`, `token`, `refresh`, `switch`, `sessions` and `doctor`.
    AuthCommand in Auth
}
subcommands! {
    /// `profile`: the profiles on this machine, each with its own credential.
    ProfileCommand in Profile
}
subcommands! {
    /// `org`: the organization that a profile acts for.
    OrgCommand in Org
}
subcommands! {
    /// `key`: API keys. Needs a Keystile server.
    KeyCommand in Key
}
subcommands! {
    /// `pat`: personal tokens. Needs a Keystile server.
    PatCommand in Pat
}
subcommands! {
    /// `scope`: the scope catalog. Needs a Keystile server.
    ScopeCommand in Scope
}
subcommands! {
    /// `audit`: the audit log of the organization. Needs a Keystile server.
    AuditCommand in Audit
}
subcommands! {
    /// `credential-helper`: credentials for git, docker, kubectl and the AWS tools, in their own protocols.
    HelperCommand in CredentialHelper
}
subcommands! {
    /// `config`: the settings file.
    ConfigCommand in Config
}
arguments! {
    /// The arguments of `auth login`, to mount it under another name, for example as `login`.
    LoginArgs
}
arguments! {
    /// The arguments of `auth logout`, to mount it under another name, for example as `logout`.
    LogoutArgs
}

impl AuthCommand {
    /// `auth whoami`, to mount it under another name, for example as `whoami`.
    pub fn whoami() -> Self {
        Self(args::AuthCommand::Whoami)
    }
}

impl From<LoginArgs> for ToolCommand {
    fn from(args: LoginArgs) -> Self {
        Self(args::ToolCommand::Auth(args::AuthCommand::Login(Box::new(args.0))))
    }
}

impl From<LogoutArgs> for ToolCommand {
    fn from(args: LogoutArgs) -> Self {
        Self(args::ToolCommand::Auth(args::AuthCommand::Logout(args.0)))
    }
}
