//! Samples of the API key pages.

use crate::domain::secret::Secret;
use crate::domain::static_secret::Mode;
use crate::pages::credentials::choices::{PermissionChoices, Purpose};
use crate::pages::credentials::list::{Listing, StateFilter};
use crate::pages::credentials::samples::{self, cards, ended, ends, offered};
use crate::pages::credentials::secret::{SecretKind, SecretPage, ShownOncePage};
use crate::pages::keys::key::RotatePage;
use crate::pages::keys::list::KeysPage;
use crate::pages::keys::new::{AccountChoice, NewKeyPage};
use crate::pages::keys::permissions::{GrantState, KeyPermissionsPage};
use crate::pages::samples::{Foreign, LOGIN, Sample, moment, nav, print, shell};
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let mut pages = key_pages(foreign);
    pages.extend(permission_pages(foreign));
    pages.extend(secret_pages(foreign));
    pages
}

fn key_pages(foreign: Foreign) -> Vec<Sample> {
    let list = |on, state, listing| KeysPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ApiKeys),
        on,
        may_create: true,
        list: samples::list("/o/northwind/keys", state, listing),
        login_command: LOGIN.into(),
    };
    let new = |problems, unrestricted, never| NewKeyPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ApiKeys),
        problems,
        form_nonce: foreign("mark"),
        name: foreign("Build pipeline"),
        role: "owner".into(),
        mode: Mode::Test,
        more_accounts: true,
        accounts: vec![
            AccountChoice {
                id: "sa_1".into(),
                name: foreign("Deployer"),
                role: "member".into(),
                chosen: true,
            },
            AccountChoice {
                id: "sa_2".into(),
                name: foreign("Backup"),
                role: "viewer".into(),
                chosen: false,
            },
        ],
        permissions: offered(unrestricted),
        ends: ends(never),
        addresses: foreign("203.0.113.0/24"),
    };
    let problems = Problems::default()
        .with("name", "Enter a name")
        .with("owner", "That service account is disabled or gone. Choose another owner")
        .with("scopes", "Choose at least one permission")
        .with("ends", "Choose a day in the future")
        .with("addresses", "Enter addresses such as 203.0.113.7");
    let rotate = RotatePage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ApiKeys),
        form_nonce: "mark".into(),
        id: "key_1".into(),
        name: foreign("Build pipeline"),
        shown: "northwind_live_…Wq3f".into(),
        ends: Some(moment()),
    };
    let revoke = |last_used| ConfirmPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ApiKeys),
        question: Question::RevokeKey {
            slug: "northwind".into(),
            id: "key_1".into(),
            name: foreign("Build pipeline"),
            shown: "northwind_live_…Wq3f".into(),
            last_used,
        },
    };
    vec![
        ("keys", print(&list(true, StateFilter::Active, Listing::Cards(cards(foreign))))),
        ("keys-ended", print(&list(true, StateFilter::Ended, Listing::Cards(ended(foreign))))),
        ("keys-off", print(&list(false, StateFilter::All, Listing::Cards(cards(foreign))))),
        ("keys-none", print(&list(true, StateFilter::Active, Listing::NoneYet))),
        ("keys-none-active", print(&list(true, StateFilter::Active, Listing::NoneActive))),
        ("keys-none-ended", print(&list(true, StateFilter::Ended, Listing::NoneEnded))),
        ("keys-no-more", print(&list(true, StateFilter::All, Listing::NoMore))),
        ("new-key", print(&new(Problems::default(), None, false))),
        ("new-key-unrestricted", print(&new(Problems::default(), Some(true), true))),
        ("new-key-wrong", print(&new(problems, Some(false), false))),
        ("rotate-key", print(&rotate)),
        ("revoke-key", print(&revoke(Some("4 minutes ago".into())))),
        ("revoke-key-never-used", print(&revoke(None))),
    ]
}

fn permission_pages(foreign: Foreign) -> Vec<Sample> {
    let page = |state, problems, last_used| KeyPermissionsPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ApiKeys),
        problems,
        id: "key_1".into(),
        name: foreign("Build pipeline"),
        shown: "northwind_live_…Wq3f".into(),
        last_used,
        state,
        seen: "deployments:read".into(),
        permissions: PermissionChoices { purpose: Purpose::Change, ..offered(None) },
    };
    let shrunk = GrantState::Shrunk {
        role: "viewer".into(),
        lost: vec!["deployments:write".into(), "deployments:delete".into()],
    };
    let wrong = Problems::default().with("scopes", "The key was changed by somebody else");
    vec![
        ("key-permissions", print(&page(GrantState::Whole, Problems::default(), None))),
        ("key-permissions-shrunk", print(&page(shrunk, Problems::default(), Some("4 minutes ago".into())))),
        ("key-permissions-unrestricted", print(&page(GrantState::Unrestricted, Problems::default(), None))),
        ("key-permissions-orphaned", print(&page(GrantState::Orphaned, Problems::default(), None))),
        (
            "key-permissions-orphaned-unrestricted",
            print(&page(GrantState::OrphanedUnrestricted, Problems::default(), None)),
        ),
        ("key-permissions-wrong", print(&page(GrantState::Whole, wrong, None))),
    ]
}

fn secret_pages(foreign: Foreign) -> Vec<Sample> {
    let secret = |made, replaces| SecretPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ApiKeys),
        made,
        name: foreign("Build pipeline"),
        secret: Secret::new("northwind_live_".to_owned() + &"x".repeat(49)),
        variable: "ORBIT_API_KEY".into(),
        ends: Some(moment()),
        replaces,
        list: "/o/northwind/keys".into(),
    };
    let again = |made| ShownOncePage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ApiKeys),
        made,
        name: foreign("Build pipeline"),
        list: "/o/northwind/keys".into(),
        again: "/o/northwind/keys/key_1/rotate".into(),
    };
    vec![
        ("key-created", print(&secret(SecretKind::ApiKey, None))),
        ("key-rotated", print(&secret(SecretKind::ApiKey, Some(moment())))),
        ("token-created", print(&secret(SecretKind::PersonalToken, None))),
        ("key-shown-once", print(&again(SecretKind::ApiKey))),
        ("token-shown-once", print(&again(SecretKind::PersonalToken))),
    ]
}
