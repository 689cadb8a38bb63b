//! Sign-in, sign-in again, sign-out.

pub mod again;
pub mod continue_to;
pub mod form;

#[cfg(test)]
pub(in crate::pages) mod samples;
