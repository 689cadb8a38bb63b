//! Answers an authorization request, once.

use chrono::TimeDelta;

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::entropy::Entropy;
use crate::domain::policy::{PolicyBlock, SignInMethod};
use crate::domain::request::RequestStatus;
use crate::domain::secret::Secret;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::authorization_codes::{self as codes, AuthorizationCode};
use crate::store::authorization_requests as requests;
use crate::store::organizations::Organization;
use crate::store::web_sessions::WebSession;
use crate::store::{StoreError, TxError, Work, organizations};

use super::choices::{Obstacle, OrganizationChoice, obstacle};
use super::consent::{Answerable, ConsentRefusal, ConsentRequest, load_consent};

/// Decision of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Deny,
    /// Approve for the organization with this id.
    Approve {
        org_id: String,
    },
    /// Tells the client why the user cannot approve. Ignored if the user can approve. Grants nothing.
    Refuse,
}

/// Outcome of a decision.
#[derive(Debug)]
pub enum DecisionOutcome {
    /// Answered: redirect to the client.
    Answered,
    Unanswerable(Box<ConsentRefusal>),
    /// The user must re-enter the password first. The request is still open.
    SignInAgain,
    /// The organization's policy forbids this sign-in. If personal tokens are off, the request is answered
    /// with that.
    Closed(Organization, PolicyBlock),
    /// The user is not a member of that organization, or their role there includes no requested scope.
    NotThere,
}

/// Answers a request, once. Everything but the decision comes from the stored request.
pub fn decide(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    id: &str,
    session: &WebSession,
    decision: &Decision,
    origin: &Origin,
) -> Result<DecisionOutcome, StoreError> {
    let request = requests::lock(work.conn, id)?;
    let question = match TxError::settle(load_consent(work.conn, config, work.now, request, session))? {
        Ok(question) => question,
        Err(unanswerable) => return Ok(DecisionOutcome::Unanswerable(Box::new(unanswerable))),
    };
    let org_id = match (decision, obstacle(&question.choices)) {
        (Decision::Deny, _) => {
            let organization = question.choices.first().map(|choice| choice.organization.id.clone());
            answer(work, &question, session, RequestStatus::Denied, organization.as_deref(), origin)?;
            return Ok(DecisionOutcome::Answered);
        }
        (Decision::Refuse, Some(Obstacle::NoOrganization)) => {
            answer(work, &question, session, RequestStatus::CannotApprove, None, origin)?;
            return Ok(DecisionOutcome::Answered);
        }
        (Decision::Refuse, Some(Obstacle::RoleTooSmall(choice))) => {
            let organization = Some(choice.organization.id.as_str());
            answer(work, &question, session, RequestStatus::CannotApprove, organization, origin)?;
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
    // The lock keeps the policy from changing before the code is issued.
    let Some(organization) = organizations::lock(work.conn, org_id)? else {
        return Ok(DecisionOutcome::NotThere);
    };
    match organization.policy(&config.organizations).policy_block(question.sign_in_method) {
        None => {}
        Some(PolicyBlock::PersonalTokens) => {
            answer(work, &question, session, RequestStatus::SwitchedOff, Some(org_id), origin)?;
            return Ok(DecisionOutcome::Closed(organization, PolicyBlock::PersonalTokens));
        }
        Some(policy_block) => return Ok(DecisionOutcome::Closed(organization, policy_block)),
    }
    if choice.granted.is_empty() || !approves {
        return Ok(DecisionOutcome::NotThere);
    }
    answer(work, &question, session, RequestStatus::Approved, Some(org_id), origin)?;
    codes::insert(work.conn, &new_code(work, config, master, &question, choice, session))?;
    Ok(DecisionOutcome::Answered)
}

/// Random seed of a code.
fn new_seed(entropy: Entropy) -> [u8; 32] {
    entropy.bytes()
}

/// The authorization code: a MAC over a random seed that is stored next to the code's digest and nowhere
/// else. The answer can be sent again while the code is unused, and neither the database nor the master key
/// alone yields the code.
pub(super) fn derive_code(master: &MasterKey, seed: &[u8]) -> Secret {
    master.token(Purpose::AuthorizationCode, &[seed])
}

/// Copying a code takes a user longer than a redirect takes a browser.
fn lifetime(config: &Config, sign_in_method: SignInMethod) -> TimeDelta {
    match sign_in_method {
        SignInMethod::Redirect | SignInMethod::Device(_) => config.tokens.code,
        SignInMethod::Paste => config.tokens.code * 2,
    }
}

fn new_code(
    work: &Work<'_>,
    config: &Config,
    master: &MasterKey,
    question: &ConsentRequest,
    choice: &OrganizationChoice,
    session: &WebSession,
) -> AuthorizationCode {
    let seed = new_seed(work.entropy);
    AuthorizationCode {
        hash: derive_code(master, &seed).digest(),
        request_id: question.request.id.clone(),
        user_id: session.user_id.clone(),
        org_id: choice.organization.id.clone(),
        scopes: choice.granted.to_string(),
        auth_time: session.auth_time,
        created_at: work.now,
        expires_at: work.now + lifetime(config, question.sign_in_method),
        wrong_tries: 0,
        consumed_at: None,
        credential_id: None,
        seed: Some(seed.to_vec()),
    }
}

pub(super) fn answer(
    work: &mut Work<'_>,
    question: &ConsentRequest,
    session: &WebSession,
    status: RequestStatus,
    org_id: Option<&str>,
    origin: &Origin,
) -> Result<(), StoreError> {
    if !requests::answer(work.conn, &question.request.id, status, &session.user_id, org_id, work.now)? {
        return Err(StoreError::Unavailable("the request was answered at the same moment".into()));
    }
    let action = match status {
        RequestStatus::Approved => Action::AuthorizationApproved,
        RequestStatus::SwitchedOff | RequestStatus::NotAllowed => Action::AuthorizationSwitchedOff,
        RequestStatus::CannotApprove => Action::AuthorizationNotPossible,
        RequestStatus::Denied | RequestStatus::Open | RequestStatus::Invalid => Action::AuthorizationDenied,
    };
    let mut event = Event::new(action, Actor::User(session.user_id.clone()), origin)
        .target(&question.client.id)
        .detail("request", Fact::id(&question.request.id))
        .text("device", question.request.device_name.as_deref())
        .text("asked_from", question.request.pushed_ip.as_deref())
        .detail("scopes", Fact::scopes(&question.request.scopes));
    event.org_id = org_id.map(str::to_owned);
    if status != RequestStatus::Approved {
        event = event.refused();
    }
    work.record(event);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn co_08_of_a_million_codes_no_two_are_alike() {
        const MILLION: usize = 1_000_000;
        let master = MasterKey::new(&[7; 32], "https://auth.example.com");
        let mut codes = HashSet::with_capacity(MILLION);
        // Every bit of a seed takes both values, so all 256 are drawn.
        let (mut ever, mut always) = ([0_u8; 32], [u8::MAX; 32]);
        for _ in 0..MILLION {
            let seed = new_seed(Entropy);
            for (place, byte) in seed.iter().enumerate() {
                ever[place] |= byte;
                always[place] &= byte;
            }
            codes.insert(derive_code(&master, &seed).digest().as_bytes().to_owned());
        }
        assert_eq!(codes.len(), MILLION);
        assert_eq!((ever, always), ([u8::MAX; 32], [0; 32]));
    }
}
