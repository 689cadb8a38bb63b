//! Device codes (RFC 8628): entry, question, answer.

pub mod answer;
pub mod confirm;
pub mod entry;

#[cfg(test)]
pub(in crate::pages) mod samples;
