//! The scopes that this server itself asks for.

use super::scope::ScopeSet;

pub const KEYS_READ: &str = "keys:read";
pub const KEYS_MANAGE: &str = "keys:manage";
pub const TOKENS_MANAGE: &str = "tokens:manage";
/// With it an API key may ask what a token of its organization is.
pub const TOKENS_INTROSPECT: &str = "tokens:introspect";
pub const SERVICE_ACCOUNTS_MANAGE: &str = "service_accounts:manage";
pub const AUDIT_READ: &str = "audit:read";

/// Those with which a credential could make or widen others. Nobody gets them without naming them.
pub fn scopes() -> ScopeSet {
    [KEYS_MANAGE, TOKENS_MANAGE, SERVICE_ACCOUNTS_MANAGE].into_iter().map(str::to_owned).collect()
}
