//! JSON: the OAuth endpoints and the management API.

pub mod api;
pub mod api_auth;
mod auth_error;
mod bearer_error;
mod client_authentication;
pub mod device;
pub mod fallback;
pub mod form;
pub mod health;
mod id_token;
pub mod introspect;
pub mod jwks;
mod key_token;
pub mod metadata;
pub mod oauth_failure;
pub mod par;
pub mod revoke;
pub mod token;
pub mod userinfo;

/// `Retry-After` of 503 responses, in seconds.
const RETRY_SECONDS: &str = "1";
