//! The organizations of a user.

pub mod list;

#[cfg(test)]
pub(in crate::pages) mod samples;
