//! Statements that the multi-engine connection cannot compile by itself.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

use super::conn::{Conn, MultiBackend};

/// A statement that both engines support, but not diesel's shared backend, such as `ON CONFLICT`.
#[derive(Debug, Clone, Copy, QueryId)]
pub(in crate::store) struct Native<Q>(pub(in crate::store) Q);

impl<Q> QueryFragment<MultiBackend> for Native<Q>
where
    Q: QueryFragment<Pg> + QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(&self.0, pass)
    }
}

impl<Q: Query> Query for Native<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Conn> for Native<Q> {}

/// A statement with constant text, which is prepared once per connection. Diesel does not cache inserts and updates,
/// because a field that is `None` may change their text; use this only where no field does.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Prepared<Q>(pub(in crate::store) Q);

impl<Q, DB> QueryFragment<DB> for Prepared<Q>
where
    DB: Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

/// An empty query id makes diesel use the text as the cache key.
impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Prepared<Q> {}

/// A statement without parameters, prepared once per connection.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Plain(pub(in crate::store) &'static str);

impl<DB: Backend> QueryFragment<DB> for Plain {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql(self.0);
        Ok(())
    }
}

/// An empty query id makes diesel use the text as the cache key.
impl QueryId for Plain {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for Plain {}

/// A query that locks the rows it reads until the end of the transaction.
///
/// Adds `FOR UPDATE` on PostgreSQL. Nothing on SQLite, where a write transaction is exclusive.
#[derive(Debug, Clone, Copy, QueryId)]
pub(in crate::store) struct Locked<Q>(pub(in crate::store) Q);

impl<Q> QueryFragment<MultiBackend> for Locked<Q>
where
    Q: QueryFragment<MultiBackend>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())?;
        MultiBackend::walk_variant_ast(&ForUpdate, pass)
    }
}

impl<Q: Query> Query for Locked<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Conn> for Locked<Q> {}

/// A query that takes a shared lock on the rows it reads (`FOR KEY SHARE`). It blocks [`Locked`] but not other shared
/// locks. Inserting a row that refers to them takes the same lock.
#[derive(Debug, Clone, Copy, QueryId)]
pub(in crate::store) struct Shared<Q>(pub(in crate::store) Q);

impl<Q> QueryFragment<MultiBackend> for Shared<Q>
where
    Q: QueryFragment<MultiBackend>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())?;
        MultiBackend::walk_variant_ast(&ForKeyShare, pass)
    }
}

impl<Q: Query> Query for Shared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Conn> for Shared<Q> {}

/// A query that locks the rows it reads and skips those that are locked already. It never waits, so it cannot deadlock
/// whatever locks it holds.
#[derive(Debug, Clone, Copy, QueryId)]
pub(in crate::store) struct Unlocked<Q>(pub(in crate::store) Q);

impl<Q> QueryFragment<MultiBackend> for Unlocked<Q>
where
    Q: QueryFragment<MultiBackend>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())?;
        MultiBackend::walk_variant_ast(&SkipLocked, pass)
    }
}

impl<Q: Query> Query for Unlocked<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Conn> for Unlocked<Q> {}

struct ForKeyShare;

impl QueryFragment<Pg> for ForKeyShare {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql(" FOR KEY SHARE");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for ForKeyShare {
    fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        Ok(())
    }
}

struct SkipLocked;

impl QueryFragment<Pg> for SkipLocked {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql(" FOR NO KEY UPDATE SKIP LOCKED");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for SkipLocked {
    fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        Ok(())
    }
}

struct ForUpdate;

impl QueryFragment<Pg> for ForUpdate {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql(" FOR UPDATE");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for ForUpdate {
    fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        Ok(())
    }
}
