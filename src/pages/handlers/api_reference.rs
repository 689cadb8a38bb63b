//! The API as people read it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::visit::visit;
use crate::pages::api_reference::{self, ApiReferencePage};
use crate::web::api_document::ApiDocument;
use crate::web::app::App;

/// `GET /api`
pub async fn page(
    app: web::Data<App>,
    document: web::Data<ApiDocument>,
    request: HttpRequest,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let reference = api_reference::read(document.value());
        Ok(visit.page(StatusCode::OK, &ApiReferencePage { shell: visit.shell(), reference }))
    })
    .await
}
