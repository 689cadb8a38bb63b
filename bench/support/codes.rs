//! Authorization codes that a person has approved.

use std::error::Error;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use keystiled::config::Config;
use keystiled::domain::client::COMPANION;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::id::IdKind;
use keystiled::domain::request::RequestStatus;
use keystiled::domain::secret::{Digest, Secret};
use keystiled::store::authorization_codes::{self, AuthorizationCode};
use keystiled::store::authorization_requests::{self, AuthorizationRequest};
use keystiled::store::{StoreError, Work};

use super::callers::Codes;
use super::deployment::{Deployment, Owner};

/// Codes per transaction.
const BATCH: usize = 5_000;

/// Approves at least this many requests of the companion CLI, each with PKCE.
pub(crate) async fn fill(deployment: &Deployment<'_>, count: usize) -> Result<Arc<Codes>, Box<dyn Error>> {
    let store = deployment.store()?;
    let verifier = Secret::random(Entropy);
    let challenge = URL_SAFE_NO_PAD.encode(Digest::of(verifier.expose()).as_bytes());
    let mut codes = Vec::with_capacity(count + BATCH);
    while codes.len() < count {
        let (config, owner, challenge) =
            (deployment.config.clone(), deployment.owner.clone(), challenge.clone());
        codes.extend(store.write(move |work| insert(work, &config, &owner, &challenge)).await?);
    }
    Ok(Codes::new(codes, verifier))
}

fn insert(
    work: &mut Work<'_>,
    config: &Config,
    owner: &Owner,
    challenge: &str,
) -> Result<Vec<Secret>, StoreError> {
    let mut secrets = Vec::with_capacity(BATCH);
    for _ in 0..BATCH {
        let secret = Secret::random(work.entropy);
        let request = request(work, config, owner, challenge);
        authorization_requests::insert(work.conn, &request)?;
        authorization_codes::insert(work.conn, &code(work, owner, &request, &secret))?;
        secrets.push(secret);
    }
    Ok(secrets)
}

fn request(work: &Work<'_>, config: &Config, owner: &Owner, challenge: &str) -> AuthorizationRequest {
    // Without `openid`: an ID token would be a second signature, and the limit assumes one per exchange.
    let scopes: Vec<_> =
        config.catalog.defaults().iter().filter(|id| *id != "openid").map(str::to_owned).collect();
    AuthorizationRequest {
        id: IdKind::Request.new_id(work.entropy),
        client_id: COMPANION.to_owned(),
        redirect_uri: "http://127.0.0.1:49152/callback".to_owned(),
        state: None,
        scopes: scopes.join(" "),
        code_challenge: Some(challenge.to_owned()),
        nonce: None,
        prompt: None,
        max_age: None,
        login_hint: None,
        org_hint: None,
        device_name: Some("benchmark".to_owned()),
        device_os: None,
        tool_version: None,
        pushed_hash: None,
        pushed_ip: None,
        short_code: None,
        browser_hash: None,
        created_at: work.now,
        expires_at: work.now + config.tokens.request,
        status: RequestStatus::Approved,
        error: None,
        error_description: None,
        answered_at: Some(work.now),
        user_id: Some(owner.user.id.clone()),
        org_id: Some(owner.organization.id.clone()),
    }
}

fn code(
    work: &Work<'_>,
    owner: &Owner,
    request: &AuthorizationRequest,
    secret: &Secret,
) -> AuthorizationCode {
    AuthorizationCode {
        hash: secret.digest(),
        request_id: request.id.clone(),
        user_id: owner.user.id.clone(),
        org_id: owner.organization.id.clone(),
        scopes: request.scopes.clone(),
        auth_time: work.now,
        created_at: work.now,
        // Longer than the default: all codes are created before the first exchange.
        expires_at: work.now + TimeDelta::hours(1),
        wrong_tries: 0,
        consumed_at: None,
        credential_id: None,
        seed: None,
    }
}
