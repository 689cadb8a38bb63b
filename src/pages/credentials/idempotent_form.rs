//! Forms that make a secret: each makes one, however often it is sent, and the secret is shown in the one answer.

use crate::domain::entropy::Entropy;
use crate::domain::parameters::Parameters;
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::pages::shared::member::Member;
use crate::pages::shared::request::PageRequest;
use crate::services::api_keys::CreatedCredential;
use crate::services::idempotency::{ClaimOutcome, Idempotency, StoredResponse};
use crate::services::org_actor::OrgActor;
use crate::services::refusal::Refusal;
use crate::store::{StoreError, TxError, Work};
use crate::web::app::App;

/// The hidden field that tells one form from the next.
const FIELD: &str = "once";
/// Characters of the longest mark.
const MAX_NONCE: usize = 64;

/// What was made.
pub(in crate::pages) struct CreatedSecret {
    pub created: CreatedCredential,
    /// When the key stops working that it takes the place of.
    pub replaces: Option<Time>,
}

/// What became of a form.
pub(in crate::pages) enum Submission {
    Made(Box<CreatedSecret>),
    /// It has made the credential with this id before.
    Again(String),
    Refused(Refusal),
}

/// The mark of a new form.
pub(in crate::pages) fn form_nonce() -> String {
    Secret::random(Entropy).expose().to_owned()
}

/// The mark that a form came with, to be put into the form again when it has to be mended.
pub(in crate::pages) fn submitted_nonce(form: &Parameters) -> String {
    form.get(FIELD).filter(|nonce| nonce.len() <= MAX_NONCE).map_or_else(form_nonce, str::to_owned)
}

/// Does what a form asks for, unless it did that already.
pub(in crate::pages) async fn submit<F>(
    req: &PageRequest,
    member: &Member,
    form: &Parameters,
    act: F,
) -> Result<Submission, StoreError>
where
    F: FnOnce(&App, &mut Work<'_>, &OrgActor) -> Result<CreatedSecret, TxError<Refusal>>
        + Clone
        + Send
        + 'static,
{
    // Whatever a form says when it comes again, it has made its credential: the mark alone counts.
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
                    idempotency.keep(work, &app.master, &answer)?;
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
