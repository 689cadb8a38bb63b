//! The arguments of the commands for keys, personal tokens, scopes and the audit log.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::duration;
use crate::invalid_value::InvalidValue;

/// `key ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum KeyCommand {
    /// List API keys
    List(ListArgs),
    /// Create a key and print it once
    Create(KeyCreateArgs),
    /// Replace a key with a new one and print it once
    Rotate {
        /// The ID of the key, from `key list`
        id: String,
        /// How long the old key stays valid
        #[arg(long, value_enum, default_value_t = Overlap::None)]
        overlap: Overlap,
    },
    /// Revoke a key
    Revoke {
        /// The ID of the key, from `key list`
        id: String,
    },
    /// Show or change the scopes of a key
    Scopes {
        /// The ID of the key, from `key list`
        id: String,
        /// The new scopes
        #[arg(value_name = "A,B", value_delimiter = ',')]
        scopes: Vec<String>,
    },
}

/// `key list` and `pat list`
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ListArgs {
    /// Include revoked and expired ones
    #[arg(long)]
    pub(crate) all: bool,
}

/// `key create`
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyCreateArgs {
    /// Display name
    pub(crate) name: String,
    /// Mode of the key
    #[arg(long, value_enum, default_value_t = Mode::Live)]
    pub(crate) mode: Mode,
    /// Scopes. A terminal asks for them; a script must name them here or use --all-scopes
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// Grant all permissions of the owner, now and later
    #[arg(long, conflicts_with = "scopes")]
    pub(crate) all_scopes: bool,
    /// Lifetime, for example 90d, or `never`. A terminal asks for it; a script must name it
    #[arg(long, value_name = "TIME", value_parser = Lifetime::parse)]
    pub(crate) expires: Option<Lifetime>,
    /// Create the key for this service account instead of yourself
    #[arg(long, value_name = "ID")]
    pub(crate) service_account: Option<String>,
    /// Addresses and networks from which the key may be used
    #[arg(long, value_name = "ADDRESS,NETWORK", value_delimiter = ',')]
    pub(crate) allowed_addresses: Vec<String>,
}

/// How long a key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// It does not expire.
    Endless,
    /// For this time.
    For(Duration),
}

impl Lifetime {
    /// Parses `never` or a duration.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text == "never" { Ok(Self::Endless) } else { duration::parse(text).map(Self::For) }
    }
}

/// Modes of a key.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Production.
    Live,
    /// Development and tests.
    Test,
}

/// How long a replaced key stays valid.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// Not at all.
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
    /// Create a personal token and print it once
    Create {
        /// Display name
        name: String,
        /// Scopes
        #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Lifetime, for example 90d; by default it does not expire
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        expires: Option<Duration>,
    },
    /// Revoke a personal token
    Revoke {
        /// The ID of the token, from `pat list`
        id: String,
    },
}

/// `scope ...`
#[derive(Subcommand, Clone, Copy, Debug)]
pub(crate) enum ScopeCommand {
    /// List the scopes
    List,
    /// List the scope bundles
    Bundles,
}

/// `audit ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum AuditCommand {
    /// List audit events, oldest first
    List(AuditListArgs),
}

/// `audit list`
#[derive(Args, Clone, Debug)]
pub(crate) struct AuditListArgs {
    /// Events since this long ago
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration::parse)]
    pub(crate) since: Duration,
    /// Only events of this key, token or session
    #[arg(long, value_name = "ID")]
    pub(crate) key: Option<String>,
    /// Print new events as they occur, until Ctrl-C
    #[arg(long)]
    pub(crate) follow: bool,
}
