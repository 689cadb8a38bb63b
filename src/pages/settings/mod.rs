//! Settings of an organization.

pub mod api_access;
pub mod credential_limits;

#[cfg(test)]
pub(in crate::pages) mod samples;
