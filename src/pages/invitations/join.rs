//! `/join/{token}`: a join link. Opening it changes nothing, because programs that scan messages open links as well.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::accept::joined_path;
use super::ended::{self, EndedWords};
use crate::domain::secret::Secret;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::services::join_links::{self, JoinRefusal, OpenLink};
use crate::store::{TxError, memberships};

#[derive(Template)]
#[template(path = "invitations/join.html")]
pub struct JoinPage {
    pub shell: Shell,
    pub token: Secret,
    pub organization: String,
    pub role: String,
    pub role_description: String,
    /// Who made the link.
    pub creator: String,
    pub creator_role: String,
    /// "6 Dec 2026, 09:14 UTC"
    pub until: String,
}

impl JoinPage {
    fn path(&self) -> String {
        format!("{}/join/{}", self.shell.base, self.token.expose())
    }

    fn monogram(&self) -> String {
        text::monogram(&self.organization)
    }
}

/// `GET /join/{token}`
pub async fn show(req: PageRequest, token: web::Path<String>) -> PageResult {
    if let Some(refusal) = req.begin_sign_in() {
        return Ok(refusal);
    }
    let token = Secret::new(token.into_inner());
    let (app, digest, now) = (req.app.clone(), token.digest(), req.app.now());
    let person = req.person().map(|(_, user)| user.clone());
    let read = move |conn: &mut _| {
        let open = match join_links::look(conn, &app.config, digest, now)? {
            Ok(open) => open,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(user) = person else { return Ok(Ok(open)) };
        let organization = memberships::OrganizationKey::Id(&open.organization.id);
        if let Some(joined) = memberships::of_user_named(conn, &user.id, organization)? {
            return Ok(Err(JoinRefusal::AlreadyMember(Box::new(joined.organization))));
        }
        Ok(join_links::require_allowed(&open.link, &user).map(|()| open))
    };
    Ok(match req.app.store.read(read).await? {
        Ok(open) => open_page(&req, token, open),
        Err(refusal) => refused(&req, &refusal),
    })
}

fn open_page(req: &PageRequest, token: Secret, open: OpenLink) -> HttpResponse {
    let OpenLink { link, organization, creator, creator_role } = open;
    let role = req.app.config.role(&link.role);
    let page = JoinPage {
        shell: req.shell(),
        token,
        organization: text::name(&organization.name),
        role_description: role.map(|role| role.description.clone()).unwrap_or_default(),
        role: link.role,
        creator: text::name(&creator.name),
        creator_role,
        until: text::date_time(link.ends_at.utc()),
    };
    req.page(StatusCode::OK, &page)
}

/// `POST /join/{token}`
pub async fn join(req: PageRequest, token: web::Path<String>, payload: web::Payload) -> PageResult {
    req.form(payload, "join-link").await?;
    if let Some(refusal) = req.begin_sign_in() {
        return Ok(refusal);
    }
    let Some((session, _)) = req.person() else { return Ok(req.redirect("/sign-in")) };
    let (digest, user_id) = (Secret::new(token.into_inner()).digest(), session.user_id.clone());
    let origin = req.browser.origin.clone();
    let joined = req
        .app
        .write_or_refuse(move |app, work| join_links::join(work, &app.config, digest, &user_id, &origin));
    Ok(match TxError::settle(joined.await)? {
        Ok(organization) => req.redirect(&joined_path(&organization.slug)),
        Err(refusal) => refused(&req, &refusal),
    })
}

fn refused(req: &PageRequest, refusal: &JoinRefusal) -> HttpResponse {
    ended::page(
        req,
        match refusal {
            JoinRefusal::Unknown => EndedWords::unknown(),
            JoinRefusal::Ended => EndedWords::join_link_ended(),
            JoinRefusal::AlreadyMember(organization) => EndedWords::already_member(organization),
            JoinRefusal::OtherDomain(domains) => EndedWords::other_domain(domains),
        },
    )
}
