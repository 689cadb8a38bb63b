//! API keys that exist before the measurement.

use std::error::Error;

use keystiled::config::Config;
use keystiled::domain::granted_scopes::GrantedScopes;
use keystiled::domain::id::IdKind;
use keystiled::domain::management::{AUDIT_READ, TOKENS_INTROSPECT};
use keystiled::domain::secret::Secret;
use keystiled::domain::static_secret::{self, Minted, Mode, StaticKind};
use keystiled::domain::subject::SubjectId;
use keystiled::store::static_credentials::{self, StaticCredential};
use keystiled::store::{StoreError, Work};

use super::deployment::{Deployment, Owner};

/// The scope of every key.
pub(crate) const SCOPE: &str = "org:read";

/// Creates this many keys of the owner, with the scopes needed for verify, introspection and exports.
pub(crate) async fn fill(deployment: &Deployment<'_>, count: usize) -> Result<Vec<Secret>, Box<dyn Error>> {
    let (config, owner) = (deployment.config.clone(), deployment.owner.clone());
    let insert = move |work: &mut Work<'_>| (0..count).map(|_| insert(work, &config, &owner)).collect();
    Ok(deployment.store()?.write(insert).await?)
}

fn insert(work: &mut Work<'_>, config: &Config, owner: &Owner) -> Result<Secret, StoreError> {
    let kind = StaticKind::ApiKey(Mode::Live);
    let Minted { secret, digest, display_prefix, last_four } =
        static_secret::mint(&config.brand.token_prefix, kind, work.entropy);
    let person = SubjectId::User(owner.user.id.clone());
    let key = StaticCredential {
        id: IdKind::ApiKey.new_id(work.entropy),
        kind,
        org_id: owner.organization.id.clone(),
        owner: person.clone(),
        created_by: person,
        name: "benchmark".to_owned(),
        granted: GrantedScopes::Scopes(
            [SCOPE, TOKENS_INTROSPECT, AUDIT_READ].map(str::to_owned).into_iter().collect(),
        ),
        digest,
        display_prefix,
        last_four,
        allowed_addresses: None,
        created_at: work.now,
        created_ip: None,
        ends_at: None,
        last_used_at: None,
        last_used_ip: None,
        revoked_at: None,
        revoked_reason: None,
        replaced_by: None,
    };
    static_credentials::insert(work.conn, &key)?;
    Ok(secret)
}
