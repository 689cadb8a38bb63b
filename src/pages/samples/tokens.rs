//! The pages of personal tokens.

use super::credentials::{cards, ends, offered};
use super::{Foreign, LOGIN, Sample, nav, print, shell};
use crate::pages::confirm::{ConfirmPage, Question};
use crate::pages::credentials::CredentialCard;
use crate::pages::nav::Place;
use crate::pages::problems::Problems;
use crate::pages::sessions::Pager;
use crate::pages::tokens::{Allowed, NewTokenPage, TokensPage};

pub(super) fn pages(foreign: Foreign) -> Vec<Sample> {
    let of_token = |card| CredentialCard {
        shown: "northwind_pat_…Wq3f".into(),
        mode: None,
        owner: None,
        permissions: None,
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
