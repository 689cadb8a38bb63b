//! Samples of the service account pages.

use crate::pages::credentials::choices::TickState;
use crate::pages::credentials::list::{Listing, StateFilter};
use crate::pages::credentials::samples::{self, cards};
use crate::pages::samples::{Foreign, Sample, moment, nav, print, shell};
use crate::pages::service_accounts::account::ServiceAccountPage;
use crate::pages::service_accounts::list::{Account, ServiceAccountsPage};
use crate::pages::service_accounts::new::{NewServiceAccountPage, RoleChoice};
use crate::pages::sessions::list::Pager;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
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
    let roles = || {
        vec![role("owner", TickState::Closed), role("member", TickState::On), role("viewer", TickState::Off)]
    };
    let list = |accounts| ServiceAccountsPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ServiceAccounts),
        accounts,
        pager: Pager::default(),
    };
    let new = |problems| NewServiceAccountPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ServiceAccounts),
        problems,
        name: foreign("Deployer"),
        purpose: foreign("Deploys the website"),
        roles: roles(),
    };
    let one = |disabled_at, listing| ServiceAccountPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ServiceAccounts),
        problems: Problems::default(),
        account: account(disabled_at),
        roles: roles(),
        list: samples::list("/o/northwind/service-accounts/sa_1", StateFilter::Active, listing),
        may_create: true,
    };
    let disable = ConfirmPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::ServiceAccounts),
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
        ("service-account", print(&one(None, Listing::Cards(cards(foreign))))),
        ("service-account-disabled", print(&one(Some(moment()), Listing::NoneYet))),
        ("disable-service-account", print(&disable)),
    ]
}
