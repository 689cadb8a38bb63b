//! Form choices of a key or token: permissions and expiry.

use chrono::{NaiveDate, TimeDelta};

use crate::domain::granted_scopes::GrantedScopes;
use crate::domain::key_policy::Lifetime;
use crate::domain::parameters::Parameters;
use crate::domain::scope::{Bundle, Catalog, Level, Scope, ScopeSet};
use crate::domain::time::Time;
use crate::pages::shared::text;

/// State of a checkbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TickState {
    Off,
    On,
    /// The user cannot grant it.
    Closed,
}

impl TickState {
    pub fn of(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }

    pub fn is_on(self) -> bool {
        self == Self::On
    }

    pub fn is_closed(self) -> bool {
        self == Self::Closed
    }
}

/// The purpose of a choice of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A new key or token.
    New,
    /// An existing key.
    Change,
}

/// The permissions to choose from.
#[derive(Debug, Clone)]
pub struct PermissionChoices {
    pub purpose: Purpose,
    /// `None` if unrestricted keys are not allowed; otherwise whether this one is unrestricted.
    pub unrestricted: Option<bool>,
    pub bundles: Vec<BundleChoice>,
    /// Weakest level first.
    pub levels: Vec<LevelChoices>,
}

/// Permissions that go well together.
#[derive(Debug, Clone)]
pub struct BundleChoice {
    pub id: String,
    pub label: String,
    /// "not recommended for new integrations"
    pub note: Option<String>,
    pub scopes: Vec<String>,
    pub tick: TickState,
}

/// Permissions of one level.
#[derive(Debug, Clone)]
pub struct LevelChoices {
    pub level: Level,
    pub permissions: Vec<PermissionChoice>,
}

#[derive(Debug, Clone)]
pub struct PermissionChoice {
    pub id: String,
    pub label: String,
    /// The roles that include it.
    pub roles: Vec<String>,
    pub tick: TickState,
}

/// Choices for the expiry.
#[derive(Debug, Clone)]
pub struct EndChoices {
    /// "90 days", with the value of its button.
    pub lengths: Vec<(String, String)>,
    pub never: bool,
    /// The value of the button that is chosen.
    pub chosen: String,
    /// The date as it was typed.
    pub date: String,
    /// Maximum lifetime, if limited: "365 days".
    pub most: Option<String>,
}

/// Values of the buttons other than lengths.
pub const ON_A_DATE: &str = "date";
pub const NEVER: &str = "never";

impl PermissionChoices {
    pub fn bundles_heading(&self) -> &'static str {
        match self.purpose {
            Purpose::New => "In bundles",
            Purpose::Change => "Add a bundle",
        }
    }

    /// Why the box of a permission is closed.
    pub fn why_closed(&self) -> &'static str {
        match self.purpose {
            Purpose::New => "Your role does not include it.",
            Purpose::Change => "Your role or the role of the key’s owner does not include it.",
        }
    }

    /// Why the box of a bundle is closed.
    pub fn why_bundle_closed(&self) -> &'static str {
        match self.purpose {
            Purpose::New => "Your role does not include all of them.",
            Purpose::Change => "Your role or the role of the key’s owner does not include all of them.",
        }
    }
}

impl LevelChoices {
    pub fn heading(&self) -> &'static str {
        match self.level {
            Level::Read => "To read",
            Level::Change => "To change",
            Level::Delete => "To delete",
            Level::Administer => "To administer",
        }
    }

    /// Whether there are enough permissions for a select-all checkbox.
    pub fn has_box_for_all(&self) -> bool {
        const BOX_FOR_ALL_FROM: usize = 3;
        self.permissions.iter().filter(|permission| !permission.tick.is_closed()).count() >= BOX_FOR_ALL_FROM
    }
}

impl EndChoices {
    pub fn is(&self, value: &str) -> bool {
        self.chosen == value
    }
}

/// Lengths offered, in days, within the organization's limit.
const DAYS: [i64; 3] = [7, 30, 90];

/// Checked boxes.
#[derive(Debug, Clone, Default)]
pub(in crate::pages) struct Ticked {
    scopes: ScopeSet,
    bundles: Vec<String>,
    pub unrestricted: bool,
}

impl Ticked {
    /// Reads a submitted form.
    pub(in crate::pages) fn read(form: &Parameters, catalog: &Catalog) -> Self {
        let on = |kind: &str, id: &str| form.get(&format!("{kind}.{id}")).is_some();
        Self {
            scopes: catalog.ids().filter(|id| on("scope", id)).map(str::to_owned).collect(),
            bundles: catalog
                .bundles()
                .iter()
                .filter(|bundle| on("bundle", &bundle.id))
                .map(|bundle| bundle.id.clone())
                .collect(),
            unrestricted: form.get("grant") == Some("unrestricted"),
        }
    }

