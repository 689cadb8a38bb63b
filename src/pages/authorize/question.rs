//! `/authorize/{id}`: the consent page and its answer.

use actix_web::http::StatusCode;
use actix_web::web;

use crate::domain::policy::PolicyBlock;
use crate::domain::request::RequestStatus;
use crate::domain::role;
use crate::pages::authorize::consent::Destination as GoesTo;
use crate::pages::authorize::load_consent;
use crate::pages::authorize::return_page::{self, ReturnOutcome};
use crate::pages::shared::refusal::{Refusal, RefusalActions, RefusalForm, WhoCanEnable};
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::text;
use crate::pages::shared::urls::path_segment;
use crate::services::authorization::{
    self, Answerable, ClientRedirect, ConsentRefusal, ConsentRequest, Decision, DecisionOutcome, Obstacle,
};
use crate::services::organization_creation;
use crate::store::organizations::{self, Organization};
use crate::store::{Conn, StoreError, TxError, memberships};

/// `GET /authorize/{id}`
pub async fn question(req: PageRequest, id: web::Path<String>) -> PageResult {
    let id = id.into_inner();
    let Some((session, _)) = req.person().cloned() else {
        return Ok(req.redirect(&format!("/sign-in?request={}", path_segment(&id))));
    };
    let (app, now, asked) = (req.app.clone(), req.app.now(), id.clone());
    let posed = req
        .app
        .store
        .read_or_refuse(move |conn| authorization::find_consent(conn, &app.config, now, &asked, &session))
        .await;
    match TxError::settle(posed)? {
        Err(why) => unanswerable(&req, &id, why).await,
        Ok(question) if question.answerable == Answerable::AfterSigningInAgain => {
            Ok(req.redirect(&format!("/sign-in/again?request={}", path_segment(&id))))
        }
        Ok(question) => ask(&req, question).await,
    }
}

/// Shows the consent page, or why the user cannot approve. Neither answers the request: the page with the
/// reason has a form that tells the tool.
pub(in crate::pages) async fn ask(req: &PageRequest, question: ConsentRequest) -> PageResult {
    let Some(obstacle) = authorization::obstacle(&question.choices) else {
        return Ok(req.page(StatusCode::OK, &load_consent::page(req, &question)));
    };
    let label = match load_consent::destination(&question) {
        GoesTo::Loopback { .. } => "Return to your terminal",
        GoesTo::Website { .. } | GoesTo::App { .. } => "Return to the tool",
        GoesTo::Code => "End the request",
    };
    let way_out = RefusalActions::ended_by(RefusalForm {
        action: format!("{}/authorize/{}", req.base(), question.request.id),
        token: req.shell().tokens.of("authorize"),
        label,
    });
    match obstacle {
        Obstacle::NoOrganization => Ok(req.refuse(Refusal::NoOrganization {
            may_create: organization_creation::users_may(&req.app.config),
            way_out,
        })),
        Obstacle::RoleTooSmall(choice) => Ok(req.refuse(role_too_small(req, choice, way_out))),
        Obstacle::Closed(choice, PolicyBlock::PersonalTokens) => {
            closed(req, &choice.organization, PolicyBlock::PersonalTokens, way_out).await
        }
        // The request stays open until an owner allows it.
        Obstacle::Closed(choice, policy_block) => {
            closed(req, &choice.organization, policy_block, RefusalActions::default()).await
        }
    }
}

/// `POST /authorize/{id}`
pub async fn answer(req: PageRequest, id: web::Path<String>, payload: web::Payload) -> PageResult {
    let id = id.into_inner();
    let form = req.form(payload, "authorize").await?;
    let decision = match (form.get("decision"), form.get("organization")) {
        (Some("authorize"), Some(org_id)) => Decision::Approve { org_id: org_id.to_owned() },
        (Some("deny"), _) => Decision::Deny,
        (Some("refuse"), _) => Decision::Refuse,
        _ => return Ok(req.redirect(&format!("/authorize/{}", path_segment(&id)))),
    };
    match decide(&req, &id, &decision).await? {
        None => Ok(req.redirect(&format!("/sign-in?request={}", path_segment(&id)))),
        Some(DecisionOutcome::Answered) => {
            Ok(req.redirect(&format!("/authorize/return?request={}", path_segment(&id))))
        }
        Some(DecisionOutcome::Unanswerable(why)) => unanswerable(&req, &id, *why).await,
        Some(DecisionOutcome::SignInAgain) => {
            Ok(req.redirect(&format!("/sign-in/again?request={}", path_segment(&id))))
        }
        Some(DecisionOutcome::Closed(_, PolicyBlock::PersonalTokens)) if decision == Decision::Refuse => {
            Ok(req.redirect(&format!("/authorize/return?request={}", path_segment(&id))))
        }
        Some(DecisionOutcome::Closed(organization, policy_block)) => {
            let url = return_page::client_redirect(&req, &id).await?.and_then(|back| back.url);
            closed(&req, &organization, policy_block, RefusalActions::link(url)).await
        }
        Some(DecisionOutcome::NotThere) => Ok(req.redirect(&format!("/authorize/{}", path_segment(&id)))),
    }
}

