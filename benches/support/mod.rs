//! What the benchmarks stand on.

pub(crate) mod database;
pub(crate) mod deployment;
pub(crate) mod load;
pub(crate) mod machine;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod signing;
