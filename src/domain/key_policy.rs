//! An organization's policies for API keys and personal tokens.

use chrono::TimeDelta;

use super::granted_scopes::GrantedScopes;
use super::role;
use super::scope::{Catalog, ScopeSet};
use super::text_enum::text_enum;
use super::time::Time;

text_enum! {
    /// The members whose personal tokens are accepted.
    TokenCreators {
        Members = "members",
        Admins = "admins",
    }
}

impl TokenCreators {
    pub fn include(self, role: &str) -> bool {
        match self {
            Self::Members => true,
            Self::Admins => role::administers(role),
        }
    }
}

/// The policy for API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPolicy {
    /// Whether keys are accepted at all.
    pub enabled: bool,
    /// Whether a key may be unrestricted.
    pub unrestricted: bool,
    pub lifetime: Lifetime,
}

impl KeyPolicy {
    /// The scopes in effect: granted ∩ of the owner's role ∩ allowed by this policy.
    pub fn effective_scopes(self, granted: &GrantedScopes, catalog: &Catalog, role: &str) -> ScopeSet {
        match granted {
            GrantedScopes::Unrestricted if !self.unrestricted => ScopeSet::default(),
            GrantedScopes::Unrestricted | GrantedScopes::Scopes(_) => granted.within(catalog, role),
        }
    }
}

/// The policy for personal tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenPolicy {
    /// Whether tokens are accepted at all. Also applies to CLI sessions.
    pub enabled: bool,
    pub creators: TokenCreators,
    pub lifetime: Lifetime,
}

/// The longest lifetime of a static credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    Unlimited,
    AtMost(TimeDelta),
}

impl Lifetime {
    /// Zero means unlimited.
    pub fn of(longest: TimeDelta) -> Self {
        if longest.is_zero() { Self::Unlimited } else { Self::AtMost(longest) }
    }

    /// Whether a credential created at `now` may expire at `end`; `None` means never.
    pub fn allows(self, now: Time, end: Option<Time>) -> bool {
        match (self, end) {
            (Self::Unlimited, _) => true,
            (Self::AtMost(_), None) => false,
            (Self::AtMost(longest), Some(end)) => end - now <= longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_limit_is_exact_and_excludes_never() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000).unwrap();
        let day = Lifetime::of(TimeDelta::days(1));
        assert!(day.allows(at(0), Some(at(86_400))));
        assert!(!day.allows(at(0), Some(at(86_401))));
        assert!(!day.allows(at(0), None));
        assert!(Lifetime::of(TimeDelta::zero()).allows(at(0), None));
    }
}
