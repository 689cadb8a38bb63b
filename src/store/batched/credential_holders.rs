//! API keys and personal tokens with their current holder.

use diesel::prelude::*;

use super::super::engine::conn::Conn;
use super::super::engine::error::StoreError;
use super::super::engine::schema::{credentials, memberships, organizations, service_accounts, users};
use super::super::memberships::ActiveMember;
use super::super::organizations::Organization;
use super::super::service_accounts::ServiceAccount;
use super::super::static_credentials::{Row, StaticCredential};
use super::super::users::User;
use crate::domain::credential::CredentialKind;
use crate::domain::secret::Digest;

/// An API key or personal token, and its holder.
#[derive(Debug, Clone)]
pub struct HeldCredential {
    pub credential: StaticCredential,
    /// `None` if the organization, the user or the service account is disabled, or the user is no longer a
    /// member.
    pub holder: Option<Holder>,
}

/// The user or service account that a key or token acts as.
#[derive(Debug, Clone)]
pub enum Holder {
    Person(ActiveMember),
    Program(Organization, ServiceAccount),
}

/// A row of the query.
type HolderRow = (Row, Organization, Option<User>, Option<String>, Option<ServiceAccount>);

impl TryFrom<HolderRow> for HeldCredential {
    type Error = StoreError;

    fn try_from((row, organization, user, role, account): HolderRow) -> Result<Self, StoreError> {
        let user = user.filter(|user| user.disabled_at.is_none());
        let account = account.filter(|account| account.disabled_at.is_none());
        let holder = match (user.zip(role), account) {
            _ if organization.disabled_at.is_some() => None,
            (Some((user, role)), None) => Some(Holder::Person(ActiveMember { organization, user, role })),
            (None, Some(account)) => Some(Holder::Program(organization, account)),
            // The second case is rejected by the conversion of the credential.
            (None, None) | (Some(_), Some(_)) => None,
        };
        Ok(Self { credential: row.try_into()?, holder })
    }
}

/// Joins credentials with everything that a holder consists of. A macro, because the query has a different type for
/// each engine and for the multi-engine connection.
macro_rules! with_holders {
    ($condition:expr) => {
        credentials::table
            .inner_join(organizations::table)
            .left_join(users::table)
            .left_join(
                memberships::table.on(memberships::org_id
                    .eq(credentials::org_id)
                    .and(memberships::user_id.nullable().eq(credentials::user_id))),
            )
            .left_join(
                service_accounts::table.on(service_accounts::id
                    .nullable()
                    .eq(credentials::service_account_id)
                    .and(service_accounts::org_id.eq(credentials::org_id))),
            )
            .filter($condition)
            .select((
                Row::as_select(),
                Organization::as_select(),
                Option::<User>::as_select(),
                memberships::role.nullable(),
                Option::<ServiceAccount>::as_select(),
            ))
    };
}

/// Finds an API key or personal token by id; `None` also for a CLI session.
pub fn by_id(conn: &mut Conn, id: &str) -> Result<Option<HeldCredential>, StoreError> {
    let query = with_holders!(credentials::id.eq(id).and(credentials::kind.ne(CredentialKind::CliSession)));
    query.get_result::<HolderRow>(conn).optional()?.map(HeldCredential::try_from).transpose()
}

/// A found secret, with its credential.
pub(in crate::store) type SecretLookup = (Digest, Result<HeldCredential, StoreError>);

/// Finds API keys and personal tokens by secret digest. A damaged row fails alone.
pub(in crate::store) fn by_secrets(
    conn: &mut Conn,
    secrets: &[Digest],
) -> Result<Vec<SecretLookup>, StoreError> {
    let found: Vec<HolderRow> = match conn {
        Conn::Postgres(conn) => with_holders!(credentials::secret_hash.eq_any(secrets)).load(conn)?,
        Conn::Sqlite(conn) => conn.transaction(|conn| {
            let one = |secret: &Digest| {
                with_holders!(credentials::secret_hash.eq(secret)).get_result(conn).optional()
            };
            secrets.iter().map(one).filter_map(Result::transpose).collect::<QueryResult<_>>()
        })?,
    };
    let of_secret = |found: HolderRow| Some((found.0.secret_hash?, found.try_into()));
    Ok(found.into_iter().filter_map(of_secret).collect())
}
