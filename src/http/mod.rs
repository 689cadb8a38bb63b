//! The JSON face: the OAuth endpoints and the management API.

pub mod api;
pub mod bearer;
mod client_authentication;
pub mod device;
pub mod failure;
pub mod fallback;
pub mod form;
pub mod health;
mod id_token;
pub mod introspect;
pub mod jwks;
mod key_token;
pub mod metadata;
mod not_told;
pub mod par;
pub mod revoke;
pub mod token;
pub mod userinfo;
