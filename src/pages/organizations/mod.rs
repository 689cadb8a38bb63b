//! The organizations of a user.

pub mod list;
pub mod new;

#[cfg(test)]
pub(in crate::pages) mod samples;
