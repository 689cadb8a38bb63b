//! A connection that belongs to one thread.

use r2d2::ManageConnection;

use super::conn::{Conn, Manager, Pooled};
use super::error::StoreError;

/// A thread's own connection, opened when it is needed.
pub(super) struct Link {
    manager: Manager,
    open: Option<Pooled>,
}

impl Link {
    pub(super) fn new(manager: Manager) -> Self {
        Self { manager, open: None }
    }

    pub(super) fn connection(&mut self) -> Result<&mut Conn, StoreError> {
        let pooled = match self.open.take() {
            Some(pooled) => pooled,
            None => self.manager.connect()?,
        };
        Ok(&mut self.open.insert(pooled).conn)
    }

    /// Forgets a connection that has seen trouble.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Begins on the connection at hand, or on a new one if that has died meanwhile.
    pub(super) fn begin<T>(
        &mut self,
        with: impl Fn(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let may_have_died = self.open.is_some();
        let done = self.connection().and_then(&with);
        match done {
            Err(StoreError::Unavailable(_)) if may_have_died => {
                self.close();
                self.connection().and_then(with)
            }
            done => done,
        }
    }
}
