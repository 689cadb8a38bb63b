//! A connection that one thread owns.

use diesel::connection::SimpleConnection;

use super::conn::Conn;
use super::error::{Cause, StoreError};
use super::manager::{Manager, PooledConn};

/// All queries on such a connection look up rows by key. With stale statistics, or for a table that was small when the
/// query was planned, PostgreSQL would otherwise scan whole tables for a batch.
const KEYS_ONLY: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

/// A thread's own connection, opened on first use.
pub(in crate::store) struct DedicatedConnection {
    manager: Manager,
    open: Option<PooledConn>,
}

impl DedicatedConnection {
    pub(in crate::store) fn new(manager: Manager) -> Self {
        Self { manager, open: None }
    }

    pub(in crate::store) fn manager(&self) -> &Manager {
        &self.manager
    }

    pub(in crate::store) fn connection(&mut self) -> Result<&mut Conn, StoreError> {
        let pooled = if let Some(pooled) = self.open.take() {
            pooled
        } else {
            let mut pooled = self.manager.open()?;
            if let Conn::Postgres(conn) = &mut pooled.conn
                && self.manager.place().keeps_sessions()
            {
                conn.batch_execute(KEYS_ONLY)?;
            }
            pooled
        };
        Ok(&mut self.open.insert(pooled).conn)
    }

    /// Closes the connection after an error, which rolls back an open transaction, and returns the error with its
    /// cause.
    pub(in crate::store) fn fail(&mut self, error: StoreError) -> StoreError {
        match self.open.take() {
            Some(mut pooled) => self.manager.note_failure(&mut pooled, error),
            None => error,
        }
    }

    /// Closes the connection.
    pub(in crate::store) fn close(&mut self) {
        self.open = None;
    }

    /// Runs a read-only query, or the beginning of a transaction. Retries once on a new connection if the existing one
    /// was lost; does not retry if the database is only slow.
    pub(in crate::store) fn begin<T>(
        &mut self,
        with: impl Fn(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.open.as_ref().is_some_and(|pooled| !self.manager.is_current(pooled)) {
            self.close();
        }
        let may_have_died = self.open.is_some();
        let error = match self.connection().and_then(&with) {
            Ok(done) => return Ok(done),
            Err(error) => self.fail(error),
        };
        match error.cause() {
            Some(Cause::Lost | Cause::ReadOnly) if may_have_died => self.connection().and_then(with),
            Some(Cause::Lost | Cause::ReadOnly | Cause::Busy | Cause::Collided) | None => Err(error),
        }
    }
}
