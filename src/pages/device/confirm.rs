//! `/device/{id}`: the page that asks whether to connect a device.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::scope::Level;
use crate::pages::authorize::consent::{
    ChoiceState, Device, Lasts, NetworkOrigin, Notice, Organization, Organizations, Permissions,
};
use crate::pages::authorize::load_consent;
use crate::pages::authorize::question::{closed, role_too_small};
use crate::pages::device::answer;
use crate::pages::device::entry;
use crate::pages::shared::refusal::{Refusal, RefusalActions, RefusalForm};
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::sign_in::continue_to::SignInTarget;
use crate::services::authorization::{self, Answerable, Obstacle};
use crate::services::device::{self, DeviceConsentRequest, Responder};
use crate::services::organization_creation;
use crate::services::setup;
use crate::store::TxError;

#[derive(Template)]
#[template(path = "device/confirm.html")]
pub struct DeviceConfirmPage {
    pub shell: Shell,
    /// Request id.
    pub request: String,
    /// Made with [`crate::pages::shared::text::name`].
    pub tool: String,
    /// "WDJB-MJHT"
    pub code: String,
    /// `None` if the tool reported nothing about its device.
    pub device: Option<Device>,
    /// `None` if unknown, or not comparable behind an untrusted proxy.
    pub origin: Option<NetworkOrigin>,
    /// "today at 14:36 UTC"
    pub asked_at: String,
    /// "2 minutes ago"
    pub ago: String,
    /// "14:46 UTC"
    pub expires_at: String,
    pub notices: Vec<Notice>,
    pub permissions: Permissions,
    /// Labels of the strongest permissions that were not requested.
    pub not_asked: Vec<String>,
    pub organizations: Organizations,
    pub lasts: Lasts,
}

impl DeviceConfirmPage {
    /// Organization or brand named in the warning.
    pub fn nobody_from(&self) -> &str {
        self.only().map_or(&self.shell.brand, |organization| &organization.name)
    }

    /// Whether the user's role lacks a requested permission.
    pub fn leaves_out(&self) -> bool {
        self.only().is_some_and(|organization| !organization.left_out.is_empty())
    }

    pub fn only(&self) -> Option<&Organization> {
        match &self.organizations {
            Organizations::One(organization) => Some(organization),
            Organizations::Several { .. } => None,
        }
    }

    pub fn monogram(&self) -> String {
        text::monogram(self.nobody_from())
    }

    /// What is connected: the claimed device name, otherwise the tool.
    pub fn subject(&self) -> &str {
        self.device.as_ref().map_or(&self.tool, |device| &device.name)
    }
}

/// `GET /device/{id}`: the consent page, or the answer once there is one.
pub async fn question(req: PageRequest, id: web::Path<String>) -> PageResult {
    let id = id.into_inner();
    let Some(waiting @ SignInTarget::Device(_)) = SignInTarget::parse(&id) else {
        return Ok(entry::unknown(&req));
    };
    let Some(answerer) = answer::answerer(&req) else {
        return sign_in_first(&req, &waiting).await;
    };
    let (app, now, asked) = (req.app.clone(), req.app.now(), id.clone());
    let posed = req
        .app
        .store
        .read_or_refuse(move |conn| {
            let Responder { session, address, .. } = &answerer;
            device::find_consent(conn, &app.config, &app.master, now, &asked, session, *address)
        })
        .await;
    match TxError::settle(posed)? {
        Err(why) => answer::unanswerable(&req, why).await,
        Ok(question) => ask(&req, question).await,
    }
}

/// Shows the consent page, or why the user cannot approve. Neither answers the request: if the reason is
/// newer than the entry of the code, the page has a form that tells the device.
async fn ask(req: &PageRequest, question: DeviceConsentRequest) -> PageResult {
    let id = &question.request.id;
    let way_out = || {
        RefusalActions::ended_by(RefusalForm {
            action: format!("{}/device/{id}", req.base()),
            token: req.shell().tokens.of("device"),
            label: "Tell the device",
        })
    };
    match authorization::obstacle(&question.choices) {
        Some(Obstacle::NoOrganization) => Ok(req.refuse(Refusal::NoOrganization {
            may_create: organization_creation::users_may(&req.app.config),
            way_out: way_out(),
        })),
        Some(Obstacle::RoleTooSmall(choice)) => Ok(req.refuse(role_too_small(req, choice, way_out()))),
        Some(Obstacle::Closed(choice, policy_block)) => {
            closed(req, &choice.organization, policy_block, way_out()).await
        }
        None if question.answerable == Answerable::AfterSigningInAgain => {
            Ok(req.redirect(&format!("/sign-in/again?request={id}")))
        }
        None => Ok(req.page(StatusCode::OK, &confirm_page(req, &question))),
    }
}

pub(in crate::pages) async fn sign_in_first(req: &PageRequest, waiting: &SignInTarget) -> PageResult {
    if req.app.store.read(setup::is_open).await? {
        return Ok(req.redirect("/setup"));
    }
    Ok(req.redirect(&format!("/sign-in?request={}", waiting.field())))
}

fn confirm_page(req: &PageRequest, question: &DeviceConsentRequest) -> DeviceConfirmPage {
    let (now, request) = (req.app.now(), &question.request);
    let origin = load_consent::origin(req, request.ip.as_deref(), request.created_at);
    let permissions = load_consent::permissions(req, &question.requested, &question.choices);
    let notices = [
        (Notice::DifferentNetwork, matches!(origin, Some(NetworkOrigin::DifferentNetwork { .. }))),
        (Notice::FirstTime, question.first_time),
        (Notice::Old, now - request.created_at > load_consent::OLD_AFTER),
        (Notice::Changes, permissions.change_something()),
    ];
    DeviceConfirmPage {
        shell: req.shell(),
        request: request.id.clone(),
        tool: text::name(&question.client.name),
        code: question.user_code.formatted(),
        device: load_consent::device(
            request.device_name.as_deref(),
            request.device_os.as_deref(),
            request.tool_version.as_deref(),
        ),
        origin,
        asked_at: text::near_time(request.created_at.utc(), now.utc()),
        ago: text::ago(request.created_at.utc(), now.utc()),
        expires_at: text::time(request.expires_at.utc()),
        notices: notices.into_iter().filter_map(|(notice, applies)| applies.then_some(notice)).collect(),
        permissions,
        not_asked: load_consent::not_asked(req, &question.requested),
        organizations: load_consent::organizations(req, &question.choices, question.more_organizations),
        lasts: load_consent::lasts(req, &question.client),
    }
}
