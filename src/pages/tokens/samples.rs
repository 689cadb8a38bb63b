//! Samples of the personal token pages.

use crate::pages::credentials::card::CredentialCard;
use crate::pages::credentials::list::{Listing, StateFilter};
use crate::pages::credentials::samples::{self, cards, ended, ends, offered};
use crate::pages::samples::{Foreign, LOGIN, Sample, nav, print, shell};
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;
use crate::pages::tokens::list::{Allowed, TokensPage};
use crate::pages::tokens::new::NewTokenPage;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let of_token = |card| CredentialCard {
        shown: "northwind_pat_…Wq3f".into(),
        mode: None,
        owner: None,
        permissions: None,
        rotate: None,
        ..card
    };
    let of_tokens = |cards: Vec<CredentialCard>| Listing::Cards(cards.into_iter().map(of_token).collect());
    let list = |allowed, state, listing| TokensPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::PersonalTokens),
        allowed,
        list: samples::list("/tokens", state, listing),
        login_command: LOGIN.into(),
    };
    let new = |problems| NewTokenPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::PersonalTokens),
        problems,
        form_nonce: "mark".into(),
        name: foreign("Notebook"),
        permissions: offered(None),
        ends: ends(true),
    };
    let revoke = ConfirmPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::PersonalTokens),
        question: Question::RevokeToken {
            slug: "northwind".into(),
            id: "pat_1".into(),
            name: foreign("Notebook"),
            shown: "northwind_pat_…Wq3f".into(),
            last_used: None,
        },
    };
    vec![
        ("tokens", print(&list(Allowed::Yes, StateFilter::All, of_tokens(cards(foreign))))),
        ("tokens-ended", print(&list(Allowed::Yes, StateFilter::Ended, of_tokens(ended(foreign))))),
        ("tokens-none", print(&list(Allowed::Yes, StateFilter::Active, Listing::NoneYet))),
        ("tokens-none-active", print(&list(Allowed::Yes, StateFilter::Active, Listing::NoneActive))),
        ("tokens-off", print(&list(Allowed::Off, StateFilter::Active, Listing::NoneYet))),
        ("tokens-admins-only", print(&list(Allowed::AdminsOnly, StateFilter::Ended, Listing::NoneEnded))),
        ("new-token", print(&new(Problems::default()))),
        (
            "new-token-wrong",
            print(&new(Problems::default().with("scopes", "Choose at least one permission"))),
        ),
        ("revoke-token", print(&revoke)),
    ]
}
