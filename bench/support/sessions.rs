//! Sessions that exist before the measurement.

use std::error::Error;
use std::ops::Range;

use diesel::{RunQueryDsl as _, sql_query};
use keystiled::config::Config;
use keystiled::domain::client::COMPANION;
use keystiled::domain::credential::CredentialKind;
use keystiled::domain::secret::Secret;
use keystiled::keys::refresh_token;
use keystiled::store::credentials::{self, Credential};
use keystiled::store::{StoreError, Work};

use super::deployment::{Deployment, Owner};

/// Sessions per transaction: the server limits statements to ten seconds.
const BATCH: usize = 20_000;
/// Coprime to every number of sessions, so that ids are spread over the index like random ones.
const STRIDE: usize = 736_878_713;
const SPAN: usize = 1_000_000_007;

/// Creates the sessions with these numbers, and returns their refresh tokens.
pub(crate) async fn fill(
    deployment: &Deployment<'_>,
    numbers: Range<usize>,
) -> Result<Vec<Secret>, Box<dyn Error>> {
    let store = deployment.store()?;
    let mut tokens = Vec::with_capacity(numbers.len());
    let mut begin = numbers.start;
    while begin < numbers.end {
        let batch = begin..numbers.end.min(begin + BATCH);
        begin = batch.end;
        let (config, owner, its) = (deployment.config.clone(), deployment.owner.clone(), batch.clone());
        let first = store.write(move |work| insert(work, &config, &owner, &its)).await?;
        let prefix = &deployment.config.brand.token_prefix;
        let seed = first.seed.as_deref().unwrap_or_default();
        tokens.extend(
            batch.map(|n| refresh_token::make(&deployment.master, prefix, &id(n), first.generation, seed)),
        );
    }
    Ok(tokens)
}

fn id(n: usize) -> String {
    format!("ses_benchmark000{}", 1_000_000_000 + n * STRIDE % SPAN)
}

/// Inserts the first session of a batch as the server would, and copies it in SQL, which makes a million feasible.
fn insert(
    work: &mut Work<'_>,
    config: &Config,
    owner: &Owner,
    numbers: &Range<usize>,
) -> Result<Credential, StoreError> {
    let first = session(work, config, owner, numbers.start);
    credentials::insert(work.conn, &first)?;
    let copied = "kind, org_id, user_id, client_id, name, scopes, seed, generation, idle_ends_at, ends_at, auth_time, \
                  created_at";
    sql_query(format!(
        "INSERT INTO credentials (id, {copied}) \
         WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {end}) \
         SELECT 'ses_benchmark000' || (1000000000 + CAST(n AS BIGINT) * {STRIDE} % {SPAN}), {copied} \
         FROM numbers, credentials WHERE id = '{template}' AND n > {first}",
        first = numbers.start,
        end = numbers.end,
        template = first.id,
    ))
    .execute(work.conn)?;
    Ok(first)
}

fn session(work: &Work<'_>, config: &Config, owner: &Owner, n: usize) -> Credential {
    Credential {
        id: id(n),
        kind: CredentialKind::CliSession,
        org_id: owner.organization.id.clone(),
        user_id: Some(owner.user.id.clone()),
        client_id: Some(COMPANION.to_owned()),
        name: "benchmark".to_owned(),
        scopes: config.catalog.defaults().to_string(),
        seed: Some(work.entropy.bytes::<32>().to_vec()),
        generation: 1,
        rotated_at: None,
        idle_ends_at: Some(work.now + config.tokens.session_idle),
        ends_at: Some(work.now + config.tokens.session_max),
        auth_time: Some(work.now),
        created_at: work.now,
        created_ip: None,
        device_name: None,
        device_os: None,
        tool_version: None,
        last_used_at: None,
        last_used_ip: None,
        revoked_at: None,
        revoked_reason: None,
    }
}
