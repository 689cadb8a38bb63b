//! The authenticated caller of the API.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::error::ApiError;
use crate::http::api_auth;
use crate::services::authenticate::Principal;
use crate::services::org_actor::OrgActor;
use crate::web::app::App;
use crate::web::origin;

/// An authenticated caller.
pub struct Caller(pub Principal);

impl Caller {
    /// The caller as an actor for a use case.
    pub fn actor(&self, app: &App, request: &HttpRequest) -> OrgActor {
        OrgActor::with_credential(&self.0, origin::of(app, request))
    }
}

/// Authenticates the caller and applies the API's rate limit.
pub(super) async fn authenticate_within_limit(
    app: &App,
    request: &HttpRequest,
) -> Result<Principal, ApiError> {
    let principal = api_auth::principal(app, request).await?;
    app.limits.call_api(&principal.credential.id, app.now())?;
    Ok(principal)
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = App::of(&request)?;
            Ok(Self(authenticate_within_limit(app, &request).await?))
        })
    }
}
