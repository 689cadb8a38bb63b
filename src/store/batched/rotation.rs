//! Rotation of CLI sessions: the state that a refresh is decided on, and the statement that rotates.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::super::credentials as credential_rows;
use super::super::engine::codec::Moment;
use super::super::engine::conn::Conn;
use super::super::engine::error::StoreError;
use super::super::engine::schema::{clients, credentials, memberships, organizations, users};
use super::super::work::Work;
use crate::domain::credential::{EndReason, is_active};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// A CLI session and everything needed to decide whether it may be refreshed.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = credentials)]
pub struct StoredSession {
    pub id: String,
    pub org_id: String,
    pub user_id: Option<String>,
    pub client_id: Option<String>,
    pub scopes: String,
    pub seed: Option<Vec<u8>>,
    pub generation: i64,
    pub rotated_at: Option<Time>,
    pub idle_ends_at: Option<Time>,
    pub ends_at: Option<Time>,
    pub auth_time: Option<Time>,
    pub created_at: Time,
    pub revoked_at: Option<Time>,
    pub revoked_reason: Option<EndReason>,
    /// `None` if the client is disabled.
    #[diesel(select_expression = clients::version.nullable())]
    pub client_version: Option<i64>,
    #[diesel(select_expression = organizations::name)]
    pub organization: String,
    #[diesel(select_expression = organizations::personal_tokens)]
    pub personal_tokens: bool,
    #[diesel(select_expression = organizations::disabled_at)]
    pub organization_disabled_at: Option<Time>,
    /// `None` if the owner is not a member.
    #[diesel(select_expression = memberships::role.nullable())]
    pub role: Option<String>,
    #[diesel(select_expression = users::disabled_at.nullable())]
    pub owner_disabled_at: Option<Time>,
}

impl StoredSession {
    /// Whether it has neither expired nor been revoked.
    pub fn is_active(&self, now: Time) -> bool {
        is_active(self.revoked_at, &[self.idle_ends_at, self.ends_at], now)
    }
}

/// An active session, with its owner's current role.
#[derive(Clone)]
pub struct ActiveSession {
    pub id: String,
    pub org_id: String,
    pub user_id: String,
    pub scopes: String,
    pub seed: Vec<u8>,
    pub generation: i64,
    pub idle_ends_at: Time,
    pub ends_at: Time,
    pub auth_time: Time,
    pub role: String,
}

impl ActiveSession {
    /// The session after this rotation.
    #[must_use]
    pub fn rotated(self, rotation: &Rotation) -> Self {
        Self { generation: rotation.generation + 1, idle_ends_at: rotation.idle_ends_at, ..self }
    }
}

/// A request to advance a session by one generation.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub id: String,
    /// The generation of the presented refresh token.
    pub generation: i64,
    /// The version of the client at its authentication.
    pub client_version: i64,
    /// When the session expires if it is not used again.
    pub idle_ends_at: Time,
    pub ip: Option<String>,
    /// The installation that refreshes; `None` if its tool does not identify it.
    pub installation: Option<Digest>,
}

/// Reads sessions by id, without locking.
pub(in crate::store) fn find_all(conn: &mut Conn, ids: &[&str]) -> Result<Vec<StoredSession>, StoreError> {
    let all = credentials::table
        .inner_join(organizations::table.on(organizations::id.eq(credentials::org_id)))
        .left_join(
            clients::table
                .on(clients::id.nullable().eq(credentials::client_id).and(clients::disabled_at.is_null())),
        )
        .left_join(
            memberships::table.on(memberships::org_id
                .eq(credentials::org_id)
                .and(memberships::user_id.nullable().eq(credentials::user_id))),
        )
        .left_join(users::table.on(users::id.nullable().eq(credentials::user_id)));
    match conn {
        Conn::Postgres(conn) => {
            Ok(all.filter(credentials::id.eq_any(ids)).select(StoredSession::as_select()).load(conn)?)
        }
        Conn::Sqlite(conn) => {
            let one = |id: &&str| {
                all.filter(credentials::id.eq(*id))
                    .select(StoredSession::as_select())
                    .get_result(conn)
                    .optional()
            };
            Ok(ids.iter().map(one).filter_map(Result::transpose).collect::<QueryResult<_>>()?)
        }
    }
}

/// Reads a session and locks it until the end of the transaction.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<StoredSession>, StoreError> {
    if matches!(conn, Conn::Postgres(_)) && credential_rows::lock(conn, id)?.is_none() {
        return Ok(None);
    }
    Ok(find_all(conn, &[id])?.pop())
}

/// Rotates sessions that have just been read and decided on, and returns the ids of those it rotated. `wanted` must not
/// contain a session twice.
///
/// Sessions that are no longer at the given generation are skipped. On PostgreSQL, where decision and rotation may be
/// two transactions, it also skips sessions that are locked, and those whose client, organization or owner has changed
/// such that the refresh would be refused. The batch never waits for a lock, so one session does not hold up the
/// others, and there are no deadlocks. On SQLite, both are in one write transaction, and nothing can have changed.
pub fn rotate(conn: &mut Conn, wanted: &[Rotation], now: Time) -> Result<Vec<String>, StoreError> {
    match conn {
        Conn::Postgres(conn) => Ok(Rotate(RotationArrays::of(wanted, now)).load(conn)?),
        Conn::Sqlite(conn) => {
            let one = |wanted| Rotate(SingleRotation { wanted, at: now }).get_result(conn).optional();
            Ok(wanted.iter().map(one).filter_map(Result::transpose).collect::<QueryResult<_>>()?)
        }
    }
}

