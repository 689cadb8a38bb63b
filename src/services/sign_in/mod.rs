//! Sign-in with a password, which starts a browser session.

mod budget;
mod failure;
mod session;

use std::net::IpAddr;

pub use session::{DEVICE_KNOWN_FOR, NewSession, current, is_touch_due, sign_out, touch};

use crate::config::Config;
use crate::domain::audit::Origin;
use crate::domain::email;
use crate::domain::entropy::Entropy;
use crate::domain::guessing::{Admission, TakenUnit};
use crate::domain::secret::{Digest, Secret};
use crate::keys::hashing::PasswordHasher;
use crate::keys::master::MasterKey;
use crate::keys::password::Match;
use crate::store::users::{self, User};
use crate::store::{Store, StoreError, Work};

use budget::Budget;
use failure::Recorder;

/// A sign-in attempt.
#[derive(Debug, Clone)]
pub struct SignInAttempt {
    pub email: String,
    pub password: Secret,
    /// The known-device cookie of an earlier sign-in, if any.
    pub known_device: Option<String>,
    /// Digest of the current browser cookie. Requests bound to it are rebound to the new one.
    pub browser: Digest,
    pub address: Option<IpAddr>,
    pub origin: Origin,
}

/// Outcome. An unknown address, a wrong password and a disabled account are indistinguishable.
#[derive(Debug)]
pub enum SignInOutcome {
    Yes(NewSession),
    No,
    /// Too many failures; seconds until the next attempt.
    Wait(i64),
    /// The password hashing queue is full.
    Busy,
}

/// Whether a password is that of its account, as [`prove`] says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Right,
    Wrong,
    /// Too many failures; seconds until the next attempt.
    Wait(i64),
    /// The password hashing queue is full.
    Busy,
}

/// The result of [`check`].
enum Checked {
    Right(Box<RightPassword>),
    Wrong,
    Wait(i64),
    Busy,
}

/// A correct password, with the unit of the budget that its check has taken.
struct RightPassword {
    user: User,
    is_outdated: bool,
    /// The nonce of the known device.
    known: Option<String>,
    budget: Budget,
    taken: TakenUnit,
}

/// Signs in: checks the password, and starts a session.
pub async fn sign_in(
    store: &Store,
    config: &Config,
    master: &MasterKey,
    passwords: &PasswordHasher,
    attempt: SignInAttempt,
) -> Result<SignInOutcome, StoreError> {
    let now = store.now();
    let right = match check(store, master, passwords, &attempt).await? {
        Checked::Right(right) => right,
        Checked::Wrong => return Ok(SignInOutcome::No),
        Checked::Wait(seconds) => return Ok(SignInOutcome::Wait(seconds)),
        Checked::Busy => return Ok(SignInOutcome::Busy),
    };
    let RightPassword { user, is_outdated, known, budget, taken } = *right;
    let hash = if is_outdated { rehash(passwords, &attempt).await } else { None };
    let limits = config.sign_in.clone();
    let known_device = session::known_device_cookie(master, &user, known, now, Entropy);
    let session = store
        .write(move |work| {
            budget.give_back(work, &taken)?;
            if let (Some(new), Some(old)) = (&hash, &user.password_hash) {
                users::renew_hash(work.conn, &user.id, old, new)?;
            }
            session::start(work, &limits, user, known_device, attempt.browser, &attempt.origin)
        })
        .await?;
    Ok(SignInOutcome::Yes(session))
}

/// Checks the password of a signed-in user before a change that needs it. Counts like a sign-in.
pub async fn prove(
    store: &Store,
    master: &MasterKey,
    passwords: &PasswordHasher,
    attempt: SignInAttempt,
) -> Result<Proof, StoreError> {
    Ok(match check(store, master, passwords, &attempt).await? {
        Checked::Right(right) => {
            let RightPassword { budget, taken, .. } = *right;
            store.write(move |work| budget.give_back(work, &taken)).await?;
            Proof::Right
        }
        Checked::Wrong => Proof::Wrong,
        Checked::Wait(seconds) => Proof::Wait(seconds),
        Checked::Busy => Proof::Busy,
    })
}

/// Takes a unit of the budget, checks the password outside of any transaction, and records a failure.
async fn check(
    store: &Store,
    master: &MasterKey,
    passwords: &PasswordHasher,
    attempt: &SignInAttempt,
) -> Result<Checked, StoreError> {
    let now = store.now();
    let address = email::canonical(&attempt.email);
    let looked_up = address.clone();
    let user = match looked_up {
        Some(address) => store.read(move |conn| users::find_by_email(conn, &address)).await?,
        None => None,
    };
    // An invalid address is counted like any other.
    let account = address.unwrap_or_else(|| attempt.email.trim().to_lowercase());
    let known = session::known_device(master, user.as_ref(), attempt.known_device.as_deref(), now);
    let budget = Budget::new(master, &account, known.as_deref(), attempt.address);
    // Before any write, so that a flood costs the database nothing.
    let Ok(place) = passwords.reserve(attempt.address) else { return Ok(Checked::Busy) };
    let taken = match store.write(move |work| budget.take(work)).await? {
        Admission::Wait(seconds) => return Ok(Checked::Wait(seconds)),
        Admission::Admitted(taken) => taken,
    };
    let tried = user.as_ref().map(|user| user.id.clone());
    let usable = user.filter(|user| user.disabled_at.is_none());
    let hash = usable.as_ref().and_then(|user| user.password_hash.clone());
    let Ok(found) = place.check(attempt.password.clone(), hash).await else {
        store.write(move |work| budget.give_back(work, &taken)).await?;
        return Ok(Checked::Busy);
    };
    let is_outdated = matches!(found, Match::RightButOutdated);
    let (Some(user), Match::Right | Match::RightButOutdated) = (usable, found) else {
        let (recorder, origin) = (Recorder::new(master, attempt.address), attempt.origin.clone());
        store.write(move |work| recorder.record(work, tried.as_deref(), &origin)).await?;
        return Ok(Checked::Wrong);
    };
    Ok(Checked::Right(Box::new(RightPassword { user, is_outdated, known, budget, taken })))
}

/// A new hash with the current parameters; `None` if the queue is full, then another sign-in does it.
async fn rehash(passwords: &PasswordHasher, attempt: &SignInAttempt) -> Option<String> {
    passwords.reserve(attempt.address).ok()?.hash(attempt.password.clone(), Entropy).await.ok()
}

/// Starts a session for a user who authenticated without a password: with the setup code.
pub fn start_for(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    user: User,
    browser: Digest,
    origin: &Origin,
) -> Result<NewSession, StoreError> {
    let known_device = session::known_device_cookie(master, &user, None, work.now, work.entropy);
    session::start(work, &config.sign_in, user, known_device, browser, origin)
}
