//! The rotation of CLI sessions: the one statement that a refresh comes down to.
//!
//! The statement is the same on both engines but for where it takes its wishes from: PostgreSQL rotates everything
//! that waits at once, out of arrays; SQLite, where a statement costs no way to a server, takes one at a time.

use chrono::TimeDelta;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::super::credentials::Credential;
use super::super::engine::codec::Moment;
use super::super::engine::conn::Conn;
use super::super::engine::error::StoreError;
use super::super::engine::schema::credentials;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// A wish to move a session from one generation to the next.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub id: String,
    /// The generation that was presented.
    pub generation: i64,
    /// The client that presents it, and the version of it that authenticated: another client's session does not rotate,
    /// and neither does one whose client has changed since.
    pub client_id: String,
    pub client_version: i64,
    /// How long the session lives on without use.
    pub idle: TimeDelta,
    pub ip: Option<String>,
    /// The installation that asks, when its tool says which.
    pub installation: Option<Digest>,
}

/// What a token and a requested scope are checked against before anything rotates. It never changes.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = credentials)]
pub struct Sealed {
    id: String,
    pub seed: Option<Vec<u8>>,
    pub scopes: String,
}

/// A session that lives, with the role that its owner has right now.
#[derive(Clone, Queryable)]
pub struct LiveSession {
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

impl LiveSession {
    /// Nothing if the credential is not a CLI session with all that one has.
    pub fn of(credential: Credential, role: String) -> Option<Self> {
        Some(Self {
            id: credential.id,
            org_id: credential.org_id,
            user_id: credential.user_id?,
            scopes: credential.scopes,
            seed: credential.seed?,
            generation: credential.generation,
            idle_ends_at: credential.idle_ends_at?,
            ends_at: credential.ends_at?,
            auth_time: credential.auth_time.unwrap_or(credential.created_at),
            role,
        })
    }
}

/// Reads what the tokens of these sessions are checked against.
pub(in crate::store) fn sealed(conn: &mut Conn, ids: &[&str]) -> Result<Vec<Sealed>, StoreError> {
    match conn {
        Conn::Postgres(conn) => {
            let named = credentials::table.filter(credentials::id.eq_any(ids));
            Ok(named.select(Sealed::as_select()).load(conn)?)
        }
        Conn::Sqlite(conn) => {
            let one = |id: &&str| {
                credentials::table.find(*id).select(Sealed::as_select()).get_result(conn).optional()
            };
            Ok(ids.iter().map(one).filter_map(Result::transpose).collect::<QueryResult<_>>()?)
        }
    }
}

impl Sealed {
    pub(in crate::store) fn id(&self) -> &str {
        &self.id
    }
}

/// Rotates sessions, except those that somebody else is just changing on PostgreSQL: one of them must not hold up all
/// others, and whoever waits for none cannot wait in a circle. Only the holder of the current generation of a living
/// session, whose owner is still a member and whose organization allows personal tokens, gets it back. Everything else
/// stays as it is. No session may be there twice.
pub fn rotate(conn: &mut Conn, wanted: &[Rotation], now: Time) -> Result<Vec<LiveSession>, StoreError> {
    match conn {
        Conn::Postgres(conn) => Ok(Rotate(Arrays::of(wanted, now)).load(conn)?),
        Conn::Sqlite(conn) => {
            let one = |wanted| Rotate(One::of(wanted, now)).get_result(conn).optional();
            Ok(wanted.iter().map(one).filter_map(Result::transpose).collect::<QueryResult<_>>()?)
        }
    }
}

/// The same for one session, if the token that was presented belongs to it.
pub(in crate::store) fn rotate_if(
    conn: &mut Conn,
    wanted: &Rotation,
    now: Time,
    belongs: impl FnOnce(&Sealed) -> bool,
) -> Result<Option<LiveSession>, StoreError> {
    if !sealed(conn, &[&wanted.id])?.pop().is_some_and(|sealed| belongs(&sealed)) {
        return Ok(None);
    }
    Ok(rotate(conn, std::slice::from_ref(wanted), now)?.pop())
}

const BEFORE: &str = "\
    UPDATE credentials SET \
        generation = credentials.generation + 1, \
        rotated_at = wanted.at, \
        idle_ends_at = CASE WHEN credentials.ends_at < wanted.idle_ends_at \
            THEN credentials.ends_at ELSE wanted.idle_ends_at END, \
        last_used_at = wanted.at, \
        last_used_ip = wanted.ip, \
        installation_hash = wanted.installation \
    FROM ";

const BEHIND: &str = " AS wanted, clients, organizations, memberships, users \
    WHERE credentials.id = wanted.id \
        AND credentials.generation = wanted.generation \
        AND credentials.client_id = wanted.client_id \
        AND credentials.revoked_at IS NULL \
        AND credentials.idle_ends_at > wanted.at \
        AND credentials.ends_at > wanted.at \
        AND credentials.seed IS NOT NULL \
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
    RETURNING credentials.id, credentials.org_id, credentials.user_id, credentials.scopes, credentials.seed, \
        credentials.generation, credentials.idle_ends_at, credentials.ends_at, \
        COALESCE(credentials.auth_time, credentials.created_at), \
        (SELECT role FROM memberships WHERE org_id = credentials.org_id AND user_id = credentials.user_id)";

/// The statement, with the source of its wishes. Prepared once a connection.
struct Rotate<S>(S);

impl<S> Query for Rotate<S> {
    type SqlType = (Text, Text, Text, Text, Binary, BigInt, Moment, Moment, Moment, Text);
}

impl RunQueryDsl<PgConnection> for Rotate<Arrays<'_>> {}
impl RunQueryDsl<SqliteConnection> for Rotate<One<'_>> {}

/// One wish.
struct One<'a> {
    wanted: &'a Rotation,
    at: Time,
    idle_ends_at: Time,
}

