//! The sections of the configuration.

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

/// A complete and validated configuration.
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
    /// Audiences of tokens besides this server.
    pub resources: Vec<Resource>,
    pub log: Log,
    pub catalog: Catalog,
    /// The four built-in roles, then those that the deployment adds.
    pub roles: Vec<Role>,
}

#[derive(Debug, Clone)]
pub struct Server {
    /// The public URL of the server, and its issuer.
    pub public_url: Issuer,
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// HTTP worker threads.
    pub workers: usize,
    /// Open connections at most, in total and per client address.
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    /// Maximum difference between clocks, and maximum jump of a clock.
    pub clock_tolerance: TimeDelta,
}

#[derive(Debug, Clone)]
pub struct Database {
    pub url: DatabaseUrl,
    pub pool_size: u32,
    /// Separate connections for filtered logs, exports and sums.
    pub report_pool_size: u32,
    pub pooler: Pooler,
}

/// Kind of connection pooler in front of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooler {
    /// None, or one that gives each connection a server session of its own.
    Session,
    /// One that may run each transaction in another server session, such as PgBouncer with `pool_mode = transaction`.
    Transaction,
}

#[derive(Debug, Clone)]
pub struct Keys {
    pub master_key: MasterKeySource,
    pub rsa_bits: u32,
    /// How long a signing key signs.
    pub rotate_every: TimeDelta,
    /// How long a key is in the JWKS before it signs, so that caches know it.
    pub publish_ahead: TimeDelta,
    /// How long a key stays in the JWKS after its last signature.
    pub keep_after: TimeDelta,
}

/// The source of the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// `KEYSTILE_MASTER_KEY`, already validated.
    Env(Secret),
    File(PathBuf),
    /// `{data_dir}/master.key`, created at the first start.
    DataDir,
}

/// The branding of the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    /// Prefix of API keys and tokens.
    pub token_prefix: String,
    /// Prefix of this server's own headers, as in `Keystile-Required-Scopes`.
    pub header: String,
    pub cli_name: String,
    /// The command that a person runs to sign in.
    pub login_command: String,
    /// The deployment's own help page.
    pub help_url: Option<String>,
    pub status_url: Option<String>,
    pub support_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub access: TimeDelta,
    /// Lifetime of an authorization code.
    pub code: TimeDelta,
    /// Lifetime of an authorization request that was opened.
    pub request: TimeDelta,
    /// Lifetime of a pushed authorization request until it is opened.
    pub pushed_request: TimeDelta,
    /// Lifetime of a device authorization request.
    pub device_request: TimeDelta,
    /// How long the previous refresh token is accepted after a rotation; zero means never.
    pub refresh_grace: TimeDelta,
    /// Idle timeout of a CLI session.
    pub session_idle: TimeDelta,
    /// Maximum lifetime of a CLI session.
    pub session_max: TimeDelta,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Idle timeout of a web session.
    pub session_idle: TimeDelta,
    /// Maximum lifetime of a web session.
    pub session_max: TimeDelta,
    /// A consent requires the password again if it was last entered longer ago than this.
    pub reauthenticate_after: TimeDelta,
    /// Minimum length of a password in characters.
    pub password_min: usize,
    /// Passwords hashed in parallel; each takes 19 MiB.
    pub max_parallel_hashes: usize,
}

/// Defaults for organizations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Organizations {
    pub device_flow: DeviceFlow,
    /// Whether codes may be copied from a page into a terminal.
    pub copy_code: bool,
    /// Whether an API key may be unrestricted.
    pub unrestricted_keys: bool,
    /// Maximum lifetime of an API key; zero means unlimited.
    pub key_max: TimeDelta,
    pub personal_token_creators: TokenCreators,
    /// Maximum lifetime of a personal token; zero means unlimited.
    pub personal_token_max: TimeDelta,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins started per minute and client address.
    pub sign_ins_per_minute: i32,
    /// Management API requests per minute and credential.
    pub api_requests_per_minute: i32,
}

/// Sessions, personal tokens and API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// How long a credential is kept after its end.
    pub keep_ended: TimeDelta,
}

/// What is recorded of uses of credentials. Audit events are always recorded, and kept forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// Whether individual uses are recorded, and not only the last use of each credential.
    pub log_uses: bool,
    /// Denied uses per credential and minute that are recorded in detail.
    pub denied_uses_per_minute: u32,
    /// How long individual uses are kept.
    pub keep_uses: TimeDelta,
    /// How long daily counts are kept.
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
