//! The HTML face: the pages a person sees.
//!
//! One file holds the askama structs of one page. A struct is plain data that its handler prepared: templates ask no
//! question about the domain. The parts that pages share are [`shell`] (what surrounds every page), [`nav`], [`words`]
//! (sentences that hold foreign names), [`problems`] (what is wrong with a form) and [`text`] (dates, counts, names).

pub mod api_access;
pub mod api_reference;
pub mod assets;
pub mod audit;
pub mod audit_words;
pub mod choices;
pub mod concerned;
pub mod confirm;
pub mod consent;
pub mod credential_list;
pub mod credentials;
pub mod denied;
pub mod device;
pub mod done;
pub mod handlers;
pub mod help;
pub mod key_permissions;
pub mod keys;
pub mod nav;
pub mod paste;
pub mod problems;
pub mod reauthenticate;
pub mod refusal;
pub mod scopes;
pub mod secret_once;
pub mod service_accounts;
pub mod sessions;
pub mod setup;
pub mod shell;
pub mod sign_in;
#[cfg(any(test, debug_assertions))]
pub mod styleguide;
pub mod text;
pub mod tokens;
pub mod usage;
pub mod way_back;
pub mod words;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
