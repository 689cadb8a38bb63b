//! Shared by the pages of keys and personal tokens.

pub mod card;
pub mod choices;
pub mod idempotent_form;
pub mod list;
pub mod refused;
pub mod secret;

#[cfg(test)]
pub(in crate::pages) mod samples;
