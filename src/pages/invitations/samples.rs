//! Samples of the invitation pages.

use crate::domain::entropy::Entropy;
use crate::domain::invitation::new_token;
use crate::domain::secret::Secret;
use crate::pages::credentials::choices::TickState;
use crate::pages::invitations::accept::{AcceptPage, HowToJoin, OtherAccountPage, ShownInvitation};
use crate::pages::invitations::ended::{EndedPage, EndedWords};
use crate::pages::invitations::invite::{InvitePage, InvitedPage, InvitedResult, InvitedRow};
use crate::pages::invitations::join::JoinPage;
use crate::pages::invitations::list::{InvitationsPage, LinkRow, Row, RowState};
use crate::pages::invitations::mine::MyInvitationsPage;
use crate::pages::samples::{Foreign, Sample, moment, nav, print, shell, stranger};
use crate::pages::service_accounts::new::RoleChoice;
use crate::pages::sessions::list::Pager;
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::problems::Problems;

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let mut pages = of_inviter(foreign);
    pages.extend(of_recipient(foreign));
    pages
}

fn of_inviter(foreign: Foreign) -> Vec<Sample> {
    let role =
        |id: &str, tick| RoleChoice { id: id.into(), description: "Work with everything".into(), tick };
    let invite = |problems| InvitePage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Invitations),
        problems,
        // The text of a field has a direction of its own, but no element around it.
        addresses: "yui@northwind.dev\nken@northwind.dev".into(),
        roles: vec![role("owner", TickState::Closed), role("member", TickState::On)],
        note: foreign("Welcome"),
        lasts: "7 days".into(),
    };
    let link = |replaced| InvitedResult::Link {
        link: Secret::new("https://auth.northwind.dev/invite/0123456789abcdef"),
        role: "member".into(),
        until: moment(),
        replaced,
    };
    let row = |result| InvitedRow { address: foreign("yui@northwind.dev"), result };
    let invited = |rows| InvitedPage { shell: shell(foreign), nav: nav(foreign, NavItem::Invitations), rows };
    let listed = |id: &str, state, manageable| Row {
        id: id.into(),
        address: foreign("yui@northwind.dev"),
        role: "member".into(),
        invited_by: foreign("Maya Okafor"),
        made_at: moment(),
        ends_at: moment(),
        state,
        manageable,
    };
    let open = |id: &str, domains: &str| LinkRow {
        id: id.into(),
        role: "viewer".into(),
        made_at: moment(),
        ends_at: moment(),
        uses: 3,
        max_uses: 10,
        domains: domains.into(),
    };
    let list = |rows: Vec<Row>, pager| InvitationsPage {
        shell: shell(foreign),
        nav: nav(foreign, NavItem::Invitations),
        links: if rows.is_empty() {
            Vec::new()
        } else {
            vec![open("jln_1", ""), open("jln_2", "northwind.dev northwind.example")]
        },
        rows,
        pager,
    };
    let rows = vec![
        listed("inv_1", RowState::Waiting, true),
        listed("inv_2", RowState::Expired, true),
        listed("inv_3", RowState::InviterLostRight, false),
    ];
    let problems = Problems::default()
        .with("addresses", "Enter an email address, like ada@example.com")
        .with("role", "Choose a role")
        .with("note", "Enter one line of at most 200 characters");
    let results = vec![
        row(link(false)),
        row(link(true)),
        row(InvitedResult::AlreadyMember),
        row(InvitedResult::NotAnAddress),
    ];
    let pager = Pager { newer: None, older: Some("/o/northwind/invitations?cursor=x".into()) };
    vec![
        ("invite", print(&invite(Problems::default()))),
        ("invite-wrong", print(&invite(problems))),
        ("invited", print(&invited(results))),
        ("invited-nobody", print(&invited(vec![row(InvitedResult::AlreadyMember)]))),
        ("invitations", print(&list(rows, pager))),
        ("invitations-none", print(&list(Vec::new(), Pager::default()))),
    ]
}

fn of_recipient(foreign: Foreign) -> Vec<Sample> {
    let invitation = || ShownInvitation {
        id: "inv_1".into(),
        address: foreign("yui@northwind.dev"),
        organization: foreign("Northwind Labs"),
        role: "member".into(),
        role_description: "Work with everything".into(),
        inviter: foreign("Maya Okafor"),
        inviter_role: "owner".into(),
        inviter_address: foreign("maya@northwind.dev"),
        note: foreign("Welcome, Yui"),
        until: "6 Dec 2026, 09:14 UTC".into(),
    };
    let new_account = || HowToJoin::NewAccount {
        name: foreign("Yui Tanaka"),
        hint: "At least 15 characters. A few words in a row are fine.".into(),
    };
    let accept = |shell, how, problems| AcceptPage {
        shell,
        problems,
        token: new_token(Entropy),
        invitation: invitation(),
        how,
    };
    let other = OtherAccountPage {
        shell: shell(foreign),
        token: new_token(Entropy),
        invitation: invitation(),
        signed_in: foreign("yui@tanaka.example"),
    };
    let mine = |invitations| MyInvitationsPage {
        shell: shell(foreign),
        address: foreign("yui@northwind.dev"),
        invitations,
    };
    let ended = |words| EndedPage { shell: stranger(foreign), words };
    let by_link = |shell| JoinPage {
        shell,
        token: new_token(Entropy),
        organization: foreign("Northwind Labs"),
        role: "viewer".into(),
        role_description: "See everything".into(),
        creator: foreign("Maya Okafor"),
        creator_role: "owner".into(),
        until: "6 Dec 2026, 09:14 UTC".into(),
    };
    let problems = Problems::default()
        .with("email", "There is an account with this address. Sign in to join")
        .with("name", "Enter your name, at most 100 characters")
        .with("password", "Use at least 15 characters");
    vec![
        ("accept-new-account", print(&accept(stranger(foreign), new_account(), Problems::default()))),
        ("accept-new-account-wrong", print(&accept(stranger(foreign), new_account(), problems))),
        ("accept-join", print(&accept(shell(foreign), HowToJoin::Join, Problems::default()))),
        ("accept-other-account", print(&other)),
        ("invitation-unknown", print(&ended(EndedWords::unknown()))),
        ("join-link", print(&by_link(shell(foreign)))),
        ("join-link-signed-out", print(&by_link(stranger(foreign)))),
        ("join-link-ended", print(&ended(EndedWords::join_link_ended()))),
        ("join-link-other-domain", print(&ended(EndedWords::other_domain("northwind.dev")))),
        ("my-invitations", print(&mine(vec![invitation()]))),
        ("my-invitations-none", print(&mine(Vec::new()))),
    ]
}
