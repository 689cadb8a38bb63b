//! The card of one API key or personal token in a list.

use chrono::TimeDelta;

use crate::domain::allowed_addresses::AllowedAddresses;
use crate::domain::granted_scopes::GrantedScopes as Given;
use crate::domain::scope::Level;
use crate::domain::static_secret::Mode;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::pages::shared::request::PageRequest;
use crate::pages::shared::text::{self, DisplayTime};
use crate::services::credential_names::NamedCredential;
use crate::store::static_credentials::StaticCredential;

/// A key or a token.
#[derive(Debug, Clone)]
pub struct CredentialCard {
    pub name: String,
    /// `acme_live_…Wq3f`
    pub shown: String,
    /// `None` for personal tokens.
    pub mode: Option<Mode>,
    pub state: CardState,
    pub granted: GrantedPermissions,
    /// The owner. `None` for personal tokens, which are always the viewer's own.
    pub owner: Option<Owner>,
    pub last_used: Option<LastUse>,
    pub end: End,
    pub made_at: DisplayTime,
    pub made_by: String,
    /// Allowed addresses; empty for all.
    pub addresses: Vec<String>,
    /// Paths of the pages for changing it; `None` if not possible.
    pub permissions: Option<String>,
    pub rotate: Option<String>,
    pub revoke: Option<String>,
}

/// The tag next to the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardState {
    /// "Used 4 minutes ago", within the last day.
    Lately(String),
    /// "Used 12 days ago"
    Before(String),
    Never,
    /// "Ends in 2 days"
    EndsSoon(String),
    /// The organization's policy currently forbids it.
    Suspended,
    Expired,
    Revoked,
    /// Replaced by a rotation.
    Replaced,
}

/// Permissions of the credential.
#[derive(Debug, Clone)]
pub enum GrantedPermissions {
    Unrestricted,
    Permissions(Vec<CardPermission>),
}

/// Label and id of a permission.
#[derive(Debug, Clone)]
pub struct CardPermission {
    pub id: String,
    pub words: String,
    pub level: Level,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    You,
    Person(String),
    ServiceAccount(String),
}

#[derive(Debug, Clone)]
pub struct LastUse {
    pub at: DisplayTime,
    pub address: Option<String>,
}

#[derive(Debug, Clone)]
pub enum End {
    Never,
    Ahead(DisplayTime),
    Past(DisplayTime),
}

impl GrantedPermissions {
    pub fn words(&self) -> String {
        match self {
            Self::Unrestricted => "Unrestricted".to_owned(),
            Self::Permissions(permissions) => {
                let n = i64::try_from(permissions.len()).unwrap_or(i64::MAX);
                text::count(n, "permission", "permissions")
            }
        }
    }

    pub fn is_unrestricted(&self) -> bool {
        match self {
            Self::Unrestricted => true,
            Self::Permissions(_) => false,
        }
    }

    pub fn permissions(&self) -> &[CardPermission] {
        match self {
            Self::Unrestricted => &[],
            Self::Permissions(permissions) => permissions,
        }
    }
}

impl CredentialCard {
    pub fn mode_word(&self) -> Option<&'static str> {
        self.mode.map(|mode| match mode {
            Mode::Live => "Live",
            Mode::Test => "Test",
        })
    }
}

/// Credentials that end within this time are marked.
const SOON: TimeDelta = TimeDelta::days(7);
/// "Used lately" is within this time.
const RECENT: TimeDelta = TimeDelta::days(1);

/// Context of the list around a card.
pub(in crate::pages) struct ListContext<'a> {
    /// The signed-in user.
    pub user_id: &'a str,
    /// Whether the organization allows these credentials, and unrestricted ones.
    pub on: bool,
    pub unrestricted: bool,
    /// Whether the list shows owners.
    pub owners: bool,
    /// Paths for changing permissions, rotating and revoking, by credential id.
    pub permissions: Option<&'a dyn Fn(&str) -> String>,
    pub rotate: Option<&'a dyn Fn(&str) -> String>,
    pub revoke: Option<&'a dyn Fn(&str) -> String>,
}

/// `acme_live_…Wq3f`
pub(in crate::pages) fn shown(credential: &StaticCredential) -> String {
    format!("{}…{}", credential.display_prefix, credential.last_four)
}

