//! What a configuration holds.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::TimeDelta;
use ipnet::IpNet;

use super::database_url::DatabaseUrl;
use super::issuer::Issuer;
use crate::domain::key_policy::TokenCreators;
use crate::domain::policy::DeviceFlow;
use crate::domain::rate_policy::RatePolicy;
use crate::domain::resource::Resource;
use crate::domain::role::Role;
use crate::domain::scope::Catalog;
use crate::domain::secret::Secret;

/// A complete and checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub keys: Keys,
    pub brand: Brand,
    pub tokens: Tokens,
    pub sign_in: SignIn,
    pub organizations: Organizations,
    pub limits: Limits,
    pub credentials: Credentials,
    pub audit: Audit,
    pub rate_policies: Vec<RatePolicy>,
    /// What tokens can be for besides this server.
    pub resources: Vec<Resource>,
    pub log: Log,
    pub catalog: Catalog,
    /// The four built-in roles first, then those that the deployment adds.
    pub roles: Vec<Role>,
}

#[derive(Debug, Clone)]
pub struct Server {
    /// The address under which people and tools reach the server.
    pub public_url: Issuer,
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// Who may say in `X-Forwarded-For` where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that serve HTTP.
    pub workers: usize,
    /// Connections at most, from everybody and from one address.
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    /// How far clocks may be apart, or jump.
    pub clock_tolerance: TimeDelta,
}

#[derive(Debug, Clone)]
pub struct Database {
    pub url: DatabaseUrl,
    pub pool_size: u32,
    /// Connections of their own for filtered logs, exports and sums.
    pub report_pool_size: u32,
    pub pooler: Pooler,
}

/// What stands between the server and PostgreSQL, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing, or a pooler that gives each connection a session of its own.
    Session,
    /// A pooler that may give each transaction another session, such as PgBouncer with `pool_mode = transaction`.
    Transaction,
}

#[derive(Debug, Clone)]
pub struct Keys {
    pub master_key: MasterKeySource,
    pub rsa_bits: u32,
    /// How long a signing key signs.
    pub rotate_every: TimeDelta,
    /// How long before its first signature a key is in the JWKS, so that every cache knows it.
    pub publish_ahead: TimeDelta,
    /// How long after its last signature a key stays in the JWKS.
    pub keep_after: TimeDelta,
}

/// Where the master key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// `KEYSTILE_MASTER_KEY`, already known to decode.
    Env(Secret),
    File(PathBuf),
    /// `{data_dir}/master.key`, made on the first start.
    DataDir,
}

/// What makes the server look like the tool it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    /// What API keys and tokens start with.
    pub token_prefix: String,
    /// What our own headers start with: `Keystile-Required-Scopes`.
    pub header: String,
    pub cli_name: String,
    /// What a person types to sign in.
    pub login_command: String,
    /// Where the deployment explains itself to its people.
    pub help_url: Option<String>,
    pub status_url: Option<String>,
    pub support_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub access: TimeDelta,
    /// An authorization code.
    pub code: TimeDelta,
    /// An authorization request that waits for its person.
    pub request: TimeDelta,
    /// A pushed request that waits to be opened.
    pub pushed_request: TimeDelta,
    /// A device authorization request, from the tool's question to the session it gets.
    pub device_request: TimeDelta,
    /// How long the last refresh token may be presented again; zero for never.
    pub refresh_grace: TimeDelta,
    /// A CLI session ends when unused for so long.
    pub session_idle: TimeDelta,
    /// A CLI session ends after so long in any case.
    pub session_max: TimeDelta,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// A browser session ends when unused for so long.
    pub session_idle: TimeDelta,
    /// A browser session ends after so long in any case.
    pub session_max: TimeDelta,
    /// A consent asks for the password again when it was given longer ago than this.
    pub reauthenticate_after: TimeDelta,
    /// Characters of the shortest password.
    pub password_min: usize,
    /// Passwords that are checked at the same time; each takes 19 MiB.
    pub max_parallel_hashes: usize,
}

/// What holds in an organization that has not decided otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Organizations {
    pub device_flow: DeviceFlow,
    /// Whether a code may be copied from a page into a terminal.
    pub copy_code: bool,
    /// Whether an API key may be without scopes of its own.
    pub unrestricted_keys: bool,
    /// The longest life of an API key; zero for no limit.
    pub key_max: TimeDelta,
    pub personal_token_creators: TokenCreators,
    /// The longest life of a personal token; zero for no limit.
    pub personal_token_max: TimeDelta,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins that may be begun from one address in a minute, whoever begins them.
    pub sign_ins_per_minute: i32,
    /// Requests to the management API with one credential in a minute.
    pub api_requests_per_minute: i32,
}

/// Sessions, personal tokens and API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// How long one is kept after its end.
    pub keep_ended: TimeDelta,
}

/// What is kept of the use of credentials. Audit events are always kept, and for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// Whether more is kept than when each credential was used last.
    pub log_uses: bool,
    /// How many denied uses of a credential are kept in detail in a minute.
    pub denied_uses_per_minute: u32,
    /// How long each use.
    pub keep_uses: TimeDelta,
    /// How long the number of uses on a day.
    pub keep_usage: TimeDelta,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub format: LogFormat,
    /// A level, or a filter such as `info,keystiled::store=debug`.
    pub level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}
