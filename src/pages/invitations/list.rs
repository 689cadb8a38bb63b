//! `/o/{org}/invitations`: the open invitations of an organization.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::invite::{invited_page, limit_words};
use crate::domain::time::Time;
use crate::pages::credentials::refused;
use crate::pages::sessions::list::Pager;
use crate::pages::shared::member::{ManagerRequest, active_sessions, manager, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::paging;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::pages::shared::urls::query;
use crate::services::invitations::{self, AddressOutcome, InviteRefusal, ListedInvitation};
use crate::services::join_links;
use crate::store::TxError;
use crate::store::join_links::JoinLink;
use crate::web::cursor;

#[derive(Template)]
#[template(path = "invitations/list.html")]
pub struct InvitationsPage {
    pub shell: Shell,
    pub nav: Nav,
    /// Open join links; only on the first page.
    pub links: Vec<LinkRow>,
    pub rows: Vec<Row>,
    pub pager: Pager,
}

/// An open join link.
#[derive(Debug, Clone)]
pub struct LinkRow {
    pub id: String,
    pub role: String,
    pub made_at: DisplayTime,
    pub ends_at: DisplayTime,
    pub uses: i64,
    pub max_uses: i64,
    /// Empty: any.
    pub domains: String,
}

/// An open invitation.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: String,
    pub address: String,
    pub role: String,
    pub invited_by: String,
    pub made_at: DisplayTime,
    pub ends_at: DisplayTime,
    pub state: RowState,
    /// Whether the user may make a new link for it, or cancel it.
    pub manageable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    Waiting,
    Expired,
    /// The inviter may no longer invite as this role.
    InviterLostRight,
}

impl InvitationsPage {
    fn path(&self) -> String {
        self.nav.invitations(&self.shell.base)
    }
}

/// `GET /o/{org}/invitations`: the newest first.
pub async fn list(ManagerRequest(req, member): ManagerRequest) -> PageResult {
    let (actor, after) = (member.actor(&req), query(&req).get("cursor").and_then(cursor::read));
    let (first, now, app) = (after.is_none(), req.app.now(), req.app.clone());
    let limit = paging::limit();
    let read = move |conn: &mut _| invitations::list(conn, &app.config, &actor, after.as_ref(), limit);
    let mut listed = match TxError::settle(req.app.store.read_or_refuse(read).await)? {
        Ok(listed) => listed,
        Err(refusal) => return Ok(refused::page(&req, &member, refusal)),
    };
    let nav = nav(&req, &member, NavItem::Invitations, active_sessions(&req, &member).await?);
    let path = nav.invitations(req.base());
    let place = |listed: &ListedInvitation| listed.invitation.created_at;
    let next = paging::cut(&mut listed, |listed| (place(listed), listed.invitation.id.as_str()));
    let older = next.map(|cursor| format!("{path}?cursor={cursor}"));
    let pager = Pager { newer: (!first).then_some(path), older };
    let rows = listed.into_iter().map(|listed| row(listed, now)).collect();
    let org_id = member.organization.id.clone();
    let links = if first {
        req.app.store.read(move |conn| join_links::open(conn, &org_id, now)).await?
    } else {
        Vec::new()
    };
    let links = links.into_iter().map(link_row).collect();
    Ok(req.page(StatusCode::OK, &InvitationsPage { shell: req.shell(), nav, links, rows, pager }))
}

fn link_row(link: JoinLink) -> LinkRow {
    LinkRow {
        id: link.id,
        role: link.role,
        made_at: DisplayTime::day(link.created_at.utc()),
        ends_at: DisplayTime::minute(link.ends_at.utc()),
        uses: link.uses,
        max_uses: link.max_uses,
        domains: link.domains,
    }
}

fn row(listed: ListedInvitation, now: Time) -> Row {
    let ListedInvitation { invitation, inviter_name, counts, manageable } = listed;
    Row {
        state: match counts {
            false => RowState::InviterLostRight,
            true if now >= invitation.ends_at => RowState::Expired,
            true => RowState::Waiting,
        },
        id: invitation.id,
        address: invitation.address,
        role: invitation.role,
        invited_by: text::name(&inviter_name),
        made_at: DisplayTime::day(invitation.created_at.utc()),
        ends_at: DisplayTime::minute(invitation.ends_at.utc()),
        manageable,
    }
}

/// `POST /o/{org}/invitations/{id}/new-link`
pub async fn new_link(
    req: PageRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> PageResult {
    req.form(payload, "invitation").await?;
    let (slug, id) = path.into_inner();
    let member = manager(&req, &slug).await?;
    let actor = member.actor(&req);
    let renewed =
        req.app.write_or_refuse(move |app, work| invitations::renew(work, &app.config, &actor, &id));
    match TxError::settle(renewed.await)? {
        Ok(issued) => invited_page(&req, &member, vec![AddressOutcome::Invited(issued)]).await,
        Err(InviteRefusal::Service(refusal)) => Ok(refused::page(&req, &member, refusal)),
        Err(refusal @ (InviteRefusal::TooManyOpen | InviteRefusal::TooManyOfInviter)) => {
            Ok(req.refuse(Refusal::NotAllowed { message: format!("{}.", limit_words(&refusal)) }))
        }
    }
}

/// `POST /o/{org}/invitations/{id}/cancel`
pub async fn cancel(
    req: PageRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> PageResult {
    req.form(payload, "invitation").await?;
    let (slug, id) = path.into_inner();
    let member = manager(&req, &slug).await?;
    let actor = member.actor(&req);
    let canceled =
        req.app.write_or_refuse(move |app, work| invitations::cancel(work, &app.config, &actor, &id));
    Ok(match TxError::settle(canceled.await)? {
        Ok(()) => req.redirect(&format!("/o/{slug}/invitations?done=invitation-canceled")),
        Err(refusal) => refused::page(&req, &member, refusal),
    })
}
