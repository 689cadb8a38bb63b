//! The organizations of a person.

pub mod list;

#[cfg(test)]
pub(in crate::pages) mod samples;
