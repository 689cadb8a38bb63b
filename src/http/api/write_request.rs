//! Authenticated write requests, with idempotency keys.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Type};

use super::caller::authenticate_within_limit;
use super::error::ApiError;
use crate::domain::secret::Digest;
use crate::services::authenticate::Principal;
use crate::services::idempotency::{ClaimOutcome, Idempotency, StoredResponse};
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::{TxError, Work};
use crate::web::app::App;
use crate::web::form::{self, FormError};
use crate::web::origin;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Maximum length of an idempotency key, in characters.
const MAX_KEY_LENGTH: usize = 255;
/// Header that marks a replayed response.
const REPLAYED: &str = "idempotent-replayed";

/// An authenticated POST with its body.
pub struct WriteRequest<T> {
    actor: OrgActor,
    body: T,
    idempotency: Option<Idempotency>,
}

/// Body of a request without parameters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Response to a completed request. It may contain a new secret, so it has no `Debug`.
pub struct Completed {
    status: StatusCode,
    data: Value,
}

impl Completed {
    pub fn ok(data: &impl Serialize) -> Self {
        Self { status: StatusCode::OK, data: json!(data) }
    }

    pub fn created(data: &impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, data: json!(data) }
    }
}

impl<T: DeserializeOwned> FromRequest for WriteRequest<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let app = App::of(&request)?;
            let principal = authenticate_within_limit(app, &request).await?;
            let bytes = json_bytes(&request, payload).await?;
            let key = idempotency_key(&request)?;
            let idempotency = key.map(|key| {
                let digest = fingerprint(&principal, &bytes);
                Idempotency::new(&app.master, &principal.credential.id, request.path(), key, digest)
            });
            Ok(Self {
                actor: OrgActor::with_credential(&principal, origin::of(app, &request)),
                body: parse(&bytes)?,
                idempotency,
            })
        })
    }
}

/// Digest that identifies equal requests: body and effective scopes. The response may contain a secret, which
/// a token with fewer scopes must not get.
fn fingerprint(principal: &Principal, body: &[u8]) -> Digest {
    let may = format!("{}\n{}\n", principal.role, principal.scopes);
    Digest::of_bytes(&[may.as_bytes(), body].concat())
}

/// Reads the JSON body of a request.
pub(super) async fn body<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    parse(&json_bytes(request, payload).await?)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(text).map_err(|error| {
        ApiError::bad_request(format!("The body cannot be read: {}.", client_facing(&error)))
    })
}

/// Reads the body. An empty body needs no content type.
async fn json_bytes(request: &HttpRequest, payload: Payload) -> Result<web::Bytes, ApiError> {
    let bytes = form::collect(request, payload).await.map_err(|bad| match bad {
        FormError::TooLarge => ApiError::TooLarge,
        FormError::ContentType | FormError::Incomplete | FormError::Parameters(_) => {
            ApiError::bad_request("The body is incomplete.")
        }
    })?;
    if !bytes.is_empty() && !request.content_type().eq_ignore_ascii_case("application/json") {
        return Err(ApiError::ContentType);
    }
    Ok(bytes)
}

/// The error text for the client: position and kind only, because serde's message may quote a value, which
/// may be a secret.
fn client_facing(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => {
            let text = error.to_string();
            let about = |start: &str| text.starts_with(start);
            if about("missing field") || about("unknown field") || about("duplicate field") {
                text.split(" at line").next().unwrap_or_default().chars().take(200).collect()
            } else {
                "a value has the wrong type".to_owned()
            }
        }
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => "it is not JSON".to_owned(),
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<&str>, ApiError> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(key) = keys.next() else { return Ok(None) };
    let good =
        |key: &&str| (1..=MAX_KEY_LENGTH).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    match key.to_str().ok().filter(good) {
        Some(key) if keys.next().is_none() => Ok(Some(key)),
        Some(_) | None => Err(ApiError::bad_request(
            "Idempotency-Key must be a single value of 1 to 255 visible characters.",
        )),
    }
}

impl<T> IntoParams for WriteRequest<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_KEY_LENGTH))
            .pattern(Some("^[!-~]+$"));
        let description = "A value of your choice, new for each operation. For a day, a repeated request with the same \
                           value and body gets the same response, marked `Idempotent-Replayed: true`.";
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some(description))
            .schema(Some(schema));
        vec![parameter.build()]
    }
}

impl<T: Clone + Send + 'static> WriteRequest<T> {
    /// Runs `act` in one transaction, or replays the stored response of an equal request.
    pub async fn run_idempotent<F>(self, app: &App, act: F) -> Result<HttpResponse, ApiError>
    where
        F: FnOnce(&App, &mut Work<'_>, &OrgActor, T) -> Result<Completed, TxError<ServiceRefusal>>
            + Clone
            + Send
            + 'static,
    {
        let Self { actor, body, idempotency } = self;
        let outcome = app
            .write(move |app, work| {
                if let Some(idempotency) = idempotency {
                    match idempotency.claim(work, &app.master)? {
                        ClaimOutcome::New => {}
                        ClaimOutcome::Again(answer) => return Ok(Outcome::Again(answer)),
                        ClaimOutcome::Conflict => return Ok(Outcome::Conflict),
                    }
                }
                let done = TxError::settle(act(app, work, &actor, body))?;
                let answer = done.map(|done| StoredResponse {
                    status: done.status.as_u16(),
                    body: json!({ "data": done.data }).to_string().into_bytes(),
                });
                match (idempotency, &answer) {
                    (Some(idempotency), Ok(answer)) => idempotency.store(work, &app.master, answer)?,
                    (Some(idempotency), Err(_)) => idempotency.release(work)?,
                    (None, _) => {}
                }
                Ok(answer.map_or_else(Outcome::Refused, Outcome::Done))
            })
            .await?;
        match outcome {
            Outcome::Done(answer) => Ok(respond(answer, false)),
            Outcome::Again(answer) => Ok(respond(answer, true)),
            Outcome::Conflict => Err(ApiError::IdempotencyConflict),
            Outcome::Refused(refusal) => Err(ApiError::refused(app, refusal)),
        }
    }
}

enum Outcome {
    Done(StoredResponse),
    Again(StoredResponse),
    Conflict,
    Refused(ServiceRefusal),
}

fn respond(StoredResponse { status, body }: StoredResponse, replayed: bool) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if replayed {
        response.insert_header((REPLAYED, "true"));
    }
    response.content_type("application/json").body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_body_is_said_without_repeating_it() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Body {
            #[expect(dead_code, reason = "only its kind matters here")]
            name: u8,
        }
        let told = |text: &str| client_facing(&serde_json::from_str::<Body>(text).unwrap_err());
        assert_eq!(told("{"), "it is not JSON (line 1, column 1)");
        assert_eq!(told("{}"), "missing field `name` (line 1, column 2)");
        assert!(
            told(r#"{"name":1,"is_admin":true}"#).starts_with("unknown field `is_admin`, expected `name`")
        );
        assert_eq!(told(r#"{"name":"hunter2"}"#), "a value has the wrong type (line 1, column 17)");
    }
}