    /// Suggestions in a link: `?bundle=deploy`, `?scope=deployments:read keys:read`.
    pub(in crate::pages) fn suggested(query: &Parameters) -> Self {
        Self {
            scopes: query.get("scope").and_then(|text| ScopeSet::parse(text).ok()).unwrap_or_default(),
            bundles: query.get("bundle").map(str::to_owned).into_iter().collect(),
            ..Self::default()
        }
    }

    /// Current permissions of a key.
    pub(in crate::pages) fn of(granted: &GrantedScopes) -> Self {
        Self { scopes: granted.named(), ..Self::default() }
    }

    /// All checked scopes, directly or in a bundle.
    pub(in crate::pages) fn all(&self, catalog: &Catalog) -> Vec<String> {
        let ticked = catalog.bundles().iter().filter(|bundle| self.bundles.contains(&bundle.id));
        let in_bundles = ticked.flat_map(|bundle| bundle.scopes.iter().map(String::as_str));
        let all: ScopeSet = self.scopes.iter().chain(in_bundles).map(str::to_owned).collect();
        all.iter().map(str::to_owned).collect()
    }

    /// Choices for changing a key with these current and possible scopes. Bundles that it already has are
    /// left out.
    pub(in crate::pages) fn offered_to(
        &self,
        catalog: &Catalog,
        granted: &GrantedScopes,
        open: &ScopeSet,
    ) -> PermissionChoices {
        let mut offered = self.offered(catalog, open, false);
        let named = granted.named();
        offered.bundles.retain(|bundle| !bundle.scopes.iter().all(|scope| named.contains(scope)));
        PermissionChoices { purpose: Purpose::Change, ..offered }
    }

    /// Choices for a user with these scopes.
    pub(in crate::pages) fn offered(
        &self,
        catalog: &Catalog,
        held: &ScopeSet,
        unrestricted: bool,
    ) -> PermissionChoices {
        let tick = |open: bool, on: bool| if open { TickState::of(on) } else { TickState::Closed };
        let permission = |scope: &Scope| PermissionChoice {
            id: scope.id.clone(),
            label: scope.label.clone(),
            roles: scope.roles.clone(),
            tick: tick(held.contains(&scope.id), self.scopes.contains(&scope.id)),
        };
        let bundle = |bundle: &Bundle| BundleChoice {
            id: bundle.id.clone(),
            label: bundle.label.clone(),
            note: bundle.note.clone(),
            scopes: bundle.scopes.clone(),
            tick: tick(
                bundle.scopes.iter().all(|scope| held.contains(scope)),
                self.bundles.contains(&bundle.id),
            ),
        };
        let of_level = |level: Level| {
            let scopes = offered_of(catalog).filter(|scope| scope.level == level);
            LevelChoices { level, permissions: scopes.map(permission).collect() }
        };
        PermissionChoices {
            purpose: Purpose::New,
            unrestricted: unrestricted.then_some(self.unrestricted),
            bundles: catalog.bundles().iter().map(bundle).collect(),
            levels: Level::ALL.map(of_level).into_iter().filter(|of| !of.permissions.is_empty()).collect(),
        }
    }
}

/// Scopes with a checkbox.
fn offered_of(catalog: &Catalog) -> impl Iterator<Item = &Scope> {
    catalog.iter().filter(|scope| !scope.is_sign_in_scope())
}

/// Scopes of `set` that the form does not show; saving keeps them.
pub(in crate::pages) fn without_a_box(catalog: &Catalog, set: &ScopeSet) -> Vec<String> {
    catalog.entries(set).filter(|scope| scope.is_sign_in_scope()).map(|scope| scope.id.clone()).collect()
}

/// The chosen expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum ChosenEnd {
    After(TimeDelta),
    At(Time),
    Never,
}

impl ChosenEnd {
    pub(in crate::pages) fn at(self, now: Time) -> Option<Time> {
        match self {
            Self::After(length) => Some(now + length),
            Self::At(end) => Some(end),
            Self::Never => None,
        }
    }
}

/// The expiry as submitted.
#[derive(Debug, Clone)]
pub(in crate::pages) struct EndChoice {
    chosen: String,
    date: String,
}

impl EndChoice {
    /// The longest offered length, as default.
    pub(in crate::pages) fn default_for(lifetime: Lifetime) -> Self {
        let longest = lengths(lifetime).last().map(|length| value(*length));
        Self { chosen: longest.unwrap_or_default(), date: String::new() }
    }

