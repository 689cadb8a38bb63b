//! Moves personal values out of events that were recorded with the values inside, so that they can be erased.

use std::time::Instant;

use crate::store::{Store, StoreError, audit};

/// Moves all values, in steps that leave room for other writes. Does nothing if there are none.
pub async fn run(store: &Store) -> Result<(), StoreError> {
    while let Some(chain) = store.read(audit::unmoved_chain).await? {
        let begun = Instant::now();
        let step = store.write(move |work| {
            let confirmed = audit::rebase(work.conn, work.entropy, &chain)?;
            if let Some(event) = confirmed {
                work.record(event);
            }
            Ok(())
        });
        step.await?;
        tokio::time::sleep(begun.elapsed()).await;
    }
    Ok(())
}
