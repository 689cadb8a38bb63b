//! Answers a device authorization request, once.

use std::net::IpAddr;

use super::super::authorization::{Answerable, Obstacle, obstacle};
use super::consent::{DeviceConsentRefusal, DeviceConsentRequest, load_consent};
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::device::DeviceStatus;
use crate::domain::policy::PolicyBlock;
use crate::keys::master::MasterKey;
use crate::store::device_requests::{self as requests, DeviceRequestAnswer};
use crate::store::organizations::Organization;
use crate::store::web_sessions::WebSession;
use crate::store::{StoreError, TxError, Work, organizations};

/// Decision of the user.
#[derive(Debug, Clone)]
pub enum Decision {
    /// "No, not me."
    Deny,
    /// Approve for the organization with this id.
    Approve { org_id: String },
    /// Tells the client why the user cannot approve. Ignored if the user can approve. Grants nothing.
    Refuse,
}

/// Outcome of a decision.
#[derive(Debug)]
pub enum DecisionOutcome {
    Answered,
    Unanswerable(Box<DeviceConsentRefusal>),
    /// The user must re-enter the password first. The request is still open.
    SignInAgain,
    /// The organization's policy forbids it. The request is answered with that.
    Closed(Organization, PolicyBlock),
    /// The user is not a member of that organization, or their role there includes no requested scope.
    NotThere,
}

/// The user who answers, and their browser.
#[derive(Debug, Clone)]
pub struct Responder {
    pub session: WebSession,
    /// Their address; `None` if it cannot be compared with the client's.
    pub address: Option<IpAddr>,
    pub origin: Origin,
}

/// Answers a request, once. Everything but the decision comes from the stored request.
pub fn decide(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    id: &str,
    answerer: &Responder,
    decision: &Decision,
) -> Result<DecisionOutcome, StoreError> {
    let request = requests::lock(work.conn, id)?;
    let Responder { session, address, .. } = answerer;
    let posed = load_consent(work.conn, config, master, work.now, request, session, *address);
    let question = match TxError::settle(posed)? {
        Ok(question) => question,
        Err(unanswerable) => return Ok(DecisionOutcome::Unanswerable(Box::new(unanswerable))),
    };
    let org_id = match (decision, obstacle(&question.choices)) {
        (Decision::Deny, _) => {
            let organization = question.choices.first().map(|choice| choice.organization.id.clone());
            answer(work, &question, answerer, DeviceStatus::Denied, organization.as_deref(), None)?;
            return Ok(DecisionOutcome::Answered);
        }
        (Decision::Refuse, Some(Obstacle::NoOrganization)) => {
            answer(work, &question, answerer, DeviceStatus::CannotApprove, None, None)?;
            return Ok(DecisionOutcome::Answered);
        }
        (Decision::Refuse, Some(Obstacle::RoleTooSmall(choice))) => {
            let organization = Some(choice.organization.id.as_str());
            answer(work, &question, answerer, DeviceStatus::CannotApprove, organization, None)?;
            return Ok(DecisionOutcome::Answered);
        }
        (Decision::Refuse, None) => return Ok(DecisionOutcome::NotThere),
        (Decision::Refuse, Some(Obstacle::Closed(choice, _))) => &choice.organization.id,
        (Decision::Approve { org_id }, _) => org_id,
    };
    let approves = matches!(decision, Decision::Approve { .. });
    if approves && question.answerable == Answerable::AfterSigningInAgain {
        return Ok(DecisionOutcome::SignInAgain);
    }
    let Some(choice) = question.choices.iter().find(|choice| choice.organization.id == *org_id) else {
        return Ok(DecisionOutcome::NotThere);
    };
    // The lock keeps the policy from changing before the answer.
    let Some(organization) = organizations::lock(work.conn, org_id)? else {
        return Ok(DecisionOutcome::NotThere);
    };
    if let Some(policy_block) =
        organization.policy(&config.organizations).policy_block(question.sign_in_method())
    {
        let status = match policy_block {
            PolicyBlock::PersonalTokens => DeviceStatus::SwitchedOff,
            PolicyBlock::DeviceFlow | PolicyBlock::OtherNetwork | PolicyBlock::CopyCode => {
                DeviceStatus::NotAllowed
            }
        };
        answer(work, &question, answerer, status, Some(org_id), None)?;
        return Ok(DecisionOutcome::Closed(organization, policy_block));
    }
    if choice.granted.is_empty() || !approves {
        return Ok(DecisionOutcome::NotThere);
    }
    let granted = choice.granted.to_string();
    answer(work, &question, answerer, DeviceStatus::Approved, Some(org_id), Some(&granted))?;
    Ok(DecisionOutcome::Answered)
}

fn answer(
    work: &mut Work<'_>,
    question: &DeviceConsentRequest,
    answerer: &Responder,
    status: DeviceStatus,
    org_id: Option<&str>,
    granted: Option<&str>,
) -> Result<(), StoreError> {
    let Responder { session, address, origin } = answerer;
    let address = address.map(|address| address.to_string());
    let given = DeviceRequestAnswer {
        status,
        answered_at: work.now,
        answered_ip: address.as_deref(),
        user_id: &session.user_id,
        org_id,
        granted,
        auth_time: granted.map(|_| session.auth_time),
    };
    if !requests::answer(work.conn, &question.request.id, &given)? {
        return Err(StoreError::Unavailable("the request was answered at the same moment".into()));
    }
    let action = match status {
        DeviceStatus::Approved => Action::AuthorizationApproved,
        DeviceStatus::SwitchedOff | DeviceStatus::NotAllowed => Action::AuthorizationSwitchedOff,
        DeviceStatus::CannotApprove => Action::AuthorizationNotPossible,
        DeviceStatus::Denied | DeviceStatus::Open => Action::AuthorizationDenied,
    };
    let request = &question.request;
    let mut event = Event::new(action, Actor::User(session.user_id.clone()), origin)
        .target(&question.client.id)
        .detail("road", "device")
        .detail("request", Fact::id(&request.id))
        .text("device", request.device_name.as_deref())
        .text("os", request.device_os.as_deref())
        .text("tool", request.tool_version.as_deref())
        .text("asked_from", request.ip.as_deref())
        .detail("scopes", Fact::scopes(&request.scopes));
    event.org_id = org_id.map(str::to_owned);
    if status != DeviceStatus::Approved {
        event = event.refused();
    }
    work.record(event);
    Ok(())
}
