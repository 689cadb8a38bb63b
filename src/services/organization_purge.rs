//! Removes what is left of deleted organizations: their rows once the deletion cannot be undone, and their audit log after
//! `audit.keep_deleted`. In small steps, like the rest of the sweep; any node may do it at any time.

use std::time::Instant;

use super::pace::Pace;
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::organization::UNDO;
use crate::store::organization_purge::{self, PURGED};
use crate::store::organizations::{self, Organization};
use crate::store::{Conn, Store, StoreError, Work};

/// Organizations in one sweep.
const AT_ONCE: i64 = 100;

/// Purges the organizations that are due, and returns the number of rows.
pub async fn purge(store: &Store, config: &Config) -> Result<usize, StoreError> {
    let (now, mut rows) = (store.now(), 0);
    let before = now - UNDO;
    for organization in store.read(move |conn| organization_purge::to_purge(conn, before, AT_ONCE)).await? {
        // Several passes, because a key may wait for one of another kind that it replaced.
        loop {
            let mut pass = 0;
            for table in &PURGED {
                pass += delete_all(store, &organization.id, |conn, id, limit| table.delete(conn, id, limit))
                    .await?;
            }
            rows += pass;
            if pass == 0 {
                break;
            }
        }
        store.write(move |work| finish(work, &organization)).await?;
    }
    let before = now - config.audit.keep_deleted;
    for organization in store.read(move |conn| organization_purge::with_log(conn, before, AT_ONCE)).await? {
        let id = organization.id.clone();
        store.write(move |work| release_log(work, &organization)).await?;
        rows += delete_all(store, &id, organization_purge::delete_member_events).await?;
        rows += delete_all(store, &id, organization_purge::delete_events).await?;
        store.write(move |work| organization_purge::forget(work.conn, &id)).await?;
    }
    Ok(rows)
}

/// Deletes all rows that `delete` finds for an organization, in steps.
async fn delete_all<F>(store: &Store, org_id: &str, delete: F) -> Result<usize, StoreError>
where
    F: Fn(&mut Conn, &str, i64) -> Result<usize, StoreError> + Copy + Send + 'static,
{
    let (mut pace, mut rows) = (Pace::default(), 0);
    loop {
        let (org_id, limit) = (org_id.to_owned(), pace.limit());
        let step = store.write(move |work| {
            let begun = Instant::now();
            // A restore by another node, whose clock is behind, would otherwise lose rows that it just brought back.
            let is_deleted =
                organizations::lock(work.conn, &org_id)?.is_some_and(|found| found.deleted_at.is_some());
            let deleted = if is_deleted { delete(work.conn, &org_id, limit)? } else { 0 };
            Ok((deleted, begun))
        });
        let (deleted, begun) = step.await?;
        if deleted == 0 {
            return Ok(rows);
        }
        rows += deleted;
        pace.rest(begun).await;
    }
}

fn finish(work: &mut Work<'_>, purged: &Organization) -> Result<(), StoreError> {
    let Some(current) = organizations::lock(work.conn, &purged.id)? else { return Ok(()) };
    // Restored, or purged by another node.
    if current.deleted_at.is_none() || current.purged_at.is_some() {
        return Ok(());
    }
    organization_purge::finish(work.conn, &current, work.now)?;
    let event = Event::new(Action::OrganizationPurged, Actor::Operator, &Origin::default());
    work.record(event.org(&current.id).target(&current.id));
    Ok(())
}

/// Allows the removal of the events. The chain of the server itself keeps how many there were, and the hash of the last, by
/// which an export can be checked.
fn release_log(work: &mut Work<'_>, organization: &Organization) -> Result<(), StoreError> {
    let Some((events, hash)) = organization_purge::release_log(work.conn, &organization.id, work.now)? else {
        return Ok(());
    };
    let event = Event::new(Action::OrganizationLogRemoved, Actor::Operator, &Origin::default());
    work.record(
        event.target(&organization.id).detail("events", events).detail("last_hash", Fact::hash(&hash)),
    );
    Ok(())
}
