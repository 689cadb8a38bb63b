//! API keys.

pub mod key;
pub mod list;
pub mod new;
pub mod permissions;

#[cfg(test)]
pub(in crate::pages) mod samples;
