//! `/cli-sessions`: the user's CLI sessions.

use actix_web::http::StatusCode;
use askama::Template;
use chrono::TimeDelta;

use crate::domain::credential::EndReason;
use crate::domain::network;
use crate::domain::scope::{Level, ScopeSet};
use crate::domain::time::Time;
use crate::pages::shared::member::{Member, OrganizationSelector, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::paging::PAGE;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::pages::shared::urls::query;
use crate::services::setup;
use crate::store::credentials::Credential;
use crate::store::organizations::Organization;
use crate::store::own_sessions::{self, SessionFilter, SessionOwner, SessionPage, SessionState};
use crate::store::{Conn, StoreError};
use crate::web::cursor;

#[derive(Template)]
#[template(path = "sessions/list.html")]
pub struct SessionsPage {
    pub shell: Shell,
    pub nav: Nav,
    pub numbers: SessionStats,
    pub filter: Filter,
    pub listing: Listing,
    pub pager: Pager,
    /// "orbit login"
    pub login_command: String,
}

/// The four numbers at the top.
#[derive(Debug, Clone, Default)]
pub struct SessionStats {
    pub active: i64,
    pub used_in_14_days: i64,
    pub never_used: i64,
    /// When the next session ends ("In 2 days"), and on which device.
    pub next_end: Option<(String, String)>,
}

#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub query: String,
    pub state: StateFilter,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StateFilter {
    #[default]
    Active,
    /// Expired by time.
    Expired,
    /// Signed out or revoked.
    Ended,
    All,
}

impl StateFilter {
    pub const ALL: [Self; 4] = [Self::Active, Self::Expired, Self::Ended, Self::All];

    pub fn value(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::All => "all",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Expired => "Expired",
            Self::Ended => "Ended",
            Self::All => "All",
        }
    }

    /// Parses the query value; unknown values mean the default.
    pub fn from_value(value: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.value() == value).unwrap_or_default()
    }
}

#[derive(Debug, Clone)]
pub enum Listing {
    /// There never was a session.
    NoneYet,
    NoneMatch,
    Cards(Vec<Card>),
}

/// One session.
#[derive(Debug, Clone)]
pub struct Card {
    /// As in the paths: `ses_9fK2`
    pub id: String,
    /// The name given by the user, otherwise the device's.
    pub name: String,
    /// The registered name of the client.
    pub tool: String,
    /// Claims of the tool about itself and its device: "orbit 2.14.0, macOS 15".
    pub claimed: Option<String>,
    pub kind: DeviceKind,
    pub usage: Usage,
    pub last_used: Option<LastUse>,
    /// Origin of the sign-in, for a session that was never used.
    pub asked_from: String,
    pub end: End,
    /// Number of refreshes.
    pub renewals: i64,
    pub permissions: Vec<CardPermission>,
    /// "Signed in on 22 November 2026 at 14:33 UTC, in a browser."
    pub history: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    Laptop,
    Server,
    Unknown,
}

/// The tag next to the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// "Used 4 minutes ago", within the last day.
    Lately(String),
    /// "Used 12 days ago"
    Before(String),
    /// "Ends in 2 days"
    EndsSoon(String),
    /// Signed in within the last day, not used since.
    NotYet,
    Never,
    Expired,
    SignedOut,
    /// Personal tokens are off in the organization.
    Suspended,
}

#[derive(Debug, Clone)]
pub struct LastUse {
    pub address: String,
    pub at: DisplayTime,
    /// `None` if the addresses cannot be compared.
    pub same_network: Option<bool>,
}

#[derive(Debug, Clone)]
pub enum End {
    /// The session is active.
    Ahead {
        at: DisplayTime,
        /// "90 days"
        idle: String,
    },
    Past {
        at: DisplayTime,
    },
}

/// A permission in the short words of its tag: "Change deployments".
#[derive(Debug, Clone)]
pub struct CardPermission {
    pub words: String,
    pub level: Level,
}

#[derive(Debug, Clone, Default)]
pub struct Pager {
    pub newer: Option<String>,
    pub older: Option<String>,
}

impl SessionStats {
    fn shown(&self) -> [(&'static str, String); 3] {
        [
            ("Active sessions", text::number(self.active)),
            ("Used, 14 days", text::number(self.used_in_14_days)),
            ("Never used", text::number(self.never_used)),
        ]
    }
}

impl SessionsPage {
    /// Text for a search without results so far.
    #[expect(clippy::unused_self, reason = "the template calls it on the page")]
    fn searched(&self) -> String {
        format!("Nothing matches among these {} sessions.", text::number(own_sessions::SEARCH_LIMIT))
    }
}

impl Card {
    pub fn is_live(&self) -> bool {
        matches!(self.end, End::Ahead { .. })
    }

