//! Lists of API keys and personal tokens: filter, search, pages.

use crate::domain::time::Time;
use crate::pages::credentials::card::CredentialCard;
use crate::pages::sessions::list::Pager;
use crate::pages::shared::paging;
use crate::pages::shared::request::PageRequest;
use crate::pages::shared::urls::query;
use crate::services::credential_names::NamedCredential;
use crate::services::refusal::ServiceRefusal;
use crate::store::TxError;
use crate::store::static_credentials::{PageQuery, StatusFilter};
use crate::web::cursor;

#[derive(Debug, Clone)]
pub struct CredentialList {
    pub address: ListAddress,
    pub state: StateFilter,
    pub listing: Listing,
    pub pager: Pager,
}

/// Path of a list.
#[derive(Debug, Clone)]
pub struct ListAddress {
    pub path: String,
    /// The organization, if the path does not name it and the user has several.
    pub org: Option<String>,
}

/// State filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StateFilter {
    /// Not ended.
    #[default]
    Active,
    Ended,
    All,
}

#[derive(Debug, Clone)]
pub enum Listing {
    Cards(Vec<CredentialCard>),
    /// There never was any.
    NoneYet,
    /// All have ended.
    NoneActive,
    /// All still work.
    NoneEnded,
    /// The entries after the previous page are gone from this list.
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

    /// Parses the query value; unknown values mean the default.
    pub fn from_value(value: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.value() == value).unwrap_or_default()
    }
}

impl ListAddress {
    /// Path of the first page with another filter.
    pub fn of(&self, state: StateFilter) -> String {
        self.link(state, None)
    }

    /// Path of the page after `cursor`.
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

/// List parameters of a request.
#[derive(Debug, Clone)]
pub(in crate::pages) struct ListQuery {
    address: ListAddress,
    state: StateFilter,
    after: Option<(Time, String)>,
    now: Time,
}

/// Query result of a list.
#[derive(Debug, Default)]
pub(in crate::pages) struct FoundPage {
    /// One extra row for the next page.
    rows: Vec<NamedCredential>,
    /// Whether there is any, in any state.
    any: bool,
}

impl ListQuery {
    pub(in crate::pages) fn read(req: &PageRequest, address: ListAddress) -> Self {
        let query = query(req);
        Self {
            address,
            state: StateFilter::from_value(query.get("state").unwrap_or_default()),
            after: query.get("cursor").and_then(cursor::read),
            now: req.app.now(),
        }
    }

    /// Reads it with `list`.
    pub(in crate::pages) fn find(
        &self,
        mut list: impl FnMut(PageQuery<'_>) -> Result<Vec<NamedCredential>, TxError<ServiceRefusal>>,
    ) -> Result<FoundPage, TxError<ServiceRefusal>> {
        let status = match self.state {
            StateFilter::Active => StatusFilter::Active(self.now),
            StateFilter::Ended => StatusFilter::Ended(self.now),
            StateFilter::All => StatusFilter::Any,
        };
        let part = PageQuery { status, after: self.after.as_ref(), limit: paging::limit() };
        let rows = list(part)?;
        if !rows.is_empty() {
            return Ok(FoundPage { rows, any: true });
        }
        let first = list(PageQuery { status: StatusFilter::Any, after: None, limit: 1 })?;
        Ok(FoundPage { rows, any: !first.is_empty() })
    }

    /// The list as the page shows it.
    pub(in crate::pages) fn shown(
        self,
        found: FoundPage,
        card: impl Fn(&NamedCredential) -> CredentialCard,
    ) -> CredentialList {
        let FoundPage { mut rows, any } = found;
        let next = paging::cut(&mut rows, |row| (row.credential.created_at, row.credential.id.as_str()));
        let older = next.map(|cursor| self.address.link(self.state, Some(&cursor)));
        let listing = match (rows.is_empty(), any, &self.after, self.state) {
            (false, ..) => Listing::Cards(rows.iter().map(card).collect()),
            (true, false, ..) => Listing::NoneYet,
            (true, true, None, StateFilter::Active) => Listing::NoneActive,
            (true, true, None, StateFilter::Ended) => Listing::NoneEnded,
            (true, true, Some(_), _) | (true, true, None, StateFilter::All) => Listing::NoMore,
        };
        let newer = self.after.is_some().then(|| self.address.of(self.state));
        CredentialList { address: self.address, state: self.state, listing, pager: Pager { newer, older } }
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
