//! Redemption of authorization codes that become a new session, the usual outcome of an exchange.
//!
//! On PostgreSQL, simultaneous redemptions share one transaction of few statements. On SQLite, where a statement needs
//! no round trip, they run one by one.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Binary, Text};

use super::super::authorization_codes::{self, AuthorizationCode};
use super::super::authorization_requests::AuthorizationRequest;
use super::super::credentials::{self, Credential};
use super::super::engine::codec::Moment;
use super::super::engine::conn::Conn;
use super::super::engine::error::StoreError;
use super::super::engine::schema::{
    authorization_codes as codes, authorization_requests as requests, clients, memberships, organizations,
    users,
};
use super::super::organizations::Organization;
use super::super::work::Work;
use crate::domain::audit::Event;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// An authorization code and everything needed to decide whether it may be redeemed.
#[derive(Queryable, Selectable)]
#[diesel(table_name = codes)]
pub struct StoredCode {
    #[diesel(embed)]
    pub code: AuthorizationCode,
    #[diesel(embed)]
    pub request: AuthorizationRequest,
    #[diesel(embed)]
    pub organization: Organization,
    /// `None` if the user is not a member.
    #[diesel(select_expression = memberships::role.nullable())]
    pub role: Option<String>,
    #[diesel(select_expression = users::disabled_at)]
    pub person_disabled_at: Option<Time>,
    /// `None` if the client is disabled.
    #[diesel(select_expression = clients::version.nullable())]
    pub client_version: Option<i64>,
}

/// The outcome of a redemption: the new session and its audit event.
pub struct Redemption {
    pub session: Credential,
    pub event: Event,
}

/// Codes joined with what the decision needs.
macro_rules! stored_codes {
    () => {
        codes::table
            .inner_join(requests::table)
            .inner_join(organizations::table.on(organizations::id.eq(codes::org_id)))
            .inner_join(users::table.on(users::id.eq(codes::user_id)))
            .left_join(
                memberships::table
                    .on(memberships::org_id.eq(codes::org_id).and(memberships::user_id.eq(codes::user_id))),
            )
            .left_join(
                clients::table.on(clients::id.eq(requests::client_id).and(clients::disabled_at.is_null())),
            )
    };
}

/// Reads and locks codes until the end of the transaction. Skips codes that are locked.
pub(in crate::store) fn lock_free(conn: &mut Conn, hashes: &[Digest]) -> Result<Vec<StoredCode>, StoreError> {
    match conn {
        Conn::Postgres(conn) => {
            let query = stored_codes!().filter(codes::hash.eq_any(hashes)).select(StoredCode::as_select());
            Ok(SkipLockedCodes(query).load(conn)?)
        }
        Conn::Sqlite(conn) => {
            let one = |hash: &Digest| {
                let query = stored_codes!().filter(codes::hash.eq(*hash));
                query.select(StoredCode::as_select()).get_result(conn).optional()
            };
            Ok(hashes.iter().map(one).filter_map(Result::transpose).collect::<QueryResult<_>>()?)
        }
    }
}

/// Reads and locks a code, and takes a shared lock on its organization, until the end of the transaction.
pub fn lock(conn: &mut Conn, hash: Digest) -> Result<Option<StoredCode>, StoreError> {
    if authorization_codes::lock(conn, hash)?.is_none() {
        return Ok(None);
    }
    let query = stored_codes!().filter(codes::hash.eq(hash)).select(StoredCode::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// Redeems codes that this transaction has locked.
pub fn redeem(conn: &mut Conn, codes: &[(Digest, Credential)], at: Time) -> Result<(), StoreError> {
    credentials::insert_all(conn, codes.iter().map(|(_, session)| session))?;
    match conn {
        Conn::Postgres(conn) => {
            let used = Consume {
                hashes: codes.iter().map(|(hash, _)| *hash).collect(),
                sessions: codes.iter().map(|(_, session)| session.id.as_str()).collect(),
                at,
            };
            used.execute(conn)?;
        }
        Conn::Sqlite(_) => {
            for (hash, session) in codes {
                authorization_codes::consume(conn, *hash, &session.id, at)?;
            }
        }
    }
    Ok(())
}

/// Redeems one code, if it exists and `decide` returns a redemption.
pub(in crate::store) fn redeem_if<T>(
    work: &mut Work<'_>,
    code: Digest,
    decide: impl FnOnce(StoredCode, Time) -> Option<(Redemption, T)>,
) -> Result<Option<T>, StoreError> {
    let Some(stored) = lock_free(work.conn, &[code])?.pop() else { return Ok(None) };
    let Some((Redemption { session, event }, given)) = decide(stored, work.now) else { return Ok(None) };
    redeem(work.conn, &[(code, session)], work.now)?;
    work.record(event);
    Ok(Some(given))
}

/// The query, with a lock on its codes and a shared lock on their organizations. Skips locked rows, so that one code
/// does not hold up the batch.
#[derive(Debug, Clone, Copy, QueryId)]
struct SkipLockedCodes<Q>(Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for SkipLockedCodes<Q> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())?;
        pass.push_sql(
            " FOR UPDATE OF authorization_codes SKIP LOCKED FOR KEY SHARE OF organizations SKIP LOCKED",
        );
        Ok(())
    }
}

impl<Q: Query> Query for SkipLockedCodes<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<PgConnection> for SkipLockedCodes<Q> {}

/// Marks codes as consumed, each by its session.
struct Consume<'a> {
    hashes: Vec<Digest>,
    sessions: Vec<&'a str>,
    at: Time,
}

impl QueryId for Consume<'_> {
    type QueryId = Consume<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Consume<'_> {}

impl QueryFragment<Pg> for Consume<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("UPDATE authorization_codes SET consumed_at = ");
        pass.push_bind_param::<Moment, _>(&self.at)?;
        pass.push_sql(", credential_id = used.session FROM unnest(");
        pass.push_bind_param::<Array<Binary>, _>(&self.hashes)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(&self.sessions)?;
        pass.push_sql(") AS used (hash, session) WHERE authorization_codes.hash = used.hash");
        Ok(())
    }
}
