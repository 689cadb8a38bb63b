//! Fixtures, load generator and report of the benchmarks.

pub(crate) mod callers;
pub(crate) mod codes;
pub(crate) mod connection;
pub(crate) mod database;
pub(crate) mod deployment;
pub(crate) mod hello;
pub(crate) mod keys;
pub(crate) mod load;
pub(crate) mod machine;
pub(crate) mod measured;
pub(crate) mod peer;
pub(crate) mod plan;
pub(crate) mod process;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod sessions;
pub(crate) mod signing;
pub(crate) mod visitor;
