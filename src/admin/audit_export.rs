//! `keystiled audit export`

use std::io::{self, Write as _};

use super::AdminError;
use super::people::unknown_organization;
use crate::domain::audit::export::Format;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::services::audit_log;
use crate::store::audit::AuditFilter;
use crate::store::{Conn, Store, StoreError, organizations};

/// Events that are read at a time.
const CHUNK: usize = 500;

/// Writes the events to standard output and returns the last line, which the caller prints.
pub(super) async fn export(store: &Store, named: &str, format: &str) -> Result<String, AdminError> {
    let format = Format::parse(format).unwrap_or(Format::JsonLines);
    let wanted = named.to_owned();
    let find = move |conn: &mut Conn| match organizations::find_by_slug(conn, &wanted)? {
        Some(found) => Ok::<_, StoreError>(Some(found)),
        // Of a purged organization only the id is left.
        None => Ok(organizations::find(conn, &wanted)?.filter(|found| found.log_removed_at.is_none())),
    };
    let organization = store.read(find).await?.ok_or_else(|| unknown_organization(named))?;
    let exported =
        Event::new(Action::AuditExported, Actor::Operator, &Origin::default()).org(&organization.id);
    store
        .write(move |work| {
            audit_log::record_export(work, exported.clone(), format);
            Ok(())
        })
        .await?;
    let (mut text, mut before) = (format.header(), None);
    loop {
        let id = organization.id.clone();
        let read = move |conn: &mut Conn| audit_log::page(conn, &id, &AuditFilter::default(), before, CHUNK);
        let page = store.read(read).await?;
        let lines = page.events.iter().map(|event| format.line(event, &page.names));
        text.extend(lines);
        before = page.older;
        if before.is_none() {
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        io::stdout().write_all(text.as_bytes()).map_err(|error| {
            AdminError::Refused(format!("The standard output cannot be written: {error}."))
        })?;
        text.clear();
    }
}
