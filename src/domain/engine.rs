//! The database engines.

/// Database engine of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, single node.
    Sqlite,
    /// Several nodes.
    Postgres,
}
