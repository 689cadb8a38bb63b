//! Forms that make a secret: each makes one, however often it is sent, and the secret is shown in the one answer.

use crate::domain::entropy::Entropy;
use crate::domain::parameters::Parameters;
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::pages::shared::member::Member;
use crate::pages::shared::request::PageRequest;
use crate::services::acting::Acting;
use crate::services::api_keys::Created;
use crate::services::idempotency::{Answer, Claim, Idempotency};
use crate::services::refusal::Refusal;
use crate::store::{StoreError, TxError, Work};
use crate::web::app::App;

/// The hidden field that tells one form from the next.
const FIELD: &str = "once";
/// Characters of the longest mark.
const LONGEST: usize = 64;

/// What was made.
pub(in crate::pages) struct Made {
    pub created: Created,
    /// When the key stops working that it takes the place of.
    pub replaces: Option<Time>,
}

/// What became of a form.
pub(in crate::pages) enum Sent {
    Made(Box<Made>),
    /// It has made the credential with this id before.
    Again(String),
    Refused(Refusal),
}

/// The mark of a new form.
pub(in crate::pages) fn mark() -> String {
    Secret::random(Entropy).expose().to_owned()
}

/// The mark that a form came with, to be put into the form again when it has to be mended.
pub(in crate::pages) fn mark_of(form: &Parameters) -> String {
    form.get(FIELD).filter(|mark| mark.len() <= LONGEST).map_or_else(mark, str::to_owned)
}

/// Does what a form asks for, unless it did that already.
pub(in crate::pages) async fn send<F>(
    req: &PageRequest,
    member: &Member,
    form: &Parameters,
    act: F,
) -> Result<Sent, StoreError>
where
    F: FnOnce(&App, &mut Work<'_>, &Acting) -> Result<Made, TxError<Refusal>> + Clone + Send + 'static,
{
    // Whatever a form says when it comes again, it has made its credential: the mark alone counts.
    let request = Digest::of_bytes(b"");
    let path = req.http.path();
    let idempotency = Idempotency::new(&req.app.master, &member.user_id, path, &mark_of(form), request);
    let acting = member.acting(req);
    req.app
        .write(move |app, work| {
            match idempotency.claim(work, &app.master)? {
                Claim::New => {}
                Claim::Again(answer) => {
                    return Ok(Sent::Again(String::from_utf8_lossy(&answer.body).into_owned()));
                }
                Claim::Conflict => return Err(StoreError::Failed("a form has two digests".to_owned())),
            }
            match TxError::settle(act(app, work, &acting))? {
                Ok(made) => {
                    let id = made.created.named.credential.id.clone();
                    let answer = Answer { status: 200, body: id.into_bytes() };
                    idempotency.keep(work, &app.master, &answer)?;
                    Ok(Sent::Made(Box::new(made)))
                }
                Err(refusal) => {
                    idempotency.release(work)?;
                    Ok(Sent::Refused(refusal))
                }
            }
        })
        .await
}
