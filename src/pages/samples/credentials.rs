//! The pages of API keys, personal tokens and service accounts.

use super::{Foreign, LOGIN, Sample, moment, nav, print, shell};
use crate::domain::key_policy::TokenCreators;
use crate::domain::scope::Level;
use crate::domain::secret::Secret;
use crate::domain::static_secret::Mode;
use crate::pages::api_access::{Keys, LifetimeChoice};
use crate::pages::choices::{
    BundleChoice, EndChoices, LevelChoices, NEVER, PermissionChoice, PermissionChoices, Tick,
};
use crate::pages::confirm::{ConfirmPage, Question};
use crate::pages::credentials::{CardPermission, CredentialCard, End, Granted, LastUse, Owner, State};
use crate::pages::keys::{AccountChoice, KeysPage, NewKeyPage, RotatePage};
use crate::pages::nav::Place;
use crate::pages::problems::Problems;
use crate::pages::scopes::{BundleEntry, CatalogPage, ScopeEntry};
use crate::pages::secret_once::{Made, SecretPage, ShownOncePage};
use crate::pages::service_accounts::{
    Account, NewServiceAccountPage, RoleChoice, ServiceAccountPage, ServiceAccountsPage,
};
use crate::pages::sessions::Pager;
use crate::pages::tokens::{Allowed, NewTokenPage, TokensPage};

pub(super) fn pages(foreign: Foreign) -> Vec<Sample> {
    let mut pages = key_pages(foreign);
    pages.extend(secret_pages(foreign));
    pages.extend(token_pages(foreign));
    pages.extend(service_account_pages(foreign));
    pages.extend(switch_pages(foreign));
    pages.push(("catalog", print(&catalog(foreign))));
    pages
}

fn card(foreign: Foreign, state: State, granted: Granted, end: End) -> CredentialCard {
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
        rotate: Some("/o/northwind/keys/key_1/rotate".into()),
        revoke: Some("/o/northwind/keys/key_1/end".into()),
    }
}

fn permissions() -> Granted {
    let permission =
        |id: &str, words: &str, level| CardPermission { id: id.into(), words: words.into(), level };
    Granted::Permissions(vec![
        permission("deployments:read", "See deployments, their logs and settings", Level::Read),
        permission("deployments:write", "Create and change deployments", Level::Change),
    ])
}

fn cards(foreign: Foreign) -> Vec<CredentialCard> {
    let ahead = || End::Ahead(moment());
    let card = |state, granted, end| card(foreign, state, granted, end);
    let ended = |state| CredentialCard {
        rotate: None,
        revoke: None,
        ..card(state, permissions(), End::Past(moment()))
    };
    vec![
        card(State::Lately("Used 4 minutes ago".into()), permissions(), ahead()),
        CredentialCard {
            owner: Some(Owner::ServiceAccount(foreign("Deployer"))),
            addresses: vec!["203.0.113.0/24".into(), "2001:db8::/32".into()],
            ..card(State::Before("Used 12 days ago".into()), Granted::Unrestricted, End::Never)
        },
        CredentialCard {
            mode: Some(Mode::Test),
            owner: Some(Owner::You),
            last_used: None,
            ..card(State::Never, permissions(), ahead())
        },
        CredentialCard {
            rotate: None,
            ..card(State::EndsSoon("Ends in 23 hours".into()), permissions(), ahead())
        },
        CredentialCard { rotate: None, ..card(State::Suspended, permissions(), ahead()) },
        ended(State::Expired),
        ended(State::Revoked),
        ended(State::Replaced),
    ]
}

fn offered(unrestricted: Option<bool>) -> PermissionChoices {
    let permission =
        |id: &str, label: &str, tick| PermissionChoice { id: id.into(), label: label.into(), tick };
    let level = |level, permissions| LevelChoices { level, permissions };
    PermissionChoices {
        unrestricted,
        bundles: vec![
            BundleChoice {
                id: "deploy".into(),
                label: "Deploy from a pipeline".into(),
                note: None,
                scopes: vec!["deployments:read".into(), "deployments:write".into()],
                tick: Tick::On,
            },
            BundleChoice {
                id: "legacy".into(),
                label: "Legacy compatibility".into(),
                note: Some("not recommended for new integrations".into()),
                scopes: vec!["deployments:delete".into()],
                tick: Tick::Closed,
            },
        ],
        levels: vec![
            level(
                Level::Read,
                vec![permission("deployments:read", "See deployments, their logs and settings", Tick::On)],
            ),
            level(Level::Change, vec![permission("deployments:write", "Change deployments", Tick::Off)]),
            level(Level::Delete, vec![permission("deployments:delete", "Delete deployments", Tick::Closed)]),
        ],
    }
}

