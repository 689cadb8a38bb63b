//! API keys and personal tokens: the credentials whose secret does not change.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::ended_credentials::not_expired;
use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::query::Locked;
use super::engine::schema::{credentials, more_of_credentials, removed_credentials};
use crate::domain::allowed_addresses::AllowedAddresses;
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::granted_scopes::GrantedScopes;
use crate::domain::secret::Digest;
use crate::domain::static_secret::{Mode, StaticKind};
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = credentials)]
pub(in crate::store) struct Row {
    id: String,
    kind: CredentialKind,
    mode: Option<Mode>,
    org_id: String,
    user_id: Option<String>,
    service_account_id: Option<String>,
    created_by_user: Option<String>,
    created_by_service_account: Option<String>,
    name: String,
    scopes: String,
    unrestricted: bool,
    pub(in crate::store) secret_hash: Option<Digest>,
    display_prefix: Option<String>,
    last_four: Option<String>,
    allowed_addresses: Option<String>,
    created_at: Time,
    created_ip: Option<String>,
    ends_at: Option<Time>,
    last_used_at: Option<Time>,
    last_used_ip: Option<String>,
    revoked_at: Option<Time>,
    revoked_reason: Option<EndReason>,
    replaced_by: Option<String>,
}

/// An API key or a personal token.
#[derive(Debug, Clone)]
pub struct StaticCredential {
    pub id: String,
    pub kind: StaticKind,
    pub org_id: String,
    /// The subject whose role limits it: the user who created it, or the service account it was created for.
    pub owner: SubjectId,
    pub created_by: SubjectId,
    pub name: String,
    pub granted: GrantedScopes,
    pub digest: Digest,
    pub display_prefix: String,
    pub last_four: String,
    /// `None`: any address.
    pub allowed_addresses: Option<AllowedAddresses>,
    pub created_at: Time,
    pub created_ip: Option<String>,
    pub ends_at: Option<Time>,
    pub last_used_at: Option<Time>,
    pub last_used_ip: Option<String>,
    pub revoked_at: Option<Time>,
    pub revoked_reason: Option<EndReason>,
    /// Id of the key that replaced it in a rotation.
    pub replaced_by: Option<String>,
}

impl StaticCredential {
    pub fn has_ended(&self, now: Time) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }
}

impl TryFrom<Row> for StaticCredential {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = row.id.clone();
        let damaged = |what: &str| StoreError::Failed(format!("credential {id}: {what} cannot be read"));
        let kind = match (row.kind, row.mode) {
            (CredentialKind::ApiKey, Some(mode)) => StaticKind::ApiKey(mode),
            (CredentialKind::PersonalToken, None) => StaticKind::PersonalToken,
            _ => return Err(damaged("kind")),
        };
        let subject = |user: Option<String>, service_account: Option<String>| match (user, service_account) {
            (Some(id), None) => Some(SubjectId::User(id)),
            (None, Some(id)) => Some(SubjectId::ServiceAccount(id)),
            (Some(_), Some(_)) | (None, None) => None,
        };
        let addresses = row.allowed_addresses.as_deref().map(|text| AllowedAddresses::parse(text.split(' ')));
        Ok(Self {
            kind,
            owner: subject(row.user_id, row.service_account_id).ok_or_else(|| damaged("owner"))?,
            created_by: subject(row.created_by_user, row.created_by_service_account)
                .ok_or_else(|| damaged("created_by"))?,
            granted: GrantedScopes::from_stored(row.unrestricted, &row.scopes)
                .map_err(|_| damaged("scopes"))?,
            digest: row.secret_hash.ok_or_else(|| damaged("secret_hash"))?,
            display_prefix: row.display_prefix.ok_or_else(|| damaged("display_prefix"))?,
            last_four: row.last_four.ok_or_else(|| damaged("last_four"))?,
            allowed_addresses: addresses.transpose().map_err(|_| damaged("allowed_addresses"))?,
            id: row.id,
            org_id: row.org_id,
            name: row.name,
            created_at: row.created_at,
            created_ip: row.created_ip,
            ends_at: row.ends_at,
            last_used_at: row.last_used_at,
            last_used_ip: row.last_used_ip,
            revoked_at: row.revoked_at,
            revoked_reason: row.revoked_reason,
            replaced_by: row.replaced_by,
        })
    }
}

