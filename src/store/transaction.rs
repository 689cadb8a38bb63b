//! Write transactions on PostgreSQL, and whether a failed one may have been committed.

use diesel::connection::{AnsiTransactionManager, TransactionManager as _};

use super::audit;
use super::engine::conn::Conn;
use super::engine::error::{Cause, StoreError};
use super::work::Work;
use crate::domain::time::Time;

/// A transaction that failed.
pub(super) struct FailedTransaction {
    pub(super) error: StoreError,
    /// Whether it is certain that nothing was committed. It is not if the connection was lost after COMMIT was sent.
    pub(super) certainly: bool,
}

/// Runs `work` in a transaction that starts with the statement `begin`, and appends its events to the audit chains.
pub(super) fn run<T>(
    conn: &mut Conn,
    begin: &'static str,
    now: Time,
    work: impl FnOnce(&mut Work<'_>) -> Result<T, StoreError>,
) -> Result<T, FailedTransaction> {
    let certainly = |error| FailedTransaction { error, certainly: true };
    start(conn, begin).map_err(certainly)?;
    match run_inside(conn, now, work) {
        Ok(done) => commit(conn).map(|()| done),
        Err(error) => {
            // If the rollback fails, the connection is lost and the server rolls back; the pool drops the connection.
            drop(rollback(conn));
            Err(certainly(error))
        }
    }
}

fn run_inside<T>(
    conn: &mut Conn,
    now: Time,
    work: impl FnOnce(&mut Work<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut transaction = Work::new(conn, now);
    let done = work(&mut transaction)?;
    let events = transaction.into_events();
    audit::append(conn, events)?;
    Ok(done)
}

pub(super) fn start(conn: &mut Conn, begin: &str) -> Result<(), StoreError> {
    match conn {
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, begin)?,
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?,
    }
    Ok(())
}

pub(super) fn commit(conn: &mut Conn) -> Result<(), FailedTransaction> {
    let committed = match conn {
        Conn::Postgres(conn) => AnsiTransactionManager::commit_transaction(conn),
        Conn::Sqlite(conn) => AnsiTransactionManager::commit_transaction(conn),
    };
    committed.map_err(|error| {
        let error = StoreError::from(error);
        let certainly = error.cause() != Some(Cause::Lost);
        FailedTransaction { error, certainly }
    })
}

fn rollback(conn: &mut Conn) -> Result<(), StoreError> {
    match conn {
        Conn::Postgres(conn) => AnsiTransactionManager::rollback_transaction(conn)?,
        Conn::Sqlite(conn) => AnsiTransactionManager::rollback_transaction(conn)?,
    }
    Ok(())
}
