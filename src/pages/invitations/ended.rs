//! The pages of an invitation that cannot be accepted: what happened, and whom to ask.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::pages::shared::request::PageRequest;
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::shared::words::{Piece, Sentence, names};
use crate::services::invitations::{AcceptRefusal, EndReason, EndedInvitation};
use crate::store::organizations::Organization;

#[derive(Template)]
#[template(path = "invitations/ended.html")]
pub struct EndedPage {
    pub shell: Shell,
    pub words: EndedWords,
}

/// Texts of the page.
#[derive(Debug, Clone)]
pub struct EndedWords {
    pub status: StatusCode,
    /// Page title, without untrusted names.
    pub tab: &'static str,
    pub title: Sentence,
    pub what: Vec<Sentence>,
}

impl EndedWords {
    fn new<const N: usize>(status: StatusCode, tab: &'static str, what: [Sentence; N]) -> Self {
        Self { status, tab, title: tab.into(), what: what.into() }
    }

    /// A link that this server did not make.
    pub fn unknown() -> Self {
        let what = [
            Sentence::from("Check that you opened the whole link: it ends with 64 letters and digits."),
            Sentence::from("If you did, ask the person who sent it for a new one."),
        ];
        Self::new(StatusCode::NOT_FOUND, "This invitation is not known here", what)
    }

    /// A join link that cannot be used any more.
    pub fn join_link_ended() -> Self {
        let what = [
            Sentence::from("It has expired, was ended, or enough people have joined with it."),
            Sentence::from("Ask the person who sent it for an invitation."),
        ];
        Self::new(StatusCode::GONE, "This join link no longer works", what)
    }

    /// A join link for addresses of other domains than the user's.
    pub fn other_domain(domains: &str) -> Self {
        let what = [
            Sentence::from("It is for accounts with an address of: ")
                .name(domains)
                .text(". Nothing was changed."),
            Sentence::from("Sign in with such an account, or ask the person who sent it for an invitation."),
        ];
        Self::new(StatusCode::FORBIDDEN, "This join link is for other addresses", what)
    }

    pub fn already_member(organization: &Organization) -> Self {
        let title = Sentence::from("You are already a member of ").name(text::name(&organization.name));
        let words =
            Self::new(StatusCode::CONFLICT, "You are already a member", ["Nothing was changed.".into()]);
        Self { title, ..words }
    }

    pub fn of(ended: &EndedInvitation) -> Self {
        let organization = text::name(&ended.organization.name);
        let inviter = text::name(&ended.inviter.name);
        let ask = |words: &'static str| Sentence::from("Ask ").name(inviter.clone()).text(words);
        match ended.reason {
            EndReason::Expired(at) => Self::new(
                StatusCode::GONE,
                "This invitation has expired",
                [
                    Sentence::default()
                        .name(inviter.clone())
                        .text(" invited you to ")
                        .name(organization)
                        .text(format!(". The invitation was open until {}.", text::date_time(at.utc()))),
                    ask(" for a new one."),
                ],
            ),
            EndReason::Superseded(at) => Self::new(
                StatusCode::GONE,
                "This link was replaced by a newer one",
                [
                    Sentence::from("A newer link to join ")
                        .name(organization)
                        .text(format!(" was made on {}. Use that one.", text::date(at.utc()))),
                    ask(" for it if you do not have it."),
                ],
            ),
            EndReason::Canceled => Self::new(
                StatusCode::GONE,
                "This invitation was canceled",
                [
                    Sentence::from("It can no longer be used to join ").name(organization).text("."),
                    managers(&ended.managers),
                ],
            ),
            EndReason::Accepted => Self::new(
                StatusCode::GONE,
                "This invitation was used",
                [
                    Sentence::from("An invitation works once, and somebody has joined ")
                        .name(organization)
                        .text(" with this one. If it was you, sign in."),
                    Sentence::from("If it was not, tell ").name(inviter).text("."),
                ],
            ),
            EndReason::RoleGone => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "This invitation cannot be accepted now",
                [
                    Sentence::from("This server no longer has the role that ")
                        .name(organization)
                        .text(" invited you for."),
                    ask(" for a new one."),
                ],
            ),
        }
    }

    /// `None` for a refusal that shows the form again.
    pub(super) fn of_refusal(refusal: &AcceptRefusal) -> Option<Self> {
        match refusal {
            AcceptRefusal::Unknown => Some(Self::unknown()),
            AcceptRefusal::AlreadyMember(organization) => Some(Self::already_member(organization)),
            AcceptRefusal::Ended(ended) => Some(Self::of(ended)),
            AcceptRefusal::OtherAddress | AcceptRefusal::AccountExists => None,
        }
    }
}

fn managers(named: &[String]) -> Sentence {
    let shown: Vec<String> = named.iter().map(|name| text::name(name)).collect();
    if shown.is_empty() {
        return "Ask an owner of the organization whether they want to invite you again.".into();
    }
    names("Ask ".into(), &shown, "or").text(" whether they want to invite you again.")
}

pub(super) fn page(req: &PageRequest, words: EndedWords) -> HttpResponse {
    let status = words.status;
    req.page(status, &EndedPage { shell: req.shell(), words })
}
