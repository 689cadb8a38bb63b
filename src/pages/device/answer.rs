//! Answering a device authorization request, and the page after it.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::device::DeviceStatus;
use crate::domain::policy::PolicyBlock;
use crate::pages::authorize::question::{closed, organization_name, role_too_small};
use crate::pages::device::{confirm, entry};
use crate::pages::shared::refusal::{Refusal, RefusalActions};
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::sign_in::continue_to::SignInTarget;
use crate::services::authorization::{self, Obstacle, OrganizationChoice};
use crate::services::device::{self, Decision, DecisionOutcome, DeviceConsentRefusal, Responder};
use crate::services::organization_creation;
use crate::store::device_requests::DeviceRequest;
use crate::store::{StoreError, clients, organizations};

#[derive(Template)]
#[template(path = "device/answer.html")]
pub struct DeviceResultPage {
    pub shell: Shell,
    pub answer: DeviceAnswer,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceAnswer {
    Connected {
        tool: String,
        /// Made with [`crate::pages::shared::text::device_label`].
        device: Option<String>,
        organization: String,
    },
    Ended,
}

impl DeviceResultPage {
    pub fn title(&self) -> &'static str {
        match self.answer {
            DeviceAnswer::Connected { .. } => "You can return to your device",
            DeviceAnswer::Ended => "Thank you. The request has ended.",
        }
    }
}

/// `POST /device/{id}`
pub async fn answer(req: PageRequest, id: web::Path<String>, payload: web::Payload) -> PageResult {
    let id = id.into_inner();
    let form = req.form(payload, "device").await?;
    let Some(waiting @ SignInTarget::Device(_)) = SignInTarget::parse(&id) else {
        return Ok(entry::unknown(&req));
    };
    let here = waiting.path();
    let decision = match (form.get("decision"), form.get("organization")) {
        (Some("connect"), Some(org_id)) => Decision::Approve { org_id: org_id.to_owned() },
        (Some("deny"), _) => Decision::Deny,
        (Some("refuse"), _) => Decision::Refuse,
        _ => return Ok(req.redirect(&here)),
    };
    let refuses = matches!(decision, Decision::Refuse);
    match decide(&req, &id, decision).await? {
        None => confirm::sign_in_first(&req, &waiting).await,
        Some(DecisionOutcome::Answered | DecisionOutcome::NotThere) => Ok(req.redirect(&here)),
        Some(DecisionOutcome::Unanswerable(why)) => unanswerable(&req, *why).await,
        Some(DecisionOutcome::SignInAgain) => Ok(req.redirect(&format!("/sign-in/again?request={id}"))),
        // The page that shows the answer says why.
        Some(DecisionOutcome::Closed(..)) if refuses => Ok(req.redirect(&here)),
        Some(DecisionOutcome::Closed(organization, policy_block)) => {
            closed(&req, &organization, policy_block, RefusalActions::default()).await
        }
    }
}

pub(in crate::pages) fn answerer(req: &PageRequest) -> Option<Responder> {
    let (session, _) = req.person()?;
    let (session, origin) = (session.clone(), req.browser.origin.clone());
    Some(Responder { session, address: req.comparable_address(), origin })
}

async fn decide(
    req: &PageRequest,
    id: &str,
    decision: Decision,
) -> Result<Option<DecisionOutcome>, StoreError> {
    let Some(answerer) = answerer(req) else { return Ok(None) };
    let id = id.to_owned();
    let decided = req
        .app
        .write(move |app, work| device::decide(work, &app.config, &app.master, &id, &answerer, &decision));
    decided.await.map(Some)
}

pub(in crate::pages) async fn unanswerable(req: &PageRequest, why: DeviceConsentRefusal) -> PageResult {
    let command = req.app.config.brand.login_command.clone();
    Ok(match why {
        DeviceConsentRefusal::NotHere | DeviceConsentRefusal::ClientGone => entry::unknown(req),
        DeviceConsentRefusal::Expired => {
            let open_for = text::duration(req.app.config.tokens.device_request);
            req.refuse(Refusal::RequestEnded { open_for, command })
        }
        DeviceConsentRefusal::Answered { request, choices } => answered(req, *request, &choices).await?,
    })
}

/// The page after the answer, and whenever it is opened again.
pub(in crate::pages) async fn answered(
    req: &PageRequest,
    request: DeviceRequest,
    choices: &[OrganizationChoice],
) -> PageResult {
    let refused_for = match request.status {
        DeviceStatus::SwitchedOff => PolicyBlock::PersonalTokens,
        DeviceStatus::NotAllowed => PolicyBlock::DeviceFlow,
        DeviceStatus::Approved => return connected(req, request).await,
        DeviceStatus::Denied | DeviceStatus::CannotApprove | DeviceStatus::Open => {
            // An unanswered request that cannot be approved has no consent page.
            match authorization::obstacle(choices) {
                Some(Obstacle::NoOrganization) => {
                    return Ok(req.refuse(Refusal::NoOrganization {
                        may_create: organization_creation::users_may(&req.app.config),
                        way_out: RefusalActions::default(),
                    }));
                }
                Some(Obstacle::RoleTooSmall(choice)) => {
                    return Ok(req.refuse(role_too_small(req, choice, RefusalActions::default())));
                }
                Some(Obstacle::Closed(..)) | None => {}
            }
            let page = DeviceResultPage { shell: req.shell(), answer: DeviceAnswer::Ended };
            return Ok(req.page(StatusCode::OK, &page));
        }
    };
    let org_id = request.org_id.clone().unwrap_or_default();
    match req.app.store.read(move |conn| organizations::find(conn, &org_id)).await? {
        Some(organization) => {
            // The current policy's reason; if it now allows the request, the stored one.
            let policy = organization.policy(&req.app.config.organizations);
            let policy_block = policy.policy_block(request.sign_in_method()).unwrap_or(refused_for);
            closed(req, &organization, policy_block, RefusalActions::default()).await
        }
        None => Ok(req.refuse(Refusal::NoOrganization {
            may_create: organization_creation::users_may(&req.app.config),
            way_out: RefusalActions::default(),
        })),
    }
}

async fn connected(req: &PageRequest, request: DeviceRequest) -> PageResult {
    let client_id = request.client_id;
    let tool = req.app.store.read(move |conn| clients::name(conn, &client_id)).await?;
    let answer = DeviceAnswer::Connected {
        tool: text::name(&tool.unwrap_or_default()),
        device: request.device_name.as_deref().map(text::device_label),
        organization: organization_name(req, request.org_id).await?,
    };
    Ok(req.page(StatusCode::OK, &DeviceResultPage { shell: req.shell(), answer }))
}
