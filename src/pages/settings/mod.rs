//! Settings of an organization.

pub mod api_access;
pub mod credential_limits;
pub mod delete;
pub mod general;
pub mod join_links;

#[cfg(test)]
pub(in crate::pages) mod samples;
