//! Cache of clients on this node.
//!
//! An entry may be stale: its version is compared in the statement that uses it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::client::Client;

/// Capacity; the cache is cleared when full.
const MAX_CLIENTS: usize = 1024;

#[derive(Debug, Default)]
pub struct ClientCache(RwLock<HashMap<String, Arc<Client>>>);

impl ClientCache {
    pub fn get(&self, id: &str) -> Option<Arc<Client>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Stores a client as just read from the database.
    pub fn remember(&self, client: &Client) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_CLIENTS && !known.contains_key(&client.id) {
            known.clear();
        }
        known.insert(client.id.clone(), Arc::new(client.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::ClientKind;

    fn client(id: usize) -> Client {
        Client::sample(&id.to_string(), ClientKind::Native)
    }

    #[test]
    fn memory_is_bounded_and_the_newest_copy_counts() {
        let known = ClientCache::default();
        for id in 0..3 * MAX_CLIENTS {
            known.remember(&client(id));
            assert!(known.0.read().unwrap().len() <= MAX_CLIENTS);
        }
        known.remember(&Client { version: 7, ..client(5) });
        assert_eq!(known.get("5").unwrap().version, 7);
        assert!(known.get("no such client").is_none());
    }
}