    pub fn renewal_count(&self) -> String {
        text::count(self.renewals, "time", "times")
    }

    pub fn permission_count(&self) -> String {
        let n = i64::try_from(self.permissions.len()).unwrap_or(i64::MAX);
        text::count(n, "permission", "permissions")
    }
}

/// Sessions that end within this time are marked.
const SOON: TimeDelta = TimeDelta::days(7);
/// "Used lately" is within this time.
const RECENT: TimeDelta = TimeDelta::days(1);
/// Period of the number "Used, 14 days"
const RECENT_USE: TimeDelta = TimeDelta::days(14);

/// `GET /` and `GET /cli-sessions`
pub async fn list(req: PageRequest) -> PageResult {
    if req.person().is_none() && req.app.store.read(setup::is_open).await? {
        return Ok(req.redirect("/setup"));
    }
    let member = member(&req, OrganizationSelector::Asked).await?;
    Ok(req.page(StatusCode::OK, &list_page(&req, &member).await?))
}

async fn list_page(req: &PageRequest, member: &Member) -> Result<SessionsPage, StoreError> {
    let now = req.app.now();
    let query = query(req);
    let filter = Filter {
        query: query.get("q").unwrap_or_default().chars().take(100).collect(),
        state: StateFilter::from_value(query.get("state").unwrap_or_default()),
    };
    let after = query.get("cursor").and_then(cursor::read);
    let (org_id, user_id) = (member.organization.id.clone(), member.user_id.clone());
    let (text, state, place) = (filter.query.clone(), state(filter.state), after.clone());
    let read = move |conn: &mut Conn| {
        let owner = SessionOwner { org_id: &org_id, user_id: &user_id };
        let numbers = own_sessions::stats(conn, owner, now, now - RECENT_USE)?;
        let wanted = SessionFilter { now, state, text: &text };
        let page = own_sessions::page(conn, owner, wanted, place.as_ref(), PAGE)?;
        let any = !page.rows.is_empty() || own_sessions::any(conn, owner)?;
        Ok((numbers, page, any))
    };
    let (numbers, SessionPage { rows, older }, any) = req.app.store.read(read).await?;
    let link = |cursor: Option<&str>| {
        let mut link = url::form_urlencoded::Serializer::new(format!("{}/cli-sessions?", req.base()));
        link.append_pair("org", &member.organization.slug).append_pair("state", filter.state.value());
        link.append_pair("q", &filter.query);
        if let Some(cursor) = cursor {
            link.append_pair("cursor", cursor);
        }
        link.finish()
    };
    let pager = Pager {
        newer: after.is_some().then(|| link(None)),
        older: older.map(|(at, id)| link(Some(&cursor::write(at, &id)))),
    };
    let cards: Vec<Card> = rows.iter().map(|row| card(req, &member.organization, row, now)).collect();
    let listing = match (any, cards.is_empty()) {
        (false, _) => Listing::NoneYet,
        (true, true) => Listing::NoneMatch,
        (true, false) => Listing::Cards(cards),
    };
    Ok(SessionsPage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::CliSessions, numbers.active),
        numbers: shown_stats(numbers, now),
        filter,
        listing,
        pager,
        login_command: req.app.config.brand.login_command.clone(),
    })
}

fn state(filter: StateFilter) -> SessionState {
    match filter {
        StateFilter::All => SessionState::Any,
        StateFilter::Active => SessionState::Active,
        StateFilter::Ended => SessionState::Revoked,
        StateFilter::Expired => SessionState::Expired,
    }
}

fn shown_stats(numbers: own_sessions::SessionStats, now: Time) -> SessionStats {
    SessionStats {
        active: numbers.active,
        used_in_14_days: numbers.used,
        never_used: numbers.never_used,
        next_end: numbers.next_end.map(|(end, name)| (format!("In {}", text::about(end - now)), name)),
    }
}

/// Not used since the sign-in.
fn never_used(session: &Credential) -> bool {
    session.last_used_at.is_none_or(|at| at <= session.created_at)
}

fn next_end(session: &Credential) -> Option<Time> {
    session.idle_ends_at.into_iter().chain(session.ends_at).min()
}

