//! `/o/{org}/members/invite`: invites people by link.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::email;
use crate::domain::invitation::{MAX_ADDRESSES, MAX_OPEN, MAX_PER_INVITER};
use crate::domain::role;
use crate::domain::secret::Secret;
use crate::pages::credentials::refused;
use crate::pages::service_accounts::new::{RoleChoice, roles};
use crate::pages::shared::member::{ManagerRequest, Member, active_sessions, manager, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::services::invitations::{self, AddressOutcome, InviteRefusal, InviteRequest, IssuedInvitation};
use crate::services::refusal::ServiceRefusal;
use crate::store::TxError;

#[derive(Template)]
#[template(path = "invitations/invite.html")]
pub struct InvitePage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    /// As typed, one a line.
    pub addresses: String,
    pub roles: Vec<RoleChoice>,
    pub note: String,
    /// How long a link works: "7 days".
    pub lasts: String,
}

/// What became of each address, with the links, which are shown only here.
#[derive(Template)]
#[template(path = "invitations/invited.html")]
pub struct InvitedPage {
    pub shell: Shell,
    pub nav: Nav,
    pub rows: Vec<InvitedRow>,
}

/// One address.
pub struct InvitedRow {
    pub address: String,
    pub result: InvitedResult,
}

pub enum InvitedResult {
    Link { link: Secret, role: String, until: DisplayTime, replaced: bool },
    AlreadyMember,
    NotAnAddress,
}

impl InvitedPage {
    fn has_links(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.result, InvitedResult::Link { .. }))
    }
}

/// `GET /o/{org}/members/invite`
pub async fn form_page(ManagerRequest(req, member): ManagerRequest) -> PageResult {
    let typed = Typed { addresses: String::new(), role: role::MEMBER.to_owned(), note: String::new() };
    typed.page(&req, &member, StatusCode::OK, Problems::default()).await
}

/// `POST /o/{org}/members/invite`
pub async fn invite(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "invite").await?;
    let member = manager(&req, &slug).await?;
    let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let typed = Typed { addresses: field("addresses"), role: field("role"), note: field("note") };
    let request = match typed.check() {
        Ok(request) => request,
        Err(problems) => {
            return typed.page(&req, &member, StatusCode::UNPROCESSABLE_ENTITY, problems).await;
        }
    };
    let actor = member.actor(&req);
    let invited =
        req.app.write_or_refuse(move |app, work| invitations::invite(work, &app.config, &actor, &request));
    match TxError::settle(invited.await)? {
        Ok(outcomes) => invited_page(&req, &member, outcomes).await,
        Err(refusal) => match problems(refusal) {
            Ok((status, problems)) => typed.page(&req, &member, status, problems).await,
            Err(refusal) => Ok(refused::page(&req, &member, refusal)),
        },
    }
}

/// The form as it was sent.
struct Typed {
    addresses: String,
    role: String,
    note: String,
}

impl Typed {
    fn check(&self) -> Result<InviteRequest, Problems> {
        let lines = self.addresses.lines().map(str::trim).filter(|line| !line.is_empty());
        let addresses: Vec<String> = lines.map(str::to_owned).collect();
        let mut problems = Problems::default();
        if addresses.is_empty() {
            problems = problems.with("addresses", "Enter an email address, like ada@example.com");
        } else if addresses.len() > MAX_ADDRESSES {
            let most = format!("Enter at most {MAX_ADDRESSES} addresses at a time");
            problems = problems.with("addresses", most);
        } else if addresses.iter().all(|line| email::canonical(line).is_none()) {
            let text = match addresses.as_slice() {
                [_] => "This is not an email address. Enter one like ada@example.com",
                _ => "None of these is an email address. Enter them like ada@example.com, one a line",
            };
            problems = problems.with("addresses", text);
        }
        if self.role.is_empty() {
            problems = problems.with("role", "Choose a role");
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(InviteRequest { addresses, role: self.role.clone(), note: self.note.clone() })
    }

    async fn page(
        &self,
        req: &PageRequest,
        member: &Member,
        status: StatusCode,
        problems: Problems,
    ) -> PageResult {
        let page = InvitePage {
            shell: req.shell(),
            nav: nav(req, member, NavItem::Invitations, active_sessions(req, member).await?),
            problems,
            addresses: self.addresses.clone(),
            roles: roles(req, member, &self.role),
            note: self.note.clone(),
            lasts: text::duration(req.app.config.organizations.invitation),
        };
        Ok(req.page(status, &page))
    }
}

/// Problem and status of a refusal; `Err` if it concerns no field.
fn problems(refusal: InviteRefusal) -> Result<(StatusCode, Problems), ServiceRefusal> {
    let (status, field, text) = match refusal {
        InviteRefusal::TooManyOpen | InviteRefusal::TooManyOfInviter => {
            (StatusCode::TOO_MANY_REQUESTS, "addresses", limit_words(&refusal))
        }
        InviteRefusal::Service(ServiceRefusal::Invalid { field: "role", .. }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "role", "Choose one of these roles".to_owned())
        }
        InviteRefusal::Service(ServiceRefusal::Invalid { field: "note", .. }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "note", "Enter one line of at most 200 characters".to_owned())
        }
        InviteRefusal::Service(ServiceRefusal::Invalid { field, message }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, field, message.trim_end_matches('.').to_owned())
        }
        InviteRefusal::Service(
            refusal @ (ServiceRefusal::Credential(_)
            | ServiceRefusal::NotFound(_)
            | ServiceRefusal::MissingScopes(_)
            | ServiceRefusal::Forbidden { .. }
            | ServiceRefusal::LastOwner { .. }
            | ServiceRefusal::Ended(_)),
        ) => return Err(refusal),
    };
    Ok((status, Problems::default().with(field, text)))
}

/// What a limit says, without the full stop at the end.
pub(super) fn limit_words(refusal: &InviteRefusal) -> String {
    match refusal {
        InviteRefusal::TooManyOpen => format!(
            "An organization can have {MAX_OPEN} open invitations. Cancel some first. Nobody was invited"
        ),
        InviteRefusal::TooManyOfInviter => format!(
            "You can make {MAX_PER_INVITER} invitations and new links in an hour. Try again later. Nobody was invited"
        ),
        InviteRefusal::Service(_) => "Nobody was invited".to_owned(),
    }
}

/// Shows the links.
pub(super) async fn invited_page(
    req: &PageRequest,
    member: &Member,
    outcomes: Vec<AddressOutcome>,
) -> PageResult {
    let link = |issued: IssuedInvitation| InvitedRow {
        result: InvitedResult::Link {
            link: Secret::new(
                req.app.config.server.public_url.join(&format!("/invite/{}", issued.token.expose())),
            ),
            role: issued.role,
            until: DisplayTime::minute(issued.ends_at.utc()),
            replaced: issued.replaced,
        },
        address: issued.address,
    };
    let row = |outcome| match outcome {
        AddressOutcome::Invited(issued) => link(issued),
        AddressOutcome::AlreadyMember(address) => {
            InvitedRow { address, result: InvitedResult::AlreadyMember }
        }
        AddressOutcome::NotAnAddress(typed) => {
            InvitedRow { address: text::name(&typed), result: InvitedResult::NotAnAddress }
        }
    };
    let page = InvitedPage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::Invitations, active_sessions(req, member).await?),
        rows: outcomes.into_iter().map(row).collect(),
    };
    Ok(req.page(StatusCode::OK, &page))
}
