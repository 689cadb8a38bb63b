//! What the JSON face and the HTML face share.

pub mod app;
pub mod browser;
pub mod client_address;
pub mod keyring;
