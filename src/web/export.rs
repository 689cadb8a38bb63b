//! Export of the audit log, streamed.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use tokio::sync::mpsc;

use super::app::App;
use crate::domain::audit::export::Format;
use crate::services::audit_log;
use crate::store::StoreError;
use crate::store::audit::AuditFilter;
use crate::store::organizations::Organization;

/// Events per chunk.
const CHUNK: usize = 500;

/// Stream of lines. An error closes the connection, so that a partial export is not mistaken for a complete
/// one.
struct Lines(mpsc::Receiver<Result<Bytes, StoreError>>);

impl MessageBody for Lines {
    type Error = StoreError;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, StoreError>>> {
        self.0.poll_recv(context)
    }
}

/// Response with the events of an organization as a file, newest first.
pub fn response(app: &App, organization: &Organization, filter: AuditFilter, format: Format) -> HttpResponse {
    // One chunk is read while another is sent.
    let (lines, body) = mpsc::channel(1);
    tokio::spawn(send(app.clone(), organization.id.clone(), filter, format, lines));
    response_head(app, organization, format).set_body(Lines(body)).map_into_boxed_body()
}

/// The response of [`response`] without its body.
pub fn response_head(app: &App, organization: &Organization, format: Format) -> HttpResponse {
    let day = app.now().utc().format("%Y-%m-%d");
    let file = format!("attachment; filename=\"audit-{}-{day}.{}\"", organization.slug, format.as_str());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.content_type()))
        .insert_header((CONTENT_DISPOSITION, file))
        .finish()
}

async fn send(
    app: App,
    org_id: String,
    filter: AuditFilter,
    format: Format,
    lines: mpsc::Sender<Result<Bytes, StoreError>>,
) {
    let mut text = format.header();
    let filter = Arc::new(filter);
    let mut before = None;
    loop {
        let (org_id, filter) = (org_id.clone(), filter.clone());
        let read = app.store.report(move |conn| audit_log::page(conn, &org_id, &filter, before, CHUNK)).await;
        let page = match read {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "an export of the audit log was cut off");
                // The client may have disconnected.
                drop(lines.send(Err(error)).await);
                return;
            }
        };
        text.extend(page.events.iter().map(|event| format.line(event, &page.names)));
        before = page.older;
        let stretch = std::mem::take(&mut text);
        if lines.send(Ok(stretch.into())).await.is_err() || before.is_none() {
            return;
        }
    }
}
