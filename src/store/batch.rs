//! What has queued up while the database was busy.

use tokio::sync::mpsc::Receiver;

/// Adds to `first` whatever waits, up to `most` together. Never waits for more.
pub(super) fn gather<T>(first: T, queue: &mut Receiver<T>, most: usize) -> Vec<T> {
    let mut batch = vec![first];
    while batch.len() < most
        && let Ok(job) = queue.try_recv()
    {
        batch.push(job);
    }
    batch
}
