//! Request form of an OAuth endpoint.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::oauth_failure::OAuthFailure;
use crate::domain::oauth_error::OAuthError;
use crate::domain::parameters::Parameters;
use crate::web::form;

/// Parameters from the body. Query parameters are refused, because they end up in logs and histories.
pub struct OAuthForm(pub Parameters);

impl FromRequest for OAuthForm {
    type Error = OAuthFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, OAuthFailure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if !request.query_string().is_empty() {
                let text = "Send the parameters in the body of the request, not in its query.";
                return Err(OAuthError::invalid_request(text).into());
            }
            Ok(Self(form::read(&request, payload).await?))
        })
    }
}

/// A required parameter.
pub(super) fn required<'a>(form: &'a Parameters, name: &str) -> Result<&'a str, OAuthError> {
    form.get(name).ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing.")))
}
