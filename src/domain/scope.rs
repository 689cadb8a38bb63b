//! The scope catalog, and sets of scopes.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::parse_error::ParseError;

/// The impact of a scope, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Read,
    Change,
    Delete,
    Administer,
}

impl Level {
    /// Label of the tag next to a permission.
    pub fn word(self) -> &'static str {
        match self {
            Level::Read => "Read",
            Level::Change => "Change",
            Level::Delete => "Delete",
            Level::Administer => "Administer",
        }
    }
}

/// An entry of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scope {
    pub id: String,
    /// For example "See deployments, their logs and settings".
    pub label: String,
    /// The label after "Not asked for:", such as "delete deployments".
    pub not_label: String,
    pub level: Level,
    /// Roles that include this scope: their members may grant it.
    pub roles: Vec<String>,
    /// Granted if a request has no `scope` and the client no default.
    pub default: bool,
}

/// A named set of scopes, offered when a key is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bundle {
    pub id: String,
    pub label: String,
    pub scopes: Vec<String>,
    /// A hint for the choice, such as "not recommended for new integrations".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// All scopes of this deployment, in the order of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    version: String,
    scopes: Vec<Scope>,
    bundles: Vec<Bundle>,
}

/// Scopes of OpenID Connect: what a sign-in reveals about a user, and how long it lasts. They have no meaning for
/// static credentials.
const SIGN_IN_SCOPES: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

impl Scope {
    /// Whether it only has a meaning for sign-ins.
    pub fn is_sign_in_scope(&self) -> bool {
        SIGN_IN_SCOPES.contains(&self.id.as_str())
    }
}

impl Level {
    /// Weakest first.
    pub const ALL: [Self; 4] = [Self::Read, Self::Change, Self::Delete, Self::Administer];

    /// The name in forms and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Read => "read",
            Level::Change => "change",
            Level::Delete => "delete",
            Level::Administer => "administer",
        }
    }
}

impl Catalog {
    pub fn new(version: String, scopes: Vec<Scope>, bundles: Vec<Bundle>) -> Self {
        Self { version, scopes, bundles }
    }

    /// Changes when the meaning of any scope does.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn bundles(&self) -> &[Bundle] {
        &self.bundles
    }

    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.scopes.iter()
    }

    pub fn get(&self, id: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.id == id)
    }

    pub fn contains(&self, id: &str) -> bool {
        self.get(id).is_some()
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(|scope| scope.id.as_str())
    }

    pub fn defaults(&self) -> ScopeSet {
        self.scopes.iter().filter(|scope| scope.default).map(|scope| scope.id.clone()).collect()
    }

    /// All scopes of a role.
    pub fn held_by(&self, role: &str) -> ScopeSet {
        self.scopes
            .iter()
            .filter(|scope| scope.roles.iter().any(|held| held == role))
            .map(|scope| scope.id.clone())
            .collect()
    }

    /// The entries of a set of scopes, in catalog order.
    pub fn entries<'a>(&'a self, set: &'a ScopeSet) -> impl Iterator<Item = &'a Scope> {
        self.scopes.iter().filter(|scope| set.contains(&scope.id))
    }
}

/// A set of scope ids. Displayed as the space-separated `scope` of RFC 6749 section 3.3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSet(BTreeSet<String>);

const BAD_SCOPE: ParseError = ParseError("scope has a character that RFC 6749 does not allow");

impl ScopeSet {
    /// Parses a space-separated list.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        text.split(' ')
            .filter(|id| !id.is_empty())
            .map(|id| if id.bytes().all(allowed) { Ok(id.to_owned()) } else { Err(BAD_SCOPE) })
            .collect::<Result<BTreeSet<_>, _>>()
            .map(Self)
    }

    pub fn contains(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }
}

impl FromIterator<String> for ScopeSet {
    fn from_iter<T: IntoIterator<Item = String>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, id) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            f.write_str(id)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_value_is_a_set_separated_by_spaces() {
        let set = ScopeSet::parse("b a  a").unwrap();
        assert_eq!(set.to_string(), "a b");
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn control_characters_and_quotes_are_refused() {
        for bad in ["a\tb", "a\"", "a\\", "\u{7f}", "ä"] {
            assert_eq!(ScopeSet::parse(bad), Err(BAD_SCOPE), "{bad:?}");
        }
    }
}
