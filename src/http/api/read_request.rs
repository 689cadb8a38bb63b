//! Authenticated read requests.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::answer::Data;
use super::caller::Caller;
use super::error::ApiError;
use super::page::ListQuery;
use crate::domain::time::Time;
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::{Conn, TxError};
use crate::web::app::App;

/// An authenticated GET.
pub struct ReadRequest {
    app: web::Data<App>,
    actor: OrgActor,
    request: HttpRequest,
}

/// Result of a reading use case.
type ReadResult<T> = Result<T, TxError<ServiceRefusal>>;
/// The last entry of the previous page.
type Cursor = (Time, String);

impl FromRequest for ReadRequest {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let caller = caller.await?;
            let app = App::of(&request)?.clone();
            Ok(Self { actor: caller.actor(&app, &request), app, request })
        })
    }
}

impl ReadRequest {
    /// Responds with one object.
    pub async fn one<T, S, R>(self, read: R, show: impl Fn(&T) -> S) -> Result<HttpResponse, ApiError>
    where
        T: Send + 'static,
        S: Serialize,
        R: FnOnce(&mut Conn, &OrgActor) -> ReadResult<T> + Clone + Send + 'static,
    {
        let found = self.read(read).await?;
        Ok(HttpResponse::Ok().json(Data { data: show(&found) }))
    }

    /// Responds with a page of a list. `read` gets the cursor and the number of rows; `place` returns the
    /// cursor of an object.
    pub async fn page<T, S, R>(
        self,
        read: R,
        show: impl Fn(&T) -> S,
        place: impl Fn(&T) -> (Time, &String),
    ) -> Result<HttpResponse, ApiError>
    where
        T: Send + 'static,
        S: Serialize,
        R: FnOnce(&mut Conn, &OrgActor, Option<&Cursor>, i64) -> ReadResult<Vec<T>> + Clone + Send + 'static,
    {
        let page = ListQuery::read(self.request.query_string())?;
        let (after, limit) = (page.after.clone(), page.limit());
        let found = self.read(move |conn, actor| read(conn, actor, after.as_ref(), limit)).await?;
        Ok(page.answer(&found, show, place))
    }

    async fn read<T, R>(self, read: R) -> Result<T, ApiError>
    where
        T: Send + 'static,
        R: FnOnce(&mut Conn, &OrgActor) -> ReadResult<T> + Clone + Send + 'static,
    {
        let Self { app, actor, .. } = self;
        let found = app.store.read_or_refuse(move |conn| read(conn, &actor)).await;
        TxError::settle(found)?.map_err(|refusal| ApiError::refused(&app, refusal))
    }
}