fn ends(never: bool) -> EndChoices {
    EndChoices {
        lengths: vec![("604800".into(), "7 days".into()), ("7776000".into(), "90 days".into())],
        never,
        chosen: if never { NEVER.into() } else { "7776000".into() },
        date: "2026-12-22".into(),
        most: (!never).then(|| "90 days".into()),
    }
}

fn key_pages(foreign: Foreign) -> Vec<Sample> {
    let list = |on, cards| KeysPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ApiKeys),
        on,
        may_create: true,
        cards,
        pager: Pager { newer: None, older: Some("/o/northwind/keys?cursor=x".into()) },
        login_command: LOGIN.into(),
    };
    let new = |problems, unrestricted, never| NewKeyPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ApiKeys),
        problems,
        once: foreign("mark"),
        name: foreign("Build pipeline"),
        mode: Mode::Test,
        accounts: vec![
            AccountChoice { id: "sa_1".into(), name: foreign("Deployer"), chosen: true },
            AccountChoice { id: "sa_2".into(), name: foreign("Backup"), chosen: false },
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
        nav: nav(foreign, Place::ApiKeys),
        once: "mark".into(),
        id: "key_1".into(),
        name: foreign("Build pipeline"),
        shown: "northwind_live_…Wq3f".into(),
        ends: Some(moment()),
    };
    let revoke = |last_used| ConfirmPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ApiKeys),
        question: Question::RevokeKey {
            slug: "northwind".into(),
            id: "key_1".into(),
            name: foreign("Build pipeline"),
            shown: "northwind_live_…Wq3f".into(),
            last_used,
        },
    };
    vec![
        ("keys", print(&list(true, cards(foreign)))),
        ("keys-off", print(&list(false, cards(foreign)))),
        ("keys-none", print(&list(true, Vec::new()))),
        ("new-key", print(&new(Problems::default(), None, false))),
        ("new-key-unrestricted", print(&new(Problems::default(), Some(true), true))),
        ("new-key-wrong", print(&new(problems, Some(false), false))),
        ("rotate-key", print(&rotate)),
        ("revoke-key", print(&revoke(Some("4 minutes ago".into())))),
        ("revoke-key-never-used", print(&revoke(None))),
    ]
}

fn secret_pages(foreign: Foreign) -> Vec<Sample> {
    let secret = |made, replaces| SecretPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ApiKeys),
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
        nav: nav(foreign, Place::ApiKeys),
        made,
        name: foreign("Build pipeline"),
        list: "/o/northwind/keys".into(),
        again: "/o/northwind/keys/key_1/rotate".into(),
    };
    vec![
        ("key-created", print(&secret(Made::ApiKey, None))),
        ("key-rotated", print(&secret(Made::ApiKey, Some(moment())))),
        ("token-created", print(&secret(Made::PersonalToken, None))),
        ("key-shown-once", print(&again(Made::ApiKey))),
        ("token-shown-once", print(&again(Made::PersonalToken))),
    ]
}

fn token_pages(foreign: Foreign) -> Vec<Sample> {
    let of_token = |card| CredentialCard {
        shown: "northwind_pat_…Wq3f".into(),
        mode: None,
        owner: None,
        rotate: None,
        ..card
    };
    let list = |allowed, cards: Vec<CredentialCard>| TokensPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::PersonalTokens),
        allowed,
        cards: cards.into_iter().map(of_token).collect(),
        pager: Pager { newer: Some("/tokens".into()), older: None },
        login_command: LOGIN.into(),
    };
    let new = |problems| NewTokenPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::PersonalTokens),
        problems,
        once: "mark".into(),
        name: foreign("Notebook"),
        permissions: offered(None),
        ends: ends(true),
    };
    let revoke = ConfirmPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::PersonalTokens),
        question: Question::RevokeToken {
            slug: "northwind".into(),
            id: "pat_1".into(),
            name: foreign("Notebook"),
            shown: "northwind_pat_…Wq3f".into(),
            last_used: None,
        },
    };
    vec![
        ("tokens", print(&list(Allowed::Yes, cards(foreign)))),
        ("tokens-none", print(&list(Allowed::Yes, Vec::new()))),
        ("tokens-off", print(&list(Allowed::Off, Vec::new()))),
        ("tokens-admins-only", print(&list(Allowed::AdminsOnly, Vec::new()))),
        ("new-token", print(&new(Problems::default()))),
        (
            "new-token-wrong",
            print(&new(Problems::default().with("scopes", "Choose at least one permission"))),
        ),
        ("revoke-token", print(&revoke)),
    ]
}

