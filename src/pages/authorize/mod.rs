//! Authorization requests: opening, consent, and the return to the client.

pub mod consent;
pub mod load_consent;
pub mod paste;
pub mod question;
pub mod return_page;
pub mod start;

#[cfg(test)]
pub(in crate::pages) mod answer_samples;
#[cfg(test)]
pub(in crate::pages) mod samples;
