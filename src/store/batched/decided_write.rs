//! Batched writes that depend on stored state: read the rows, decide on each, write what was decided.

use super::super::engine::error::StoreError;
use crate::domain::time::Time;

/// A write that waits for its batch. `K` is the key of the row, `S` the stored state, `W` the write that `decide`
/// returns.
pub(in crate::store) trait DecidedWrite<K, S, W>: Send {
    fn key(&self) -> &K;
    /// `None` writes nothing.
    fn decide(&mut self, stored: S, now: Time) -> Option<W>;
    /// Delivers the outcome: whether the write was made and is committed.
    fn answer(self: Box<Self>, written: Result<bool, StoreError>);
}

struct Pending<K, T, F, D> {
    key: K,
    decide: Option<F>,
    /// The value that `decide` returned with the write, for `deliver`.
    given: Option<T>,
    deliver: D,
}

impl<K, S, W, T, F, D> DecidedWrite<K, S, W> for Pending<K, T, F, D>
where
    K: Send,
    T: Send,
    F: FnOnce(S, Time) -> Option<(W, T)> + Send,
    D: FnOnce(Result<Option<T>, StoreError>) + Send,
{
    fn key(&self) -> &K {
        &self.key
    }

    fn decide(&mut self, stored: S, now: Time) -> Option<W> {
        let (write, given) = self.decide.take()?(stored, now)?;
        self.given = Some(given);
        Some(write)
    }

    fn answer(self: Box<Self>, written: Result<bool, StoreError>) {
        let Self { given, deliver, .. } = *self;
        deliver(written.map(|written| given.filter(|_| written)));
    }
}

pub(in crate::store) fn job<K, S, W, T, F, D>(key: K, decide: F, deliver: D) -> Box<dyn DecidedWrite<K, S, W>>
where
    K: Send + 'static,
    T: Send + 'static,
    F: FnOnce(S, Time) -> Option<(W, T)> + Send + 'static,
    D: FnOnce(Result<Option<T>, StoreError>) + Send + 'static,
{
    Box::new(Pending { key, decide: Some(decide), given: None, deliver })
}
