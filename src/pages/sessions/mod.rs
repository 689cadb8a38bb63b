//! CLI sessions.

pub mod list;
pub mod session;

#[cfg(test)]
pub(in crate::pages) mod samples;
