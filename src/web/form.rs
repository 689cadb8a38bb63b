//! Reads request bodies and forms.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use crate::domain::parameters::{Parameters, ParametersError};

/// Maximum size of a request body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Timeout for a body to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a body is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("the body is not application/x-www-form-urlencoded")]
    ContentType,
    #[error("the body is larger than {MAX_BODY} bytes")]
    TooLarge,
    #[error("the body is incomplete")]
    Incomplete,
    #[error(transparent)]
    Parameters(#[from] ParametersError),
}

/// Reads the parameters of an OAuth request.
pub async fn read(request: &HttpRequest, payload: Payload) -> Result<Parameters, FormError> {
    Ok(Parameters::parse(&body(request, payload).await?)?)
}

/// Reads a form of a page.
pub async fn fields(request: &HttpRequest, payload: Payload) -> Result<Parameters, FormError> {
    Ok(Parameters::parse_fields(&body(request, payload).await?)?)
}

/// Reads the raw body of a form.
pub async fn body(request: &HttpRequest, payload: Payload) -> Result<web::Bytes, FormError> {
    if !request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(FormError::ContentType);
    }
    collect(request, payload).await
}

/// Reads any body. The size is checked while it arrives, independently of its headers.
pub async fn collect(request: &HttpRequest, mut payload: Payload) -> Result<web::Bytes, FormError> {
    let body = tokio::time::timeout(TIMEOUT, web::Bytes::from_request(request, &mut payload));
    body.await.map_err(|_| FormError::Incomplete)?.map_err(|error| {
        if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
            FormError::TooLarge
        } else {
            FormError::Incomplete
        }
    })
}