/// "4 minutes ago"
pub(in crate::pages) fn last_used(req: &PageRequest, named: &NamedCredential) -> Option<String> {
    named.credential.last_used_at.map(|at| text::ago(at.utc(), req.app.now().utc()))
}

pub(in crate::pages) fn card(
    req: &PageRequest,
    listed: &ListContext<'_>,
    named: &NamedCredential,
) -> CredentialCard {
    let (credential, now) = (&named.credential, req.app.now());
    let active = credential.revoked_at.is_none() && !credential.has_ended(now);
    let on = listed.on && (listed.unrestricted || !credential.granted.is_unrestricted());
    let link = |to: Option<&dyn Fn(&str) -> String>| to.map(|to| to(&credential.id)).filter(|_| active);
    CredentialCard {
        name: text::name(&credential.name),
        shown: shown(credential),
        mode: credential.kind.mode(),
        state: state(credential, on, now),
        granted: granted(req, &credential.granted),
        owner: listed.owners.then(|| owner(listed.user_id, named)),
        last_used: credential.last_used_at.map(|at| LastUse {
            at: DisplayTime::minute(at.utc()),
            address: credential.last_used_ip.clone(),
        }),
        end: end(credential, now),
        made_at: DisplayTime::minute(credential.created_at.utc()),
        made_by: text::name(&named.creator_name),
        addresses: credential.allowed_addresses.iter().flat_map(AllowedAddresses::iter).collect(),
        permissions: link(listed.permissions),
        rotate: link(listed.rotate).filter(|_| {
            on && credential.replaced_by.is_none() && may_rotate(listed.user_id, &credential.owner)
        }),
        revoke: link(listed.revoke),
    }
}

/// Whether the user may rotate: the new secret of a key that acts as a user is only for that user.
pub(in crate::pages) fn may_rotate(user_id: &str, owner: &SubjectId) -> bool {
    match owner {
        SubjectId::User(id) => id == user_id,
        SubjectId::ServiceAccount(_) => true,
    }
}

fn state(credential: &StaticCredential, on: bool, now: Time) -> CardState {
    let ended = credential.revoked_at.is_some() || credential.has_ended(now);
    if ended && credential.replaced_by.is_some() {
        return CardState::Replaced;
    }
    if credential.revoked_at.is_some() {
        return CardState::Revoked;
    }
    if credential.has_ended(now) {
        return CardState::Expired;
    }
    if !on {
        return CardState::Suspended;
    }
    if let Some(end) = credential.ends_at.filter(|end| *end - now < SOON) {
        return CardState::EndsSoon(format!("Ends in {}", text::about(end - now)));
    }
    match credential.last_used_at {
        None => CardState::Never,
        Some(at) if now - at < RECENT => {
            CardState::Lately(format!("Used {}", text::ago(at.utc(), now.utc())))
        }
        Some(at) => CardState::Before(format!("Used {}", text::ago(at.utc(), now.utc()))),
    }
}

fn granted(req: &PageRequest, given: &Given) -> GrantedPermissions {
    match given {
        Given::Unrestricted => GrantedPermissions::Unrestricted,
        Given::Scopes(scopes) => {
            let entries = req.app.config.catalog.entries(scopes);
            GrantedPermissions::Permissions(
                entries
                    .map(|scope| CardPermission {
                        id: scope.id.clone(),
                        words: scope.label.clone(),
                        level: scope.level,
                    })
                    .collect(),
            )
        }
    }
}

fn owner(user_id: &str, named: &NamedCredential) -> Owner {
    match &named.credential.owner {
        SubjectId::User(id) if id == user_id => Owner::You,
        SubjectId::User(_) => Owner::Person(text::name(&named.owner_name)),
        SubjectId::ServiceAccount(_) => Owner::ServiceAccount(text::name(&named.owner_name)),
    }
}

fn end(credential: &StaticCredential, now: Time) -> End {
    match (credential.revoked_at, credential.ends_at) {
        (Some(at), _) => End::Past(DisplayTime::minute(at.utc())),
        (None, Some(at)) if at <= now => End::Past(DisplayTime::minute(at.utc())),
        (None, Some(at)) => End::Ahead(DisplayTime::minute(at.utc())),
        (None, None) => End::Never,
    }
}