pub(in crate::pages) fn answered(back: &ClientRedirect, organization: String) -> ReturnOutcome {
    match back.request.status {
        RequestStatus::Approved => ReturnOutcome::Authorized { tool: back.client_name.clone(), organization },
        RequestStatus::Denied => ReturnOutcome::Denied,
        RequestStatus::CannotApprove => match back.request.org_id {
            Some(_) => ReturnOutcome::RoleTooSmall { organization },
            None => ReturnOutcome::NoOrganization,
        },
        RequestStatus::SwitchedOff => ReturnOutcome::PersonalTokensOff { organization },
        RequestStatus::Invalid => {
            ReturnOutcome::Refused { what: "The tool sent something that this server does not understand." }
        }
        RequestStatus::NotAllowed => {
            ReturnOutcome::Refused { what: "The organization does not allow copied codes." }
        }
        RequestStatus::Open => ReturnOutcome::Refused {
            what: "The tool requested access without your consent, which this server never gives.",
        },
    }
}

async fn decide(
    req: &PageRequest,
    id: &str,
    decision: &Decision,
) -> Result<Option<DecisionOutcome>, StoreError> {
    let Some((session, _)) = req.person().cloned() else { return Ok(None) };
    let (id, decision, origin) = (id.to_owned(), decision.clone(), req.browser.origin.clone());
    let decided = req.app.write(move |app, work| {
        authorization::decide(work, &app.config, &app.master, &id, &session, &decision, &origin)
    });
    decided.await.map(Some)
}

async fn unanswerable(req: &PageRequest, id: &str, why: ConsentRefusal) -> PageResult {
    let command = req.app.config.brand.login_command.clone();
    let return_page = format!("/authorize/return?request={}", path_segment(id));
    Ok(match why {
        ConsentRefusal::NotHere | ConsentRefusal::ClientGone => req.refuse(gone(req)),
        ConsentRefusal::Expired => {
            let open_for = text::duration(req.app.config.tokens.request);
            req.refuse(Refusal::RequestEnded { open_for, command })
        }
        ConsentRefusal::Answered(request) if request.status == RequestStatus::SwitchedOff => {
            let way_out =
                RefusalActions::link(return_page::client_redirect(req, id).await?.and_then(|back| back.url));
            let org_id = request.org_id.unwrap_or_default();
            let organization = req.app.store.read(move |conn| organizations::find(conn, &org_id)).await?;
            match organization {
                Some(organization) => {
                    closed(req, &organization, PolicyBlock::PersonalTokens, way_out).await?
                }
                None => req.refuse(Refusal::NoOrganization {
                    may_create: organization_creation::users_may(&req.app.config),
                    way_out,
                }),
            }
        }
        ConsentRefusal::Answered(request) if request.status == RequestStatus::NotAllowed => {
            req.refuse(Refusal::TerminalLeft)
        }
        ConsentRefusal::Answered(_) => {
            let usable = return_page::client_redirect(req, id).await?.is_some_and(|back| back.url.is_some());
            let send_again = usable.then(|| format!("{}{return_page}", req.base()));
            req.refuse(Refusal::AlreadyAnswered { send_again, command })
        }
        ConsentRefusal::Invalid(_) | ConsentRefusal::MayNotAsk(_) => req.redirect(&return_page),
    })
}

/// Maximum number of owners and admins that a page names.
const NAMED: usize = 5;

/// Page for a policy that forbids the sign-in, with who can change it.
pub(in crate::pages) async fn closed(
    req: &PageRequest,
    organization: &Organization,
    policy_block: PolicyBlock,
    way_out: RefusalActions,
) -> PageResult {
    let (org_id, reader) =
        (organization.id.clone(), req.person().map(|(session, _)| session.user_id.clone()));
    let read = move |conn: &mut Conn| {
        let role = reader.map_or(Ok(None), |reader| memberships::role(conn, &org_id, &reader))?;
        Ok((
            role.is_some_and(|role| role::administers(&role)),
            memberships::managers(conn, &org_id, NAMED + 1)?,
        ))
    };
    let (manages, mut named) = req.app.store.read(read).await?;
    let who = if manages {
        WhoCanEnable::You(format!("{}/o/{}/settings/api-access", req.base(), organization.slug))
    } else {
        let more = named.len() > NAMED;
        named.truncate(NAMED);
        WhoCanEnable::Others { named, more }
    };
    let organization = organization.name.clone();
    Ok(req.refuse(match policy_block {
        PolicyBlock::PersonalTokens => Refusal::PersonalTokensOff { organization, who, way_out },
        PolicyBlock::DeviceFlow | PolicyBlock::OtherNetwork | PolicyBlock::CopyCode => {
            Refusal::SignInMethodClosed { organization, policy_block, who, way_out }
        }
    }))
}

pub(in crate::pages) fn role_too_small(
    req: &PageRequest,
    choice: &authorization::OrganizationChoice,
    way_out: RefusalActions,
) -> Refusal {
    let needed = req.app.config.catalog.entries(&choice.left_out).flat_map(|scope| scope.roles.clone());
    let mut needed: Vec<String> = needed.collect();
    needed.sort();
    needed.dedup();
    Refusal::RoleTooSmall {
        organization: choice.organization.name.clone(),
        role: choice.role.clone(),
        needed,
        way_out,
    }
}

pub(in crate::pages) async fn organization_name(
    req: &PageRequest,
    id: Option<String>,
) -> Result<String, StoreError> {
    let Some(id) = id else { return Ok(String::new()) };
    let found = req.app.store.read(move |conn| organizations::find(conn, &id)).await?;
    Ok(found.map(|organization| organization.name).unwrap_or_default())
}

pub(in crate::pages) fn gone(req: &PageRequest) -> Refusal {
    Refusal::UnknownCode { command: req.app.config.brand.login_command.clone() }
}
