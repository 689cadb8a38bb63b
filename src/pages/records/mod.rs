//! Audit log, uses and usage.

pub mod audit;
pub mod audit_words;
pub mod usage;
pub mod uses;

#[cfg(test)]
pub(in crate::pages) mod samples;
