//! Usage log of credentials: last use, counts and single events.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::config::Audit;
use crate::domain::audit::export::Names;
use crate::domain::id::IdKind;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::domain::usage::{self, CountKey, CredentialRef, Use, UseOutcome};
use crate::store::usage_counts::CredentialTotal;
use crate::store::usage_events::{UsageEvent, UsageEventFilter};
use crate::store::{Conn, StoreError, Work, credentials, names, usage_counts, usage_events as rows};

/// Precision of a credential's last use, so that busy ones are not written all the time.
const LAST_USE_PRECISION: TimeDelta = TimeDelta::seconds(60);

/// Maximum number of endpoints counted per credential and day. Behind a gateway, callers choose the paths.
const MAX_ENDPOINTS: usize = 200;
/// Name under which further endpoints are counted.
const OTHER_ENDPOINTS: &str = "(other)";

/// Stores a batch of uses: the last use of each credential and, unless switched off, the daily counts and the
/// detailed events.
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
    // Sessions that a refresh is changing are skipped; the refresh updates their last use.
    for id in credentials::lock_last_used_before(work.conn, &ids, end - LAST_USE_PRECISION)? {
        if let Some(used) = latest.get(id.as_str()) {
            credentials::touch(work.conn, &id, used.at, used.ip.as_deref())?;
        }
    }
    Ok(())
}

/// Merges endpoints beyond the limit per credential and day.
fn merge_excess_endpoints(
    conn: &mut Conn,
    counts: BTreeMap<CountKey, i64>,
) -> Result<BTreeMap<CountKey, i64>, StoreError> {
    let day = |counted: &CountKey| {
        let CountKey { org_id, day, credential_id, .. } = counted;
        (org_id.clone(), day.clone(), credential_id.clone())
    };
    // Upper bound, because some endpoints are known already; most credentials are far below the limit.
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

/// A page of uses, newest first.
#[derive(Debug, Default)]
pub struct UsePage {
    pub uses: Vec<UsageEvent>,
    /// Names of credentials, users and service accounts.
    pub names: Names,
    /// Whether older ones follow.
    pub more: bool,
}

/// Up to `size` uses in an organization after a cursor.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    filter: &UsageEventFilter,
    after: Option<&(Time, String)>,
    size: usize,
) -> Result<UsePage, StoreError> {
    // One extra row shows whether there are older ones.
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

/// Total of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayTotal {
    pub day: String,
    pub allowed: i64,
    pub denied: i64,
}

/// Usage of an organization's credentials over a period.
#[derive(Debug, Default)]
pub struct Overview {
    /// Days with uses only.
    pub days: Vec<DayTotal>,
    /// Most used first.
    pub credentials: Vec<CredentialTotal>,
    /// Number of further credentials with uses.
    pub others: i64,
    pub names: Names,
}

/// Totals of a period, first and last day included.
pub fn overview(
    conn: &mut Conn,
    org_id: &str,
    from: &str,
    to: &str,
    most: i64,
) -> Result<Overview, StoreError> {
    let mut days: Vec<DayTotal> = Vec::new();
    for (day, outcome, count) in usage_counts::by_day(conn, org_id, from, to)? {
        if days.last().is_none_or(|last| last.day != day) {
            days.push(DayTotal { day, ..DayTotal::default() });
        }
        if let Some(total) = days.last_mut() {
            match outcome {
                UseOutcome::Allowed => total.allowed += count,
                UseOutcome::Denied => total.denied += count,
            }
        }
    }
    let credentials = usage_counts::most_used(conn, org_id, from, to, most)?;
    let others = credentials.first().map_or(0, |first| (first.used - most).max(0));
    let names = names::of(conn, credentials.iter().map(|total| total.id.as_str()))?;
    Ok(Overview { days, credentials, others, names })
}