impl<'a> One<'a> {
    fn of(wanted: &'a Rotation, at: Time) -> Self {
        Self { wanted, at, idle_ends_at: at + wanted.idle }
    }
}

impl QueryId for Rotate<One<'_>> {
    type QueryId = Rotate<One<'static>>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Sqlite> for Rotate<One<'_>> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let One { wanted, at, idle_ends_at } = &self.0;
        pass.push_sql(BEFORE);
        pass.push_sql("(SELECT ");
        pass.push_bind_param::<Text, _>(&wanted.id)?;
        pass.push_sql(" AS id, ");
        pass.push_bind_param::<BigInt, _>(&wanted.generation)?;
        pass.push_sql(" AS generation, ");
        pass.push_bind_param::<Text, _>(&wanted.client_id)?;
        pass.push_sql(" AS client_id, ");
        pass.push_bind_param::<BigInt, _>(&wanted.client_version)?;
        pass.push_sql(" AS client_version, ");
        pass.push_bind_param::<Nullable<Text>, _>(&wanted.ip)?;
        pass.push_sql(" AS ip, ");
        pass.push_bind_param::<Nullable<Binary>, _>(&wanted.installation)?;
        pass.push_sql(" AS installation, ");
        pass.push_bind_param::<Moment, _>(at)?;
        pass.push_sql(" AS at, ");
        pass.push_bind_param::<Moment, _>(idle_ends_at)?;
        pass.push_sql(" AS idle_ends_at)");
        pass.push_sql(BEHIND);
        Ok(())
    }
}

/// Many wishes, column by column.
struct Arrays<'a> {
    ids: Vec<&'a str>,
    generations: Vec<i64>,
    client_ids: Vec<&'a str>,
    client_versions: Vec<i64>,
    ips: Vec<Option<&'a str>>,
    installations: Vec<Option<Digest>>,
    idle_ends_at: Vec<Time>,
    at: Time,
}

impl<'a> Arrays<'a> {
    fn of(wanted: &'a [Rotation], at: Time) -> Self {
        Self {
            ids: wanted.iter().map(|wanted| wanted.id.as_str()).collect(),
            generations: wanted.iter().map(|wanted| wanted.generation).collect(),
            client_ids: wanted.iter().map(|wanted| wanted.client_id.as_str()).collect(),
            client_versions: wanted.iter().map(|wanted| wanted.client_version).collect(),
            ips: wanted.iter().map(|wanted| wanted.ip.as_deref()).collect(),
            installations: wanted.iter().map(|wanted| wanted.installation).collect(),
            idle_ends_at: wanted.iter().map(|wanted| at + wanted.idle).collect(),
            at,
        }
    }
}

impl QueryId for Rotate<Arrays<'_>> {
    type QueryId = Rotate<Arrays<'static>>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Rotate<Arrays<'_>> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Arrays { ids, generations, client_ids, client_versions, ips, installations, idle_ends_at, at } =
            &self.0;
        pass.push_sql(BEFORE);
        pass.push_sql("(SELECT listed.*, ");
        pass.push_bind_param::<Moment, _>(at)?;
        pass.push_sql(" AS at FROM unnest(");
        pass.push_bind_param::<Array<Text>, _>(ids)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<BigInt>, _>(generations)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(client_ids)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<BigInt>, _>(client_versions)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<Text>>, _>(ips)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<Binary>>, _>(installations)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Moment>, _>(idle_ends_at)?;
        pass.push_sql(
            ") AS listed (id, generation, client_id, client_version, ip, installation, idle_ends_at) \
            JOIN credentials AS free ON free.id = listed.id FOR NO KEY UPDATE OF free SKIP LOCKED)",
        );
        pass.push_sql(BEHIND);
        Ok(())
    }
}
