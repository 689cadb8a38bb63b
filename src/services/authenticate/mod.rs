//! Authentication with a credential, against the current state of the database.
//!
//! A signature or a row tells what was true when a credential was issued. Whether it is still active, its
//! owner's role and the organization's policy are read at every use.

mod session;
mod static_secret;

pub use session::{check_access, check_refresh};

use std::net::IpAddr;

use super::auth_error::AuthError;
use super::bounds::Bounds;
use super::refusal::ServiceRefusal;
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::credential::CredentialKind;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Digest;
use crate::domain::static_secret::Mode;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::domain::usage::CredentialRef;
use crate::keys::jwt::AccessClaims;
use crate::store::batched::credential_holders::HeldCredential;
use crate::store::organizations::Organization;
use crate::store::service_accounts::ServiceAccount;
use crate::store::users::User;
use crate::store::{Conn, TxError};

/// A well-formed credential.
#[derive(Debug)]
pub enum PresentedToken {
    /// An access token with a valid signature, from a CLI session or from the exchange of a key or personal
    /// token.
    Access(AccessClaims),
    /// Digest of an API key or personal token with a valid checksum.
    Static(Digest),
}

/// Accepted audiences of access tokens. Keys and personal tokens have no audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// This server.
    Issuer,
    /// The resource with this id, as it is configured.
    Resource(String),
    /// Any audience that this server issues tokens for.
    Any,
}

impl Audience {
    fn accepts(&self, config: &Config, aud: &str) -> bool {
        let is_issuer = aud == config.server.public_url.as_str();
        match self {
            Self::Issuer => is_issuer,
            Self::Resource(id) => aud == id,
            Self::Any => is_issuer || config.resources.iter().any(|resource| resource.id == aud),
        }
    }
}

/// The authenticated subject, its credential, and its effective scopes right now.
#[derive(Debug, Clone)]
pub struct Principal {
    pub credential: CredentialInfo,
    pub subject: Subject,
    pub organization: Organization,
    /// The role of the subject, today.
    pub role: String,
    /// The client of a CLI session; `None` for keys and personal tokens.
    pub client: Option<Client>,
    /// Granted ∩ role ∩ organization ∩ client.
    pub scopes: ScopeSet,
}

/// The presented credential, of any kind.
#[derive(Debug, Clone)]
pub struct CredentialInfo {
    pub id: String,
    pub kind: CredentialKind,
    /// `None` unless it is an API key.
    pub mode: Option<Mode>,
    /// Whether it has an address allowlist.
    pub bound_to_addresses: bool,
    pub name: String,
    pub created_at: Time,
    pub ends_at: Option<Time>,
    pub last_used_at: Option<Time>,
}

/// On whose behalf a credential acts.
#[derive(Debug, Clone)]
pub enum Subject {
    User(User),
    ServiceAccount(ServiceAccount),
}

impl Subject {
    pub fn id(&self) -> SubjectId {
        match self {
            Self::User(user) => SubjectId::User(user.id.clone()),
            Self::ServiceAccount(account) => SubjectId::ServiceAccount(account.id.clone()),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => &user.name,
            Self::ServiceAccount(account) => &account.name,
        }
    }

    pub fn user(&self) -> Option<&User> {
        match self {
            Self::User(user) => Some(user),
            Self::ServiceAccount(_) => None,
        }
    }
}

/// What a rechecked credential may do.
pub struct RecheckedCredential {
    pub scopes: ScopeSet,
    pub bounds: Bounds,
}

/// Rechecks an authenticated credential inside the transaction of the change. `role` is its owner's role.
pub fn recheck(
    conn: &mut Conn,
    config: &Config,
    organization: &Organization,
    role: &str,
    credential: (CredentialKind, &str),
    now: Time,
) -> Result<RecheckedCredential, TxError<ServiceRefusal>> {
    let left = match credential {
        (CredentialKind::CliSession, id) => session::recheck(conn, config, organization, id, now)
            .map(|scopes| RecheckedCredential { scopes, bounds: Bounds::default() }),
        (CredentialKind::ApiKey | CredentialKind::PersonalToken, _) => {
            let policy = organization.key_policy(&config.organizations);
            static_secret::recheck(conn, config, organization, role, credential, now).map(|credential| {
                RecheckedCredential {
                    scopes: policy.effective_scopes(&credential.granted, &config.catalog, role),
                    bounds: Bounds::of(&credential),
                }
            })
        }
    };
    left.map_err(|error| error.map(ServiceRefusal::Credential))
}

/// Result of checking a credential.
#[derive(Debug)]
pub struct CheckResult {
    /// The presented credential, accepted or not. `None` if this server did not issue it.
    pub credential: Option<CredentialRef>,
    pub verdict: Result<Principal, AuthError>,
}

/// Evaluates the result of a lookup by secret.
pub fn check_static(
    config: &Config,
    found: Option<HeldCredential>,
    address: Option<IpAddr>,
    now: Time,
) -> CheckResult {
    match found {
        Some(held) => static_secret::check(config, held, address, now),
        None => CheckResult { credential: None, verdict: Err(AuthError::Invalid) },
    }
}
