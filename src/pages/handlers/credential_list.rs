//! Reading a list of keys or tokens: which of them, and page by page.

use super::account::query;
use super::paging;
use super::visit::Visit;
use crate::domain::time::Time;
use crate::pages::credential_list::{CredentialList, ListAddress, Listing, StateFilter};
use crate::pages::credentials::CredentialCard;
use crate::pages::sessions::Pager;
use crate::services::named::Named;
use crate::services::refusal::Refusal;
use crate::store::StoreError;
use crate::store::static_credentials::{Part, Standing};
use crate::web::cursor;

/// What a visit asks of a list.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    address: ListAddress,
    state: StateFilter,
    after: Option<(Time, String)>,
    now: Time,
}

/// What there is of it.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// With the first of the page behind it.
    rows: Vec<Named>,
    /// Whether there is one at all, whatever its state.
    any: bool,
}

impl Asked {
    pub(super) fn read(visit: &Visit, address: ListAddress) -> Self {
        let query = query(visit);
        Self {
            address,
            state: StateFilter::from_value(query.get("state").unwrap_or_default()),
            after: query.get("cursor").and_then(cursor::read),
            now: visit.app.now(),
        }
    }

    /// Reads it with `list`.
    pub(super) fn find(
        &self,
        mut list: impl FnMut(Part<'_>) -> Result<Result<Vec<Named>, Refusal>, StoreError>,
    ) -> Result<Result<Found, Refusal>, StoreError> {
        let standing = match self.state {
            StateFilter::Active => Standing::Living(self.now),
            StateFilter::Ended => Standing::Ended(self.now),
            StateFilter::All => Standing::Any,
        };
        let part = Part { standing, after: self.after.as_ref(), limit: paging::limit() };
        let rows = match list(part)? {
            Ok(rows) => rows,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !rows.is_empty() {
            return Ok(Ok(Found { rows, any: true }));
        }
        let first = list(Part { standing: Standing::Any, after: None, limit: 1 })?;
        Ok(first.map(|first| Found { rows, any: !first.is_empty() }))
    }

    /// The list as the page shows it.
    pub(super) fn shown(self, found: Found, card: impl Fn(&Named) -> CredentialCard) -> CredentialList {
        let Found { mut rows, any } = found;
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