fn card(
    req: &PageRequest,
    organization: &Organization,
    (session, tool): &(Credential, String),
    now: Time,
) -> Card {
    let scopes = ScopeSet::parse(&session.scopes).unwrap_or_default();
    let permissions = req.app.config.catalog.entries(&scopes).filter(|scope| scope.id != "offline_access");
    let claimed: Vec<String> = [session.tool_version.as_deref(), session.device_os.as_deref()]
        .into_iter()
        .flatten()
        .map(text::device_words)
        .collect();
    let end = if session.is_active(now) {
        let end = session.ends_at.unwrap_or(now);
        End::Ahead {
            at: DisplayTime::day(end.utc()),
            idle: text::duration(req.app.config.tokens.session_idle),
        }
    } else {
        let ended = session.revoked_at.or_else(|| next_end(session)).unwrap_or(now);
        End::Past { at: DisplayTime::minute(ended.utc()) }
    };
    Card {
        id: session.id.clone(),
        name: session.name.clone(),
        tool: text::name(tool),
        claimed: (!claimed.is_empty()).then(|| claimed.join(", ")),
        kind: kind(session),
        usage: usage(session, organization, now),
        last_used: last_use(req, session),
        asked_from: session.created_ip.clone().unwrap_or_else(|| "unknown".to_owned()),
        end,
        renewals: session.generation - 1,
        permissions: permissions
            .map(|scope| CardPermission { words: scope.label.clone(), level: scope.level })
            .collect(),
        history: history(session),
    }
}

fn kind(session: &Credential) -> DeviceKind {
    match session.device_os.as_deref() {
        Some(os) if os.starts_with("macOS") || os.starts_with("Windows") => DeviceKind::Laptop,
        Some(_) => DeviceKind::Server,
        None => DeviceKind::Unknown,
    }
}

fn usage(session: &Credential, organization: &Organization, now: Time) -> Usage {
    if session.revoked_at.is_some() {
        return Usage::SignedOut;
    }
    if !session.is_active(now) {
        return Usage::Expired;
    }
    if !organization.personal_tokens {
        return Usage::Suspended;
    }
    if let Some(end) = next_end(session).filter(|end| *end - now < SOON) {
        return Usage::EndsSoon(format!("Ends in {}", text::about(end - now)));
    }
    match session.last_used_at {
        _ if never_used(session) && now - session.created_at < RECENT => Usage::NotYet,
        None => Usage::Never,
        Some(_) if never_used(session) => Usage::Never,
        Some(at) if now - at < RECENT => Usage::Lately(format!("Used {}", text::ago(at.utc(), now.utc()))),
        Some(at) => Usage::Before(format!("Used {}", text::ago(at.utc(), now.utc()))),
    }
}

fn last_use(req: &PageRequest, session: &Credential) -> Option<LastUse> {
    let at = session.last_used_at.filter(|_| !never_used(session))?;
    let address = session.last_used_ip.clone()?;
    let same = address.parse().ok().zip(req.address).map(|(there, here)| network::same(there, here));
    Some(LastUse { address, at: DisplayTime::minute(at.utc()), same_network: same })
}

fn history(session: &Credential) -> String {
    let started = format!("Signed in on {}, in a browser.", text::date_time(session.created_at.utc()));
    match session.revoked_reason {
        None => started,
        Some(EndReason::SignedOut) => format!("{started} Signed out here."),
        Some(EndReason::SignedOutByTool) => format!("{started} Signed out by the tool."),
        Some(EndReason::RevokedByAdmin) => format!("{started} Ended by an admin."),
        Some(EndReason::RefreshReuse) => {
            format!(
                "{started} Ended because an old refresh token was used again: someone else may have a copy of it."
            )
        }
        Some(EndReason::CodeReuse) => {
            format!("{started} Ended because its authorization code was used twice.")
        }
        Some(EndReason::Revoked | EndReason::Replaced) => format!("{started} Revoked."),
        Some(EndReason::Leaked) => {
            format!("{started} Ended because its token was found where it should not be.")
        }
        Some(EndReason::Ahead) => {
            format!("{started} Ended because its token was newer than the restored database.")
        }
        Some(EndReason::MembershipEnded) => {
            format!("{started} Ended with the membership in the organization.")
        }
        Some(EndReason::OrganizationDeleted) => {
            format!("{started} Ended because the organization was deleted.")
        }
        Some(EndReason::ClientRemoved) => format!("{started} Ended because the tool was removed."),
    }
}
