//! Deletes expired rows.
//!
//! A sweep of any size does not block other writes: it deletes in steps, each one a transaction with a
//! bounded number of rows, and pauses between steps for as long as the step took. Each step finds its rows by
//! an index and reads no rows that are kept.

use std::time::Instant;

use chrono::TimeDelta;

use super::organization_purge;
use super::pace::Pace;
use crate::config::Config;
use crate::domain::guessing;
use crate::domain::organization::FORMER_KEPT;
use crate::domain::time::Time;
use crate::store::sweeping::{Deleted, Span};
use crate::store::{
    Conn, Store, StoreError, authorization_requests, device_requests, ended_credentials, idempotency_records,
    invitations, join_links, organization_names, password_resets, rates, throttles, usage_counts,
    usage_events, web_sessions,
};

/// Retention of requests with a code: reuse of the code still ends the session that it created.
const CODES_KEPT: TimeDelta = TimeDelta::hours(24);
/// Retention of other ended requests, for the page that says that they have ended.
const REQUESTS_KEPT: TimeDelta = TimeDelta::minutes(30);
/// Delay before an expired credential is marked. Most short-lived ones are revoked by then and need no such
/// write.
const EXPIRED_UNMARKED: TimeDelta = TimeDelta::hours(1);

/// A kind of row that expires, and its retention.
struct Expiring {
    /// Name for the log.
    name: &'static str,
    /// Retention after the end.
    kept: fn(&Config) -> TimeDelta,
    delete: fn(&mut Conn, Span) -> Result<Deleted, StoreError>,
}

/// Deletes nothing: marks expired credentials, which lists of active ones leave out.
const MARK_EXPIRED: Expiring = Expiring {
    name: "expired credentials",
    kept: |_| EXPIRED_UNMARKED,
    delete: ended_credentials::mark_expired,
};

const EXPIRING: [Expiring; 16] = [
    Expiring {
        name: "requests without a code",
        kept: |_| REQUESTS_KEPT,
        delete: authorization_requests::delete_without_code,
    },
    Expiring {
        name: "requests with a code",
        kept: |_| CODES_KEPT,
        delete: authorization_requests::delete_expired,
    },
    Expiring { name: "device requests", kept: |_| REQUESTS_KEPT, delete: device_requests::delete_expired },
    Expiring {
        name: "idempotency records",
        kept: |_| TimeDelta::zero(),
        delete: idempotency_records::delete_expired,
    },
    Expiring { name: "rates", kept: |_| TimeDelta::zero(), delete: rates::delete_settled },
    Expiring { name: "browser sessions", kept: |_| TimeDelta::zero(), delete: web_sessions::delete_ended },
    Expiring {
        name: "links to set a password",
        kept: |_| TimeDelta::zero(),
        delete: password_resets::delete_ended,
    },
    Expiring {
        name: "throttled accounts",
        kept: |_| TimeDelta::zero(),
        delete: throttles::delete_due_accounts,
    },
    Expiring {
        name: "throttled networks and devices",
        kept: |_| guessing::MEMORY,
        delete: throttles::delete_quiet_sources,
    },
    Expiring {
        name: "uses of credentials",
        kept: |config| config.audit.keep_uses,
        delete: usage_events::delete_old,
    },
    Expiring {
        name: "counts of uses",
        kept: |config| config.audit.keep_usage,
        delete: usage_counts::delete_old,
    },
    Expiring {
        name: "ended invitations",
        kept: |config| config.credentials.keep_ended,
        delete: invitations::delete_ended,
    },
    Expiring {
        name: "expired invitations",
        kept: |config| config.credentials.keep_ended,
        delete: invitations::delete_expired,
    },
    Expiring {
        name: "ended join links",
        kept: |config| config.credentials.keep_ended,
        delete: join_links::delete_ended,
    },
    Expiring { name: "former short names", kept: |_| FORMER_KEPT, delete: organization_names::delete_free },
    Expiring {
        name: "ended credentials",
        kept: |config| config.credentials.keep_ended,
        delete: ended_credentials::remove,
    },
];

/// Deletes all rows whose retention has passed and returns their number. Any node may run it at any time. A
/// failure affects only its own kind of row, until the next sweep.
pub async fn sweep(store: &Store, config: &Config) -> usize {
    let now = store.now();
    if let Err(error) = sweep_expiring(store, &MARK_EXPIRED, now - (MARK_EXPIRED.kept)(config)).await {
        tracing::warn!(%error, what = MARK_EXPIRED.name, "expired credentials could not be marked");
    }
    let mut rows = 0;
    for expiring in &EXPIRING {
        match sweep_expiring(store, expiring, now - (expiring.kept)(config)).await {
            Ok(deleted) => rows += deleted,
            Err(error) => tracing::warn!(%error, what = expiring.name, "expired rows could not be deleted"),
        }
    }
    match organization_purge::purge(store, config).await {
        Ok(purged) => rows + purged,
        Err(error) => {
            tracing::warn!(%error, "deleted organizations could not be purged");
            rows
        }
    }
}

async fn sweep_expiring(store: &Store, expiring: &Expiring, before: Time) -> Result<usize, StoreError> {
    let delete = expiring.delete;
    let (mut pace, mut from, mut rows) = (Pace::default(), Time::FIRST, 0);
    loop {
        let span = Span { from, before, limit: pace.limit() };
        let step = store.write(move |work| {
            let begun = Instant::now();
            Ok((delete(work.conn, span)?, begun))
        });
        let (deleted, begun) = step.await?;
        rows += deleted.rows;
        if i64::try_from(deleted.rows).is_ok_and(|rows| rows < span.limit) {
            return Ok(rows);
        }
        from = deleted.to.unwrap_or(from);
        pace.rest(begun).await;
    }
}
