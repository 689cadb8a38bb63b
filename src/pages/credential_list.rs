//! A list of keys or tokens, with the choice between those that work and those that have ended.

use super::credentials::CredentialCard;
use super::sessions::Pager;

#[derive(Debug, Clone)]
pub struct CredentialList {
    pub address: ListAddress,
    pub state: StateFilter,
    pub listing: Listing,
    pub pager: Pager,
}

/// Where a list is.
#[derive(Debug, Clone)]
pub struct ListAddress {
    pub path: String,
    /// The organization, where the path does not name it and there are several.
    pub org: Option<String>,
}

/// Which of them are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StateFilter {
    /// Those that have not ended.
    #[default]
    Active,
    Ended,
    All,
}

#[derive(Debug, Clone)]
pub enum Listing {
    Cards(Vec<CredentialCard>),
    /// There never was one.
    NoneYet,
    /// All have ended.
    NoneActive,
    /// All still work.
    NoneEnded,
    /// Those that stood behind the page before have gone from this list meanwhile.
    NoMore,
}

impl StateFilter {
    pub const ALL: [Self; 3] = [Self::Active, Self::Ended, Self::All];

    pub fn value(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Ended => "ended",
            Self::All => "all",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Ended => "Ended",
            Self::All => "All",
        }
    }

    /// What the query string names; anything else is the default.
    pub fn from_value(value: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.value() == value).unwrap_or_default()
    }
}

impl ListAddress {
    /// This list with another choice, from its beginning.
    pub fn of(&self, state: StateFilter) -> String {
        self.link(state, None)
    }

    /// The page of this list that begins behind `cursor`.
    pub fn link(&self, state: StateFilter, cursor: Option<&str>) -> String {
        let state = Some(state).filter(|state| *state != StateFilter::default()).map(StateFilter::value);
        let pairs = [("org", self.org.as_deref()), ("state", state), ("cursor", cursor)];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        let query = pairs.collect::<Vec<_>>().join("&");
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

impl CredentialList {
    pub fn is_new(&self) -> bool {
        match self.listing {
            Listing::NoneYet => true,
            Listing::Cards(_) | Listing::NoneActive | Listing::NoneEnded | Listing::NoMore => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_only_what_is_not_usual() {
        let keys = ListAddress { path: "/o/acme/keys".into(), org: None };
        assert_eq!(keys.of(StateFilter::Active), "/o/acme/keys");
        assert_eq!(keys.link(StateFilter::Ended, Some("x")), "/o/acme/keys?state=ended&cursor=x");
        let tokens = ListAddress { path: "/tokens".into(), org: Some("acme".into()) };
        assert_eq!(tokens.of(StateFilter::All), "/tokens?org=acme&state=all");
        for state in StateFilter::ALL {
            assert_eq!(StateFilter::from_value(state.value()), state);
        }
        assert_eq!(StateFilter::from_value("nonsense"), StateFilter::Active);
    }
}
