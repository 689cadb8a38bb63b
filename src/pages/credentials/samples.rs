//! Samples of key and token lists, and of form choices.

use crate::domain::scope::Level;
use crate::domain::static_secret::Mode;
use crate::pages::credentials::card::{
    CardPermission, CardState, CredentialCard, End, GrantedPermissions, LastUse, Owner,
};
use crate::pages::credentials::choices::{
    BundleChoice, EndChoices, LevelChoices, NEVER, PermissionChoice, PermissionChoices, Purpose, TickState,
};
use crate::pages::credentials::list::{CredentialList, ListAddress, Listing, StateFilter};
use crate::pages::samples::{Foreign, moment};
use crate::pages::sessions::list::Pager;

fn card(foreign: Foreign, state: CardState, granted: GrantedPermissions, end: End) -> CredentialCard {
    CredentialCard {
        name: foreign("Build pipeline"),
        shown: "northwind_live_…Wq3f".into(),
        mode: Some(Mode::Live),
        state,
        granted,
        owner: Some(Owner::Person(foreign("Ada Byron"))),
        last_used: Some(LastUse { at: moment(), address: Some("203.0.113.24".into()) }),
        end,
        made_at: moment(),
        made_by: foreign("Maya Okafor"),
        addresses: Vec::new(),
        permissions: Some("/o/northwind/keys/key_1/permissions".into()),
        rotate: Some("/o/northwind/keys/key_1/rotate".into()),
        revoke: Some("/o/northwind/keys/key_1/end".into()),
    }
}

fn permissions() -> GrantedPermissions {
    let permission =
        |id: &str, words: &str, level| CardPermission { id: id.into(), words: words.into(), level };
    GrantedPermissions::Permissions(vec![
        permission("deployments:read", "See deployments, their logs and settings", Level::Read),
        permission("deployments:write", "Create and change deployments", Level::Change),
    ])
}

/// Active ones.
pub(in crate::pages) fn cards(foreign: Foreign) -> Vec<CredentialCard> {
    let ahead = || End::Ahead(moment());
    let card = |state, granted, end| card(foreign, state, granted, end);
    vec![
        card(CardState::Lately("Used 4 minutes ago".into()), permissions(), ahead()),
        CredentialCard {
            owner: Some(Owner::ServiceAccount(foreign("Deployer"))),
            addresses: vec!["203.0.113.0/24".into(), "2001:db8::/32".into()],
            ..card(CardState::Before("Used 12 days ago".into()), GrantedPermissions::Unrestricted, End::Never)
        },
        CredentialCard {
            mode: Some(Mode::Test),
            owner: Some(Owner::You),
            last_used: None,
            ..card(CardState::Never, permissions(), ahead())
        },
        CredentialCard {
            rotate: None,
            ..card(CardState::EndsSoon("Ends in 23 hours".into()), permissions(), ahead())
        },
        CredentialCard { rotate: None, ..card(CardState::Suspended, permissions(), ahead()) },
    ]
}

/// Ended ones.
pub(in crate::pages) fn ended(foreign: Foreign) -> Vec<CredentialCard> {
    let ended = |state| CredentialCard {
        permissions: None,
        rotate: None,
        revoke: None,
        ..card(foreign, state, permissions(), End::Past(moment()))
    };
    vec![ended(CardState::Expired), ended(CardState::Revoked), ended(CardState::Replaced)]
}

/// A long or an empty list.
pub(in crate::pages) fn list(path: &str, state: StateFilter, listing: Listing) -> CredentialList {
    let address = ListAddress { path: path.into(), org: (path == "/tokens").then(|| "northwind".into()) };
    let older = match &listing {
        Listing::Cards(_) => Some(address.link(state, Some("x"))),
        Listing::NoneYet | Listing::NoneActive | Listing::NoneEnded | Listing::NoMore => None,
    };
    let newer = matches!(listing, Listing::NoMore).then(|| address.of(state));
    CredentialList { address, state, listing, pager: Pager { newer, older } }
}

pub(in crate::pages) fn offered(unrestricted: Option<bool>) -> PermissionChoices {
    let permission = |id: &str, label: &str, tick| PermissionChoice {
        id: id.into(),
        label: label.into(),
        roles: vec!["owner".into(), "member".into()],
        tick,
    };
    let level = |level: Level, permissions| LevelChoices { level, permissions };
    PermissionChoices {
        purpose: Purpose::New,
        unrestricted,
        bundles: vec![
            BundleChoice {
                id: "deploy".into(),
                label: "Deploy from a pipeline".into(),
                note: None,
                scopes: vec!["deployments:read".into(), "deployments:write".into()],
                tick: TickState::On,
            },
            BundleChoice {
                id: "legacy".into(),
                label: "Legacy compatibility".into(),
                note: Some("not recommended for new integrations".into()),
                scopes: vec!["deployments:delete".into()],
                tick: TickState::Closed,
            },
        ],
        levels: vec![
            level(
                Level::Read,
                vec![
                    permission("deployments:read", "See deployments, their logs and settings", TickState::On),
                    permission("domains:read", "See domains", TickState::Off),
                    permission("invoices:read", "See invoices", TickState::Closed),
                    permission("metrics:read", "See metrics", TickState::Off),
                ],
            ),
            level(Level::Change, vec![permission("deployments:write", "Change deployments", TickState::Off)]),
            level(
                Level::Delete,
                vec![permission("deployments:delete", "Delete deployments", TickState::Closed)],
            ),
        ],
    }
}

pub(in crate::pages) fn ends(never: bool) -> EndChoices {
    EndChoices {
        lengths: vec![("604800".into(), "7 days".into()), ("7776000".into(), "90 days".into())],
        never,
        chosen: if never { NEVER.into() } else { "7776000".into() },
        date: "2026-12-22".into(),
        most: (!never).then(|| "90 days".into()),
    }
}
