//! The public halves of the signing keys: RFC 7517.

use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{HttpResponse, web};

use crate::web::app::App;

/// `GET /oauth/jwks`
pub async fn jwks(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .insert_header(ContentType::json())
        .body(app.keyring.current().jwks().to_owned())
}
