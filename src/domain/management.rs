//! The scopes of this server's own API.

use super::scope::ScopeSet;

pub const KEYS_READ: &str = "keys:read";
pub const KEYS_MANAGE: &str = "keys:manage";
pub const TOKENS_MANAGE: &str = "tokens:manage";
/// Lets an API key introspect tokens of its organization.
pub const TOKENS_INTROSPECT: &str = "tokens:introspect";
pub const SERVICE_ACCOUNTS_MANAGE: &str = "service_accounts:manage";
pub const MEMBERS_READ: &str = "members:read";
pub const MEMBERS_MANAGE: &str = "members:manage";
pub const AUDIT_READ: &str = "audit:read";

/// Scopes with which a credential could create others or extend their permissions. They are granted only by name.
pub fn scopes() -> ScopeSet {
    [KEYS_MANAGE, TOKENS_MANAGE, SERVICE_ACCOUNTS_MANAGE, MEMBERS_MANAGE]
        .into_iter()
        .map(str::to_owned)
        .collect()
}