/// The values of the two columns of a subject: user id, service account id.
fn columns(subject: &SubjectId) -> (Option<String>, Option<String>) {
    match subject {
        SubjectId::User(id) => (Some(id.clone()), None),
        SubjectId::ServiceAccount(id) => (None, Some(id.clone())),
    }
}

pub fn insert(conn: &mut Conn, credential: &StaticCredential) -> Result<(), StoreError> {
    let (user_id, service_account_id) = columns(&credential.owner);
    let (created_by_user, created_by_service_account) = columns(&credential.created_by);
    let row = Row {
        id: credential.id.clone(),
        kind: credential.kind.credential_kind(),
        mode: credential.kind.mode(),
        org_id: credential.org_id.clone(),
        user_id,
        service_account_id,
        created_by_user,
        created_by_service_account,
        name: credential.name.clone(),
        scopes: credential.granted.named().to_string(),
        unrestricted: credential.granted.is_unrestricted(),
        secret_hash: Some(credential.digest),
        display_prefix: Some(credential.display_prefix.clone()),
        last_four: Some(credential.last_four.clone()),
        allowed_addresses: credential.allowed_addresses.as_ref().map(ToString::to_string),
        created_at: credential.created_at,
        created_ip: credential.created_ip.clone(),
        ends_at: credential.ends_at,
        last_used_at: credential.last_used_at,
        last_used_ip: credential.last_used_ip.clone(),
        revoked_at: credential.revoked_at,
        revoked_reason: credential.revoked_reason,
        replaced_by: credential.replaced_by.clone(),
    };
    diesel::insert_into(credentials::table).values(&row).execute(conn)?;
    Ok(())
}

/// The modes of the API keys among these credentials, including removed ones.
pub fn modes(conn: &mut Conn, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, Mode>, StoreError> {
    let found: Vec<(String, Option<Mode>)> = credentials::table
        .filter(credentials::id.eq_any(ids))
        .select((credentials::id, credentials::mode))
        .load(conn)?;
    let removed: Vec<(String, Option<Mode>)> = removed_credentials::table
        .filter(removed_credentials::id.eq_any(ids))
        .select((removed_credentials::id, removed_credentials::mode))
        .load(conn)?;
    Ok(found.into_iter().chain(removed).filter_map(|(id, mode)| Some((id, mode?))).collect())
}

/// The credential with this secret digest.
pub fn by_secret(conn: &mut Conn, digest: Digest) -> Result<Option<StaticCredential>, StoreError> {
    let row: Option<Row> = credentials::table
        .filter(credentials::secret_hash.eq(digest))
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    // The index compares in variable time; this comparison is constant-time.
    let found = row.filter(|row| row.secret_hash == Some(digest));
    found.map(StaticCredential::try_from).transpose()
}

/// A credential of an organization, locked until the end of the transaction.
pub fn lock(
    conn: &mut Conn,
    org_id: &str,
    kind: CredentialKind,
    id: &str,
) -> Result<Option<StaticCredential>, StoreError> {
    let query = credentials::table
        .filter(credentials::id.eq(id))
        .filter(credentials::org_id.eq(org_id).and(credentials::kind.eq(kind)))
        .select(Row::as_select());
    let row: Option<Row> = Locked(query).get_result(conn).optional()?;
    row.map(StaticCredential::try_from).transpose()
}

/// Like [`lock`], without locking.
pub fn find(
    conn: &mut Conn,
    org_id: &str,
    kind: CredentialKind,
    id: &str,
) -> Result<Option<StaticCredential>, StoreError> {
    let row: Option<Row> = credentials::table
        .filter(credentials::id.eq(id))
        .filter(credentials::org_id.eq(org_id).and(credentials::kind.eq(kind)))
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    row.map(StaticCredential::try_from).transpose()
}

/// Filter by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusFilter {
    Any,
    /// Not ended at this time.
    Active(Time),
    Ended(Time),
}

/// Selects one page of a list, newest first.
#[derive(Debug, Clone, Copy)]
pub struct PageQuery<'a> {
    pub status: StatusFilter,
    /// Position (creation time, id) where the previous page ended.
    pub after: Option<&'a (Time, String)>,
    pub limit: i64,
}

