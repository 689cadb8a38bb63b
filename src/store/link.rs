//! A connection that belongs to one thread.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use r2d2::ManageConnection;

use super::conn::{Conn, Manager, Pooled};
use super::error::StoreError;

/// Everything on such a connection looks rows up by their keys. Left to itself, the planner of PostgreSQL reads whole
/// tables for a batch as soon as its statistics are old, or a table small when it was planned.
const KEYS_ONLY: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

/// As long as the pool keeps its connections: a server that was replaced is not asked for ever.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// A thread's own connection to the database, opened when it is needed.
pub(super) struct Link {
    manager: Manager,
    open: Option<Open>,
}

struct Open {
    pooled: Pooled,
    since: Instant,
}

impl Link {
    pub(super) fn new(manager: Manager) -> Self {
        Self { manager, open: None }
    }

    pub(super) fn connection(&mut self) -> Result<&mut Conn, StoreError> {
        let open = if let Some(open) = self.open.take() {
            open
        } else {
            let mut pooled = self.manager.connect()?;
            if let Conn::Postgres(conn) = &mut pooled.conn {
                conn.batch_execute(KEYS_ONLY)?;
            }
            Open { pooled, since: Instant::now() }
        };
        Ok(&mut self.open.insert(open).pooled.conn)
    }

    /// Forgets a connection that has seen trouble.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Begins on the connection at hand, or on a new one if that has died meanwhile. A database that is only slow is not
    /// asked twice.
    pub(super) fn begin<T>(
        &mut self,
        with: impl Fn(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.open.as_ref().is_some_and(|link| link.since.elapsed() > LIFETIME) {
            self.close();
        }
        let may_have_died = self.open.is_some();
        let done = self.connection().and_then(&with);
        match done {
            Err(StoreError::Unavailable(_)) if may_have_died && !self.answers() => {
                self.close();
                self.connection().and_then(with)
            }
            done => done,
        }
    }

    fn answers(&mut self) -> bool {
        self.open.as_mut().is_some_and(|link| link.pooled.answers())
    }
}
