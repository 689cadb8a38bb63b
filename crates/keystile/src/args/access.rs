//! The arguments of the commands for keys, personal tokens, scopes and the audit log.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::duration;

/// `key ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum KeyCommand {
    /// List the keys that you may see
    List(ListArgs),
    /// Make a key, and print it once
    Create(KeyCreateArgs),
    /// Make a key that takes the place of another one, and print it once
    Rotate {
        /// The key to replace, as `key list` names it
        id: String,
        /// How long the old key goes on working
        #[arg(long, value_enum, default_value_t = Overlap::None)]
        overlap: Overlap,
    },
    /// End a key
    Revoke {
        /// The key, as `key list` names it
        id: String,
    },
    /// Say what a key may do, or change it
    Scopes {
        /// The key, as `key list` names it
        id: String,
        /// What it may do from now on
        #[arg(value_name = "A,B", value_delimiter = ',')]
        scopes: Vec<String>,
    },
}

/// `key list` and `pat list`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ListArgs {
    /// Those that have ended too
    #[arg(long)]
    pub(crate) all: bool,
}

/// `key create`
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyCreateArgs {
    /// What people call it
    pub(crate) name: String,
    /// What it is for
    #[arg(long, value_enum, default_value_t = Mode::Live)]
    pub(crate) mode: Mode,
    /// What it may do; everything that its owner may do unless said
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// End it after this time
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) expires: Option<Duration>,
    /// Whose it is, if it is not yours
    #[arg(long, value_name = "ID")]
    pub(crate) service_account: Option<String>,
    /// From where it may be used
    #[arg(long, value_name = "ADDRESS,NETWORK", value_delimiter = ',')]
    pub(crate) allowed_addresses: Vec<String>,
}

/// What a key is for.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The real thing.
    Live,
    /// Trying things out.
    Test,
}

/// How long a key that was replaced goes on working.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// It ends at once.
    None,
    /// An hour.
    #[value(name = "1h")]
    Hour,
    /// A day.
    #[value(name = "24h")]
    Day,
}

/// `pat ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum PatCommand {
    /// List your personal tokens
    List(ListArgs),
    /// Make a personal token, and print it once
    Create {
        /// What you call it
        name: String,
        /// What it may do
        #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// End it after this time
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        expires: Option<Duration>,
    },
    /// End a personal token
    Revoke {
        /// The token, as `pat list` names it
        id: String,
    },
}

/// `scope ...`
#[derive(Subcommand, Clone, Copy, Debug)]
pub(crate) enum ScopeCommand {
    /// List what can be asked for
    List,
    /// List the usual choices of scopes
    Bundles,
}

/// `audit ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum AuditCommand {
    /// List what was done in the organization, the latest last
    List(AuditListArgs),
}

/// `audit list`
#[derive(Args, Clone, Debug)]
pub(crate) struct AuditListArgs {
    /// How far back
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration::parse)]
    pub(crate) since: Duration,
    /// Only what was done with this key, token or session
    #[arg(long, value_name = "ID")]
    pub(crate) key: Option<String>,
    /// Go on with what is done from now on
    #[arg(long)]
    pub(crate) follow: bool,
}
