//! Idempotent forms that create a secret: a form creates one, however often it is submitted, and only the
//! first response shows the secret.

use crate::domain::entropy::Entropy;
use crate::domain::parameters::Parameters;
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::pages::shared::member::Member;
use crate::pages::shared::request::PageRequest;
use crate::services::api_keys::CreatedCredential;
use crate::services::idempotency::{ClaimOutcome, Idempotency, StoredResponse};
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::{StoreError, TxError, Work};
use crate::web::app::App;

/// Hidden field with the nonce of the form.
const FIELD: &str = "once";
/// Maximum length of a nonce, in characters.
const MAX_NONCE: usize = 64;

/// The created credential.
pub(in crate::pages) struct CreatedSecret {
    pub created: CreatedCredential,
    /// When the replaced key stops working, if one was replaced.
    pub replaces: Option<Time>,
}

/// Outcome of a submission.
pub(in crate::pages) enum Submission {
    Made(Box<CreatedSecret>),
    /// Submitted before; has created the credential with this id.
    Again(String),
    Refused(ServiceRefusal),
}

/// Nonce of a new form.
pub(in crate::pages) fn form_nonce() -> String {
    Secret::random(Entropy).expose().to_owned()
}

/// The submitted nonce, for redisplaying a form with problems.
pub(in crate::pages) fn submitted_nonce(form: &Parameters) -> String {
    form.get(FIELD).filter(|nonce| nonce.len() <= MAX_NONCE).map_or_else(form_nonce, str::to_owned)
}

/// Runs the action of a form, unless it was submitted before.
pub(in crate::pages) async fn submit<F>(
    req: &PageRequest,
    member: &Member,
    form: &Parameters,
    act: F,
) -> Result<Submission, StoreError>
where
    F: FnOnce(&App, &mut Work<'_>, &OrgActor) -> Result<CreatedSecret, TxError<ServiceRefusal>>
        + Clone
        + Send
        + 'static,
{
    // Only the nonce counts: a resubmitted form has created its credential, whatever its other fields are.
    let request = Digest::of_bytes(b"");
    let path = req.http.path();
    let idempotency =
        Idempotency::new(&req.app.master, &member.user_id, path, &submitted_nonce(form), request);
    let actor = member.actor(req);
    req.app
        .write(move |app, work| {
            match idempotency.claim(work, &app.master)? {
                ClaimOutcome::New => {}
                ClaimOutcome::Again(answer) => {
                    return Ok(Submission::Again(String::from_utf8_lossy(&answer.body).into_owned()));
                }
                ClaimOutcome::Conflict => {
                    return Err(StoreError::Failed("a form has two digests".to_owned()));
                }
            }
            match TxError::settle(act(app, work, &actor))? {
                Ok(made) => {
                    let id = made.created.named.credential.id.clone();
                    let answer = StoredResponse { status: 200, body: id.into_bytes() };
                    idempotency.store(work, &app.master, &answer)?;
                    Ok(Submission::Made(Box::new(made)))
                }
                Err(refusal) => {
                    idempotency.release(work)?;
                    Ok(Submission::Refused(refusal))
                }
            }
        })
        .await
}