/// Reads one session and rotates it, if `decide` returns a rotation.
pub(in crate::store) fn rotate_if<T>(
    work: &mut Work<'_>,
    id: &str,
    decide: impl FnOnce(StoredSession, Time) -> Option<(Rotation, T)>,
) -> Result<Option<T>, StoreError> {
    let Some(stored) = find_all(work.conn, &[id])?.pop() else { return Ok(None) };
    let Some((rotation, given)) = decide(stored, work.now) else { return Ok(None) };
    let rotated = rotate(work.conn, &[rotation], work.now)?;
    Ok((!rotated.is_empty()).then_some(given))
}

/// The UPDATE statement; `S` holds its values. Prepared once per connection.
struct Rotate<S>(S);

impl<S> Query for Rotate<S> {
    type SqlType = Text;
}

impl RunQueryDsl<PgConnection> for Rotate<RotationArrays<'_>> {}
impl RunQueryDsl<SqliteConnection> for Rotate<SingleRotation<'_>> {}

/// One rotation.
struct SingleRotation<'a> {
    wanted: &'a Rotation,
    at: Time,
}

impl QueryId for Rotate<SingleRotation<'_>> {
    type QueryId = Rotate<SingleRotation<'static>>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Sqlite> for Rotate<SingleRotation<'_>> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let SingleRotation { wanted, at } = &self.0;
        pass.push_sql("UPDATE credentials SET generation = generation + 1, rotated_at = ");
        pass.push_bind_param::<Moment, _>(at)?;
        pass.push_sql(", idle_ends_at = ");
        pass.push_bind_param::<Moment, _>(&wanted.idle_ends_at)?;
        pass.push_sql(", last_used_at = ");
        pass.push_bind_param::<Moment, _>(at)?;
        pass.push_sql(", last_used_ip = ");
        pass.push_bind_param::<Nullable<Text>, _>(&wanted.ip)?;
        pass.push_sql(", installation_hash = ");
        pass.push_bind_param::<Nullable<Binary>, _>(&wanted.installation)?;
        pass.push_sql(" WHERE id = ");
        pass.push_bind_param::<Text, _>(&wanted.id)?;
        pass.push_sql(" AND generation = ");
        pass.push_bind_param::<BigInt, _>(&wanted.generation)?;
        pass.push_sql(" AND revoked_at IS NULL RETURNING id");
        Ok(())
    }
}

/// Several rotations as one array per column.
struct RotationArrays<'a> {
    ids: Vec<&'a str>,
    generations: Vec<i64>,
    client_versions: Vec<i64>,
    ips: Vec<Option<&'a str>>,
    installations: Vec<Option<Digest>>,
    idle_ends_at: Vec<Time>,
    at: Time,
}

impl<'a> RotationArrays<'a> {
    fn of(wanted: &'a [Rotation], at: Time) -> Self {
        Self {
            ids: wanted.iter().map(|wanted| wanted.id.as_str()).collect(),
            generations: wanted.iter().map(|wanted| wanted.generation).collect(),
            client_versions: wanted.iter().map(|wanted| wanted.client_version).collect(),
            ips: wanted.iter().map(|wanted| wanted.ip.as_deref()).collect(),
            installations: wanted.iter().map(|wanted| wanted.installation).collect(),
            idle_ends_at: wanted.iter().map(|wanted| wanted.idle_ends_at).collect(),
            at,
        }
    }
}

impl QueryId for Rotate<RotationArrays<'_>> {
    type QueryId = Rotate<RotationArrays<'static>>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Rotate<RotationArrays<'_>> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let RotationArrays { ids, generations, client_versions, ips, installations, idle_ends_at, at } =
            &self.0;
        pass.push_sql(
            "UPDATE credentials SET \
                generation = credentials.generation + 1, \
                rotated_at = wanted.at, \
                idle_ends_at = wanted.idle_ends_at, \
                last_used_at = wanted.at, \
                last_used_ip = wanted.ip, \
                installation_hash = wanted.installation \
            FROM (SELECT listed.*, ",
        );
        pass.push_bind_param::<Moment, _>(at)?;
        pass.push_sql(" AS at FROM unnest(");
        pass.push_bind_param::<Array<Text>, _>(ids)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<BigInt>, _>(generations)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<BigInt>, _>(client_versions)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<Text>>, _>(ips)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<Binary>>, _>(installations)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Moment>, _>(idle_ends_at)?;
        pass.push_sql(
            ") AS listed (id, generation, client_version, ip, installation, idle_ends_at) \
            JOIN credentials AS free ON free.id = listed.id FOR NO KEY UPDATE OF free SKIP LOCKED) \
            AS wanted, clients, organizations, memberships, users \
            WHERE credentials.id = wanted.id \
                AND credentials.generation = wanted.generation \
                AND credentials.revoked_at IS NULL \
                AND clients.id = credentials.client_id \
                AND clients.version = wanted.client_version \
                AND clients.disabled_at IS NULL \
                AND organizations.id = credentials.org_id \
                AND organizations.personal_tokens \
                AND organizations.disabled_at IS NULL \
                AND memberships.org_id = credentials.org_id \
                AND memberships.user_id = credentials.user_id \
                AND users.id = credentials.user_id \
                AND users.disabled_at IS NULL \
            RETURNING credentials.id",
        );
        Ok(())
    }
}
