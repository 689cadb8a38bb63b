//! Personal tokens.

pub mod list;
pub mod new;
pub mod token;

#[cfg(test)]
pub(in crate::pages) mod samples;