fn service_account_pages(foreign: Foreign) -> Vec<Sample> {
    let account = |disabled_at| Account {
        id: "sa_1".into(),
        name: foreign("Deployer"),
        purpose: foreign("Deploys the website from the build pipeline"),
        role: "member".into(),
        created_by: Some(foreign("Ada Byron")),
        created_at: moment(),
        disabled_at,
    };
    let role =
        |id: &str, tick| RoleChoice { id: id.into(), description: "Work with everything".into(), tick };
    let roles = || vec![role("owner", Tick::Closed), role("member", Tick::On), role("viewer", Tick::Off)];
    let list = |accounts| ServiceAccountsPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ServiceAccounts),
        accounts,
        pager: Pager::default(),
    };
    let new = |problems| NewServiceAccountPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ServiceAccounts),
        problems,
        name: foreign("Deployer"),
        purpose: foreign("Deploys the website"),
        roles: roles(),
    };
    let one = |disabled_at, cards| ServiceAccountPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ServiceAccounts),
        problems: Problems::default(),
        account: account(disabled_at),
        roles: roles(),
        cards,
        pager: Pager::default(),
        may_create: true,
    };
    let disable = ConfirmPage {
        shell: shell(foreign),
        nav: nav(foreign, Place::ServiceAccounts),
        question: Question::DisableServiceAccount {
            slug: "northwind".into(),
            id: "sa_1".into(),
            name: foreign("Deployer"),
            keys: 3,
        },
    };
    let problems = Problems::default()
        .with("name", "Enter a name")
        .with("purpose", "Say what it is for")
        .with("role", "Choose a role");
    vec![
        ("service-accounts", print(&list(vec![account(None), account(Some(moment()))]))),
        ("service-accounts-none", print(&list(Vec::new()))),
        ("new-service-account", print(&new(Problems::default()))),
        ("new-service-account-wrong", print(&new(problems))),
        ("service-account", print(&one(None, cards(foreign)))),
        ("service-account-disabled", print(&one(Some(moment()), Vec::new()))),
        ("disable-service-account", print(&disable)),
    ]
}

/// The switch for API keys and the limits, as the settings show them.
pub(super) fn limits(on: bool) -> Keys {
    let choice = |value: &str, words: &str, chosen| LifetimeChoice {
        value: value.into(),
        words: words.into(),
        chosen,
    };
    let choices = || vec![choice("0", "No limit", true), choice("7776000", "90 days", false)];
    Keys {
        on,
        living: 3,
        unrestricted: !on,
        key_lifetimes: choices(),
        token_creators: TokenCreators::Members,
        token_lifetimes: choices(),
    }
}

fn switch_pages(foreign: Foreign) -> Vec<Sample> {
    let confirm =
        |question| ConfirmPage { shell: shell(foreign), nav: nav(foreign, Place::ApiAccess), question };
    let (slug, organization) = (|| "northwind".to_owned(), || foreign("Northwind Labs"));
    let off = Question::ApiKeysOff { slug: slug(), organization: organization(), keys: 3 };
    let on = Question::ApiKeysOn { slug: slug(), organization: organization(), keys: 0 };
    vec![("confirm-keys-off", print(&confirm(off))), ("confirm-keys-on", print(&confirm(on)))]
}

fn catalog(foreign: Foreign) -> CatalogPage {
    CatalogPage {
        shell: shell(foreign),
        version: "v1".into(),
        scopes: vec![
            ScopeEntry {
                id: "deployments:read".into(),
                label: "See deployments, their logs and settings".into(),
                level: Level::Read,
                roles: "owner, admin and viewer".into(),
            },
            ScopeEntry {
                id: "nobody".into(),
                label: "Held by nobody".into(),
                level: Level::Administer,
                roles: String::new(),
            },
        ],
        bundles: vec![
            BundleEntry {
                id: "read-only".into(),
                label: "Read only".into(),
                note: None,
                scopes: vec!["deployments:read".into()],
            },
            BundleEntry {
                id: "legacy".into(),
                label: "Legacy compatibility".into(),
                note: Some("not recommended for new integrations".into()),
                scopes: vec!["deployments:read".into(), "nobody".into()],
            },
        ],
    }
}
