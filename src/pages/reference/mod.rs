//! References: API and scopes.

pub mod api;
pub mod reading;
pub mod schema;
pub mod scopes;

#[cfg(test)]
pub(in crate::pages) mod samples;
#[cfg(test)]
pub(in crate::pages) mod scope_samples;