    pub(in crate::pages) fn read(form: &Parameters) -> Self {
        let field = |name: &str| form.get(name).unwrap_or_default().chars().take(20).collect();
        Self { chosen: field("ends"), date: field("date") }
    }

    /// The expiry, or the form problem.
    pub(in crate::pages) fn resolve(
        &self,
        what: &str,
        lifetime: Lifetime,
        now: Time,
    ) -> Result<ChosenEnd, String> {
        let end = match self.chosen.as_str() {
            NEVER => ChosenEnd::Never,
            ON_A_DATE => ChosenEnd::At(day(&self.date).ok_or("Enter the day on which it ends")?),
            chosen => {
                let length = lengths(lifetime).into_iter().find(|length| value(*length) == chosen);
                ChosenEnd::After(length.ok_or("Choose when it ends")?)
            }
        };
        match (end, lifetime) {
            (ChosenEnd::At(at), _) if at <= now => Err("Choose a day in the future".to_owned()),
            (_, Lifetime::AtMost(longest)) if !lifetime.allows(now, end.at(now)) => Err(format!(
                "{what} can be valid for at most {} here. Choose a day up to {}, or ask an owner or an admin to allow more",
                text::duration(longest),
                text::date((now + longest).utc()),
            )),
            _ => Ok(end),
        }
    }

    pub(in crate::pages) fn offered(&self, lifetime: Lifetime) -> EndChoices {
        EndChoices {
            lengths: lengths(lifetime)
                .into_iter()
                .map(|length| (value(length), text::duration(length)))
                .collect(),
            never: lifetime == Lifetime::Unlimited,
            chosen: self.chosen.clone(),
            date: self.date.clone(),
            most: match lifetime {
                Lifetime::Unlimited => None,
                Lifetime::AtMost(longest) => Some(text::duration(longest)),
            },
        }
    }
}

fn lengths(lifetime: Lifetime) -> Vec<TimeDelta> {
    let usual = DAYS.map(TimeDelta::days);
    match lifetime {
        Lifetime::Unlimited => usual.into(),
        Lifetime::AtMost(longest) if longest < usual[0] => vec![longest],
        Lifetime::AtMost(longest) => usual.into_iter().filter(|length| *length <= longest).collect(),
    }
}

fn value(length: TimeDelta) -> String {
    length.num_seconds().to_string()
}

/// Parses a date field; the beginning of the day in UTC.
fn day(date: &str) -> Option<Time> {
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    Time::from_micros(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(chosen: &str, date: &str, lifetime: Lifetime) -> Result<ChosenEnd, String> {
        let now = Time::parse("2026-11-23T08:00:00Z").unwrap();
        EndChoice { chosen: chosen.to_owned(), date: date.to_owned() }.resolve("API keys", lifetime, now)
    }

    #[test]
    fn a_year_that_could_not_be_written_is_no_date() {
        assert!(day("2027-02-21").is_some());
        for date in ["+12345-01-01", "-0001-01-01", "2027-02-30", ""] {
            assert_eq!(day(date), None, "{date}");
        }
    }

    #[test]
    fn an_end_is_a_length_a_day_or_never() {
        assert_eq!(chosen("7776000", "", Lifetime::Unlimited), Ok(ChosenEnd::After(TimeDelta::days(90))));
        assert_eq!(chosen("never", "2020-01-01", Lifetime::Unlimited), Ok(ChosenEnd::Never));
        let day = Time::parse("2026-11-24T00:00:00Z").unwrap();
        assert_eq!(chosen("date", "2026-11-24", Lifetime::Unlimited), Ok(ChosenEnd::At(day)));
        for (value, date) in
            [("", ""), ("1", ""), ("date", ""), ("date", "24.11.2026"), ("date", "2026-11-23")]
        {
            assert!(chosen(value, date, Lifetime::Unlimited).is_err(), "{value} {date}");
        }
    }

    #[test]
    fn an_end_beyond_what_is_allowed_names_the_last_day_that_is() {
        let month = Lifetime::of(TimeDelta::days(30));
        let problem = chosen("date", "2027-01-01", month).unwrap_err();
        assert!(problem.contains("at most 30 days") && problem.contains("23 December 2026"), "{problem}");
        assert!(chosen("never", "", month).is_err());
        assert_eq!(chosen("7776000", "", month), Err("Choose when it ends".to_owned()));
    }

    #[test]
    fn the_longest_length_that_is_allowed_is_chosen_beforehand() {
        assert_eq!(EndChoice::default_for(Lifetime::Unlimited).chosen, "7776000");
        assert_eq!(EndChoice::default_for(Lifetime::of(TimeDelta::days(30))).chosen, "2592000");
        assert_eq!(EndChoice::default_for(Lifetime::of(TimeDelta::hours(1))).chosen, "3600");
    }
}
