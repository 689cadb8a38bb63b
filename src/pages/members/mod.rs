//! Members of an organization.

pub mod leave;
pub mod list;
pub mod remove;
pub mod role;

#[cfg(test)]
pub(in crate::pages) mod samples;
