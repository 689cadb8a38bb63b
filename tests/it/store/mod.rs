//! What each engine guarantees to the rest of the server.

mod audit;
mod bounds;
mod connections;
mod deadlocks;
mod files;
mod lists;
mod pooler;
mod retention;
mod roles;
mod schema;
mod sweeping;
mod switchover;
mod values;
mod writes;

/// The numbers from 1 to `n` as `numbers (i)`, to precede an INSERT.
pub(crate) fn numbers(n: usize) -> String {
    format!("WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {n})")
}
