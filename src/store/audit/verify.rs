//! Verifies audit chains.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Nullable, Text};

use super::row::Row;
use super::values::with_values;
use crate::domain::audit::Action;
use crate::domain::audit::chain::{
    ChainError, ChainFault, ChainHead, ChainLink, ChainVerifier, Rebased, VerifiedChain,
};
use crate::store::engine::conn::Conn;
use crate::store::engine::error::StoreError;
use crate::store::engine::schema::{audit_events, audit_heads, organizations};

/// Events in memory at a time.
const CHUNK: i64 = 500;

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = Nullable<Text>)]
    chain: Option<String>,
}

/// The chain after `after`, of all that exist or must exist; the first one is after the empty text. Includes every
/// organization, so that a chain deleted as a whole is noticed, except one whose log was removed after its deletion.
pub fn next_chain(conn: &mut Conn, after: &str) -> Result<Option<String>, StoreError> {
    let mut next = following(conn, after)?;
    while let Some(chain) = next {
        let removed = organizations::table.find(&chain).filter(organizations::log_removed_at.is_not_null());
        if !diesel::select(exists(removed)).get_result::<bool>(conn)? {
            return Ok(Some(chain));
        }
        next = following(conn, &chain)?;
    }
    Ok(None)
}

/// Like [`next_chain`], with those whose log was removed. Each minimum is one index lookup; one statement has all three
/// because the order of texts depends on the database.
fn following(conn: &mut Conn, after: &str) -> Result<Option<String>, StoreError> {
    let statement = sql_query(
        "SELECT MIN(chain) AS chain FROM (
            SELECT MIN(chain) AS chain FROM audit_heads WHERE chain > $1
            UNION ALL SELECT MIN(chain) FROM audit_events WHERE chain > $1
            UNION ALL SELECT MIN(id) FROM organizations WHERE id > $1
        ) AS chains",
    );
    let next: Next = statement.bind::<Text, _>(after).get_result(conn)?;
    Ok(next.chain)
}

/// Verifies a chain. Returns its head, or the first event that breaks it.
pub fn verify(conn: &mut Conn, chain: &str) -> Result<Result<VerifiedChain, ChainError>, StoreError> {
    let mut claims = rebased(conn, chain)?;
    loop {
        let verdict = walk(conn, chain, claims.clone())?;
        let known = claims.len();
        match verdict {
            // Values that moved out since the claims were read.
            Err(ChainError { fault: ChainFault::Unconfirmed, .. }) => claims = rebased(conn, chain)?,
            verdict => return Ok(verdict),
        }
        if claims.len() == known {
            return Ok(verdict);
        }
    }
}

fn walk(
    conn: &mut Conn,
    chain: &str,
    claims: Vec<Rebased>,
) -> Result<Result<VerifiedChain, ChainError>, StoreError> {
    // Reads the head first: events recorded after that come after it.
    let head = audit_heads::table.find(chain).select((audit_heads::sequence, audit_heads::hash));
    let Some((sequence, hash)) = head.get_result(conn).optional()? else {
        return Ok(Err(ChainError { sequence: 1, fault: ChainFault::Missing }));
    };
    let head = ChainHead { sequence, hash };
    let mut walk = ChainVerifier::new(claims);
    loop {
        let stretch = stretch(conn, chain, walk.verified_to(), head.sequence)?;
        if stretch.is_empty() {
            break;
        }
        for link in stretch {
            if let Err(broken) = walk.step(link) {
                return Ok(Err(broken));
            }
        }
    }
    let verified = match walk.end(&head) {
        Ok(verified) => verified,
        Err(broken) => return Ok(Err(broken)),
    };
    Ok(match behind_head(conn, chain)? {
        Some(sequence) => Err(ChainError { sequence, fault: ChainFault::BehindTheHead }),
        None => Ok(verified),
    })
}

/// The next events of a chain, with their values.
fn stretch(conn: &mut Conn, chain: &str, after: i64, through: i64) -> Result<Vec<ChainLink>, StoreError> {
    let rows: Vec<Row> = audit_events::table
        .filter(audit_events::chain.eq(chain))
        .filter(audit_events::sequence.gt(after).and(audit_events::sequence.le(through)))
        .order(audit_events::sequence)
        .limit(CHUNK)
        .select(Row::as_select())
        .load(conn)?;
    with_values(conn, rows)
}

/// What the events `audit.rebased` of a chain confirm.
fn rebased(conn: &mut Conn, chain: &str) -> Result<Vec<Rebased>, StoreError> {
    let rows: Vec<Row> = audit_events::table
        .filter(audit_events::chain.eq(chain).and(audit_events::action.eq(Action::AuditRebased.as_str())))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|row| Rebased::read(&row.into_link(Vec::new()).event)).collect())
}

/// The first event of a chain with a higher sequence number than its head. One statement, because the chain may
/// grow between two.
fn behind_head(conn: &mut Conn, chain: &str) -> Result<Option<i64>, StoreError> {
    let events = audit_events::table.on(audit_events::chain.eq(audit_heads::chain));
    Ok(audit_heads::table
        .inner_join(events)
        .filter(audit_heads::chain.eq(chain).and(audit_events::sequence.gt(audit_heads::sequence)))
        .select(diesel::dsl::min(audit_events::sequence))
        .get_result(conn)?)
}