/// One page of an organization's credentials of a kind. `owner` limits it to one subject.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    kind: CredentialKind,
    owner: Option<&SubjectId>,
    part: PageQuery<'_>,
) -> Result<Vec<StaticCredential>, StoreError> {
    let mut query = credentials::table
        .filter(credentials::org_id.eq(org_id).and(credentials::kind.eq(kind)))
        .order((credentials::created_at.desc(), credentials::id.desc()))
        .limit(part.limit)
        .select(Row::as_select())
        .into_boxed();
    query = match owner {
        None => query,
        Some(SubjectId::User(id)) => query.filter(credentials::user_id.eq(id)),
        Some(SubjectId::ServiceAccount(id)) => query.filter(credentials::service_account_id.eq(id)),
    };
    // The condition of the indexes by person and by organization. Active credentials have indexes of their own.
    let has_secret = credentials::secret_hash.is_not_null();
    query = match part.status {
        StatusFilter::Any => query.filter(has_secret),
        StatusFilter::Active(now) => query
            .filter(credentials::revoked_at.is_null())
            .filter(not_expired())
            .filter(credentials::ends_at.is_null().or(credentials::ends_at.gt(now))),
        StatusFilter::Ended(now) => query
            .filter(has_secret)
            .filter(credentials::revoked_at.is_not_null().or(credentials::ends_at.le(now))),
    };
    if let Some((at, id)) = part.after {
        query = query.filter(keyset::before!("created_at, id", Moment: *at, Text: id));
    }
    let rows: Vec<Row> = query.load(conn)?;
    rows.into_iter().map(StaticCredential::try_from).collect()
}

/// Number of an organization's active credentials of a kind. `owner` limits it to one subject.
pub fn count_active(
    conn: &mut Conn,
    org_id: &str,
    kind: CredentialKind,
    owner: Option<&SubjectId>,
    now: Time,
) -> Result<i64, StoreError> {
    let mut query = credentials::table
        .filter(credentials::org_id.eq(org_id).and(credentials::kind.eq(kind)))
        .filter(credentials::revoked_at.is_null())
        .filter(not_expired())
        .filter(credentials::ends_at.is_null().or(credentials::ends_at.gt(now)))
        .select(count_star())
        .into_boxed();
    query = match owner {
        None => query,
        Some(SubjectId::User(id)) => query.filter(credentials::user_id.eq(id)),
        Some(SubjectId::ServiceAccount(id)) => query.filter(credentials::service_account_id.eq(id)),
    };
    Ok(query.get_result(conn)?)
}

/// Active keys of a service account, newest first, after the position where the previous part ended. Does not use the hint
/// of the sweep, so that no working key is missed.
pub fn active_of_account(
    conn: &mut Conn,
    org_id: &str,
    service_account_id: &str,
    now: Time,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<StaticCredential>, StoreError> {
    let mut query = credentials::table
        .filter(credentials::service_account_id.eq(service_account_id))
        .filter(credentials::kind.eq(CredentialKind::ApiKey).and(credentials::org_id.eq(org_id)))
        .filter(credentials::revoked_at.is_null())
        .filter(credentials::ends_at.is_null().or(credentials::ends_at.gt(now)))
        .order((credentials::created_at.desc(), credentials::id.desc()))
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(keyset::before!("created_at, id", Moment: *at, Text: id));
    }
    let rows: Vec<Row> = query.load(conn)?;
    rows.into_iter().map(StaticCredential::try_from).collect()
}

pub fn set_granted(conn: &mut Conn, id: &str, granted: &GrantedScopes) -> Result<(), StoreError> {
    diesel::update(credentials::table.find(id))
        .set((
            credentials::scopes.eq(granted.named().to_string()),
            credentials::unrestricted.eq(granted.is_unrestricted()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Records which key replaced it and when its overlap ends. Resets `due_at`, because the new end is earlier than the
/// one that the sweep has recorded.
pub fn set_replaced(conn: &mut Conn, id: &str, by: &str, ends_at: Option<Time>) -> Result<(), StoreError> {
    diesel::update(credentials::table.find(id))
        .set((credentials::replaced_by.eq(by), credentials::ends_at.eq(ends_at)))
        .execute(conn)?;
    diesel::update(more_of_credentials::table.find(id))
        .set(more_of_credentials::due_at.eq(None::<Time>))
        .execute(conn)?;
    Ok(())
}
