//! A user's own password and browser sessions.

mod browser_label;
pub mod browsers;
pub mod overview;
pub mod password;
pub mod reset;

#[cfg(test)]
pub(in crate::pages) mod samples;
