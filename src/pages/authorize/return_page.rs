//! `/authorize/return`: the page that redirects to the client.

use actix_web::http::StatusCode;
use askama::Template;

use crate::domain::policy::SignInMethod;
use crate::domain::redirect_uri::Target;
use crate::pages::authorize::{paste, question};
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::urls::query;
use crate::pages::shared::words::{Piece, Sentence};
use crate::services::authorization::{self, ClientRedirect};
use crate::store::StoreError;

#[derive(Template)]
#[template(path = "authorize/return_page.html")]
pub struct ReturnPage {
    pub shell: Shell,
    /// The redirect URI with the answer in its query.
    pub target: String,
    pub answer: ReturnOutcome,
    pub destination: Destination,
}

/// Kind of client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A program on this computer.
    Terminal,
    /// "orbit.dev"
    Website(String),
    /// The app for a private-use URI scheme.
    App(String),
}

/// The answer for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnOutcome {
    Authorized {
        tool: String,
        organization: String,
    },
    Denied,
    /// The user's role in this organization includes no requested scope.
    RoleTooSmall {
        organization: String,
    },
    NoOrganization,
    PersonalTokensOff {
        organization: String,
    },
    /// Any other refusal.
    Refused {
        what: &'static str,
    },
}

impl ReturnPage {
    pub fn tab_title(&self) -> &'static str {
        match self.destination {
            _ if !self.answer.given() => "No access was granted",
            Destination::Terminal => "You can return to your terminal",
            Destination::Website(_) | Destination::App(_) => "You are going back",
        }
    }

    pub fn title(&self) -> Sentence {
        match &self.destination {
            Destination::Terminal if self.answer.given() => "You can return to your terminal".into(),
            Destination::Website(host) => Sentence::from("You are going back to ").name(host),
            Destination::App(tool) => Sentence::from("You are going back to ").name(tool),
            Destination::Terminal => "No access was granted".into(),
        }
    }

    pub fn still_waiting(&self) -> &'static str {
        match self.destination {
            Destination::Terminal => "Terminal still waiting?",
            Destination::Website(_) | Destination::App(_) => "Still here?",
        }
    }

    pub fn what(&self) -> Sentence {
        let told = match self.destination {
            Destination::Terminal => " Your terminal has been told.",
            Destination::Website(_) => " The website has been told.",
            Destination::App(_) => " The tool has been told.",
        };
        match &self.answer {
            ReturnOutcome::Authorized { tool, organization } => Sentence::from("You authorized ")
                .name(tool)
                .text(" to act as you in ")
                .name(organization)
                .text("."),
            ReturnOutcome::Denied => Sentence::from("You chose Deny, and the request has ended.").text(told),
            ReturnOutcome::RoleTooSmall { organization } => Sentence::from("Your role in ")
                .name(organization)
                .text(" does not include the requested permissions.")
                .text(told),
            ReturnOutcome::NoOrganization => Sentence::from("You belong to no organization.").text(told),
            ReturnOutcome::PersonalTokensOff { organization } => Sentence::default()
                .name(organization)
                .text(" does not allow command-line sign-in.")
                .text(told),
            ReturnOutcome::Refused { what } => Sentence::from(*what).text(told),
        }
    }
}

impl ReturnOutcome {
    pub fn given(&self) -> bool {
        matches!(self, Self::Authorized { .. })
    }
}

/// `GET /authorize/return`
pub async fn return_page(req: PageRequest) -> PageResult {
    let query = query(&req);
    let id = query.get("request").unwrap_or_default();
    let Some(back) = client_redirect(&req, id).await? else { return Ok(req.refuse(question::gone(&req))) };
    if back.request.sign_in_method(&req.app.config) == SignInMethod::Paste {
        return Ok(req.redirect(&paste::path(id)));
    }
    let Some(target) = back.url.clone() else {
        let command = req.app.config.brand.login_command.clone();
        return Ok(req.refuse(Refusal::AlreadyAnswered { send_again: None, command }));
    };
    let organization = question::organization_name(&req, back.request.org_id.clone()).await?;
    let page = ReturnPage {
        shell: req.shell(),
        target,
        answer: question::answered(&back, organization),
        destination: match back.target {
            Target::Loopback { .. } => Destination::Terminal,
            Target::Website { host } => Destination::Website(host),
            Target::App { .. } => Destination::App(back.client_name),
        },
    };
    Ok(req.page(StatusCode::OK, &page))
}

pub(in crate::pages) async fn client_redirect(
    req: &PageRequest,
    id: &str,
) -> Result<Option<ClientRedirect>, StoreError> {
    let (app, now, id, browser) = (req.app.clone(), req.app.now(), id.to_owned(), req.browser.digest());
    let signed_in = req.person().is_some();
    req.app
        .store
        .read(move |conn| {
            authorization::find_redirect(conn, &app.config, &app.master, now, &id, browser, signed_in)
        })
        .await
}
