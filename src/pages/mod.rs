//! The HTML face: the pages a person sees.
//!
//! One folder a subject, one file a page: its view, which is plain data that the handler prepared, and its handlers, in
//! the order of a request. Templates ask no question about the domain. The parts that all pages share are in [`shared`].

pub mod authorize;
pub mod credentials;
pub mod device;
pub mod keys;
pub mod records;
pub mod reference;
pub mod service_accounts;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod shared;
pub mod sign_in;
pub mod tokens;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
