//! The log of what credentials are used for.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::config::Audit;
use crate::domain::audit::export::Names;
use crate::domain::id::IdKind;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::domain::usage::{self, CountKey, CredentialRef, Use, UseOutcome};
use crate::store::usage_events::{Filter, UsageEvent};
use crate::store::{Conn, StoreError, Work, credentials, names, usage_counts, usage_events as rows};

/// A credential says when it was used last to this accuracy, so that busy ones are not written all the time.
const LAST_USE_PRECISION: TimeDelta = TimeDelta::seconds(60);

/// Endpoints by which the uses of a credential on one day are told apart. Behind a gateway, callers make up their names.
const MAX_ENDPOINTS: usize = 200;
/// What all the other ones are counted under.
const OTHER_ENDPOINTS: &str = "(other)";

/// Writes down some uses: on each credential when it was used last, and, unless that is switched off, the counts of the day
/// and each use that is kept in detail.
pub fn record(work: &mut Work<'_>, uses: &[Use], keep: Audit) -> Result<(), StoreError> {
    if keep.log_uses {
        let rows: Vec<UsageEvent> =
            uses.iter().filter(|used| used.detailed).map(|used| row(work, used)).collect();
        rows::insert(work.conn, &rows)?;
        let counts = merge_excess_endpoints(work.conn, usage::counts(uses))?;
        usage_counts::add(work.conn, &counts)?;
    }
    let latest = usage::latest(uses);
    let Some(end) = latest.values().map(|used| used.at).max() else { return Ok(()) };
    let ids: Vec<&str> = latest.keys().copied().collect();
    // One that a refresh is changing right now is left to the refresh, which notes the use as well.
    for id in credentials::lock_last_used_before(work.conn, &ids, end - LAST_USE_PRECISION)? {
        if let Some(used) = latest.get(id.as_str()) {
            credentials::touch(work.conn, &id, used.at, used.ip.as_deref())?;
        }
    }
    Ok(())
}

/// Takes the endpoints together that are too many for a credential and a day.
fn merge_excess_endpoints(
    conn: &mut Conn,
    counts: BTreeMap<CountKey, i64>,
) -> Result<BTreeMap<CountKey, i64>, StoreError> {
    let day = |counted: &CountKey| {
        let CountKey { org_id, day, credential_id, .. } = counted;
        (org_id.clone(), day.clone(), credential_id.clone())
    };
    // More than there will be, because some are known already; most credentials are far below the limit.
    let mut numbers = usage_counts::endpoints(conn, &counts)?;
    for counted in counts.keys() {
        *numbers.entry(day(counted)).or_default() += 1;
    }
    let mut known = BTreeMap::new();
    for (day, _) in numbers.into_iter().filter(|(_, number)| *number > MAX_ENDPOINTS) {
        let names = usage_counts::endpoints_of(conn, &day)?;
        known.insert(day, names);
    }
    let mut few = BTreeMap::new();
    for (mut counted, count) in counts {
        if let Some(names) = known.get_mut(&day(&counted)) {
            if names.len() >= MAX_ENDPOINTS && !names.contains(&counted.endpoint) {
                OTHER_ENDPOINTS.clone_into(&mut counted.endpoint);
            }
            names.insert(counted.endpoint.clone());
        }
        *few.entry(counted).or_default() += count;
    }
    Ok(few)
}

fn row(work: &Work<'_>, used: &Use) -> UsageEvent {
    let Use { at, credential, endpoint, outcome, status, ip, request_id, detailed: _ } = used.clone();
    let CredentialRef { id: credential_id, org_id, owner } = credential;
    let (user_id, service_account_id) = match owner {
        SubjectId::User(id) => (Some(id), None),
        SubjectId::ServiceAccount(id) => (None, Some(id)),
    };
    UsageEvent {
        id: IdKind::Use.new_id_at(at, work.entropy),
        at,
        org_id,
        user_id,
        service_account_id,
        credential_id,
        endpoint,
        outcome,
        status: status.into(),
        ip,
        request_id: Some(request_id).filter(|id| !id.is_empty()),
    }
}

/// Some uses, the newest first.
#[derive(Debug, Default)]
pub struct UsePage {
    pub uses: Vec<UsageEvent>,
    /// Of credentials, people and service accounts.
    pub names: Names,
    /// Whether older ones follow.
    pub more: bool,
}

/// The uses in an organization after a place, at most `size` of them.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    filter: &Filter,
    after: Option<&(Time, String)>,
    size: usize,
) -> Result<UsePage, StoreError> {
    // One more than asked for says whether there are older ones.
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut uses = rows::page(conn, org_id, filter, after, limit)?;
    let more = uses.len() > size;
    uses.truncate(size);
    let ids = uses.iter().flat_map(|used| {
        let owners = [&used.user_id, &used.service_account_id].into_iter().flatten();
        owners.chain([&used.credential_id])
    });
    let names = names::of(conn, ids.map(String::as_str))?;
    Ok(UsePage { uses, names, more })
}

/// What was counted on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayTotal {
    pub day: String,
    pub allowed: i64,
    pub denied: i64,
}

/// What was counted of one credential.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialTotal {
    pub id: String,
    pub allowed: i64,
    pub denied: i64,
    /// The last day on which it was used.
    pub last_day: String,
}

/// How much an organization's credentials were used in some days.
#[derive(Debug, Default)]
pub struct Overview {
    /// Those on which there was something.
    pub days: Vec<DayTotal>,
    /// The most used ones first.
    pub credentials: Vec<CredentialTotal>,
    /// How many more were used.
    pub others: usize,
    pub names: Names,
}

/// The counts of the days from one to another, both included.
pub fn overview(
    conn: &mut Conn,
    org_id: &str,
    from: &str,
    to: &str,
    most: usize,
) -> Result<Overview, StoreError> {
    let mut days: Vec<DayTotal> = Vec::new();
    for (day, outcome, count) in usage_counts::by_day(conn, org_id, from, to)? {
        if days.last().is_none_or(|last| last.day != day) {
            days.push(DayTotal { day, ..DayTotal::default() });
        }
        if let Some(total) = days.last_mut() {
            add(&mut total.allowed, &mut total.denied, outcome, count);
        }
    }
    let mut credentials: Vec<CredentialTotal> = Vec::new();
    for (id, outcome, count, last_day) in usage_counts::by_credential(conn, org_id, from, to)? {
        if credentials.last().is_none_or(|last| last.id != id) {
            credentials.push(CredentialTotal { id, ..CredentialTotal::default() });
        }
        if let Some(total) = credentials.last_mut() {
            add(&mut total.allowed, &mut total.denied, outcome, count);
            total.last_day = last_day.max(std::mem::take(&mut total.last_day));
        }
    }
    credentials.sort_by_key(|total| std::cmp::Reverse(total.allowed + total.denied));
    let others = credentials.len().saturating_sub(most);
    credentials.truncate(most);
    let names = names::of(conn, credentials.iter().map(|total| total.id.as_str()))?;
    Ok(Overview { days, credentials, others, names })
}

fn add(allowed: &mut i64, denied: &mut i64, outcome: UseOutcome, count: i64) {
    match outcome {
        UseOutcome::Allowed => *allowed += count,
        UseOutcome::Denied => *denied += count,
    }
}
