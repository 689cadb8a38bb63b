//! Shared by all pages: request, member, shell, text, small pages.

pub mod affected_credentials;
pub mod assets;
pub mod confirm;
pub mod member;
pub mod nav;
pub mod paging;
pub mod problems;
pub mod refusal;
pub mod request;
pub mod shell;
pub mod small_pages;
#[cfg(any(test, debug_assertions))]
pub mod styleguide;
pub mod text;
pub mod urls;
pub mod words;

#[cfg(test)]
pub(in crate::pages) mod refusal_samples;
