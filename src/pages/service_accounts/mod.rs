//! Service accounts.

pub mod account;
pub mod list;
pub mod new;

#[cfg(test)]
pub(in crate::pages) mod samples;
