//! Decision about a code exchange: one function for both paths.

use crate::domain::client::{Client, Grant};
use crate::domain::oauth_error::OAuthError;
use crate::domain::pkce::{Challenge, Verifier};
use crate::domain::policy::PolicyBlock;
use crate::domain::scope::ScopeSet;
use crate::domain::text_enum::text_enum;
use crate::grants::session::IssueContext;
use crate::store::StoreError;
use crate::store::authorization_requests::AuthorizationRequest;
use crate::store::batched::redemption::StoredCode;
use crate::store::organizations::Organization;

use super::CodeRequest;

/// Number of wrong verifiers after which a code is still valid. With more, a thief could guess the verifier; with fewer,
/// a thief could invalidate the code.
const MAX_WRONG_VERIFIERS: i64 = 3;

text_enum! {
    /// Why a code is refused, with the reason for the log.
    CodeRefusal {
        GrantNotAllowed = "grant not allowed",
        UnknownCode = "no such code",
        ForeignClient = "the code belongs to another client",
        OtherRedirectUri = "another redirect URI than at the authorization endpoint",
        PkceMismatch = "the code verifier does not match",
        Reused = "the code was used twice; its session is revoked",
        TooManyTries = "too many attempts with a wrong verifier",
        Expired = "the code has expired",
        NotMember = "the user is no longer a member",
        PersonalTokensOff = "the organization does not allow personal tokens",
        CopiedCodesOff = "the organization does not allow copied codes",
    }
}

impl CodeRefusal {
    /// The error for the client. `organization` is named if the code belongs to one.
    pub(super) fn error(self, organization: Option<&Organization>) -> OAuthError {
        match (self, organization) {
            (Self::GrantNotAllowed, _) => Client::not_permitted(Grant::AuthorizationCode),
            (Self::PersonalTokensOff, Some(organization)) => {
                OAuthError::personal_tokens_disabled(&organization.name)
            }
            (
                Self::UnknownCode
                | Self::ForeignClient
                | Self::OtherRedirectUri
                | Self::PkceMismatch
                | Self::Reused
                | Self::TooManyTries
                | Self::Expired
                | Self::NotMember
                | Self::PersonalTokensOff
                | Self::CopiedCodesOff,
                _,
            ) => OAuthError::invalid_grant(self.as_str()),
        }
    }
}

/// Outcome of a code exchange.
pub(super) enum Decision {
    /// Create a session for the user, who has this role.
    Redeem {
        role: String,
        scopes: ScopeSet,
    },
    Refuse(CodeRefusal),
    /// The stored state is inconsistent.
    Fault(StoreError),
}

/// Decides whether an authenticated client may redeem a code.
pub(super) fn decide(context: &IssueContext<'_>, request: &CodeRequest, stored: &StoredCode) -> Decision {
    match examine(context, request, stored) {
        Ok(decision) => decision,
        Err(refusal) => Decision::Refuse(refusal),
    }
}

fn examine(
    context: &IssueContext<'_>,
    request: &CodeRequest,
    stored: &StoredCode,
) -> Result<Decision, CodeRefusal> {
    let StoredCode { code, request: authorization_request, organization, .. } = stored;
    matches_request(context.client, authorization_request, request)?;
    if !pkce_matches(authorization_request, request) {
        return Err(CodeRefusal::PkceMismatch);
    }
    if code.credential_id.is_some() {
        return Err(CodeRefusal::Reused);
    }
    if code.wrong_tries >= MAX_WRONG_VERIFIERS {
        return Err(CodeRefusal::TooManyTries);
    }
    if context.now >= code.expires_at {
        return Err(CodeRefusal::Expired);
    }
    let is_disabled = stored.person_disabled_at.is_some() || organization.disabled_at.is_some();
    let Some(role) = stored.role.clone().filter(|_| !is_disabled) else {
        return Err(CodeRefusal::NotMember);
    };
    match organization
        .policy(&context.config.organizations)
        .policy_block(authorization_request.sign_in_method(context.config))
    {
        None => {}
        Some(PolicyBlock::PersonalTokens) => return Err(CodeRefusal::PersonalTokensOff),
        Some(PolicyBlock::CopyCode) => return Err(CodeRefusal::CopiedCodesOff),
        Some(PolicyBlock::DeviceFlow | PolicyBlock::OtherNetwork) => {
            let message = format!("the device code policy was applied to {}", authorization_request.id);
            return Ok(Decision::Fault(StoreError::Failed(message)));
        }
    }
    Ok(match ScopeSet::parse(&code.scopes) {
        Ok(scopes) => Decision::Redeem { role, scopes },
        Err(_) => Decision::Fault(StoreError::Failed(format!(
            "the scopes approved for {} cannot be read",
            authorization_request.id
        ))),
    })
}

/// Whether the code was issued to this client and redirect URI.
fn matches_request(
    client: &Client,
    authorization_request: &AuthorizationRequest,
    request: &CodeRequest,
) -> Result<(), CodeRefusal> {
    if authorization_request.client_id != client.id {
        return Err(CodeRefusal::ForeignClient);
    }
    match &request.redirect_uri {
        Some(uri) if *uri != authorization_request.redirect_uri => Err(CodeRefusal::OtherRedirectUri),
        Some(_) | None => Ok(()),
    }
}

/// RFC 7636 section 4.6, and its converse: a verifier where no challenge was stored means that an attacker removed
/// the challenge from the request (RFC 9700 section 2.1.1).
fn pkce_matches(authorization_request: &AuthorizationRequest, request: &CodeRequest) -> bool {
    let challenge = authorization_request.code_challenge.as_deref().map(Challenge::parse);
    let verifier = request.code_verifier.as_ref().map(|verifier| Verifier::parse(verifier.expose()));
    match (challenge, verifier) {
        (Some(Some(challenge)), Some(Some(verifier))) => challenge.matches(&verifier),
        (None | Some(_), None | Some(_)) => false,
    }
}
