//! Password hashing: Argon2id with 19 MiB, two passes and one lane, on a bounded number of threads.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::domain::entropy::Entropy;
use crate::domain::secret::Secret;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How long a sign-in waits for its turn to hash.
const PATIENCE: Duration = Duration::from_secs(2);

/// Too many passwords are being checked at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at this moment")]
pub struct Busy;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    Right,
    /// Right, but hashed with parameters that are no longer the current ones.
    RightButOutdated,
    Wrong,
}

/// Hashes and checks passwords, a few at a time.
#[derive(Clone)]
pub struct Passwords(Arc<Semaphore>);

impl Passwords {
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: Secret, entropy: Entropy) -> Result<String, Busy> {
        self.in_turn(move || hash(&password, entropy)).await
    }

    /// Checks a password. Without a hash (nobody has that address) the same work is done for nothing, so that the time
    /// an answer takes does not say who has an account.
    pub async fn check(&self, password: Secret, hash: Option<String>) -> Result<Match, Busy> {
        self.in_turn(move || {
            if let Some(hash) = hash {
                return check(&password, &hash);
            }
            check(&password, &NOBODY);
            Match::Wrong
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let turn = tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned()).await;
        let permit = turn.map_err(|_| Busy)?.map_err(|_| Busy)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            job()
        })
        .await
        .map_err(|_| Busy)
    }
}

static NOBODY: LazyLock<String> = LazyLock::new(|| hash(&Secret::new(String::new()), Entropy));

fn argon2() -> Argon2<'static> {
    #[expect(clippy::expect_used, reason = "the parameters are constants within Argon2's limits")]
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("valid Argon2 parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes on this thread; for the administration commands.
///
/// # Panics
/// Never: any bytes can be hashed, and the salt has the right length.
pub fn hash(password: &Secret, entropy: Entropy) -> String {
    #[expect(clippy::expect_used, reason = "16 bytes are a valid salt and any password can be hashed")]
    let salt = SaltString::encode_b64(&entropy.bytes::<16>()).expect("16 bytes are a valid salt");
    #[expect(clippy::expect_used, reason = "any password can be hashed")]
    let hash = argon2().hash_password(password.expose().as_bytes(), &salt).expect("a password can be hashed");
    hash.to_string()
}

fn check(password: &Secret, hash: &str) -> Match {
    let Ok(parsed) = PasswordHash::new(hash) else { return Match::Wrong };
    let current = argon2();
    if current.verify_password(password.expose().as_bytes(), &parsed).is_err() {
        return Match::Wrong;
    }
    let same = Params::try_from(&parsed).is_ok_and(|params| {
        (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES)
    });
    if same && parsed.algorithm == Algorithm::Argon2id.ident() {
        Match::Right
    } else {
        Match::RightButOutdated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_02_a_password_is_hashed_with_argon2id_and_its_own_salt() {
        let password = Secret::new("correct horse battery");
        let (one, two) = (hash(&password, Entropy), hash(&password, Entropy));
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        assert_eq!(check(&password, &one), Match::Right);
        assert_eq!(check(&Secret::new("wrong"), &one), Match::Wrong);
    }

    #[test]
    fn lg_02_a_hash_with_older_parameters_still_works_and_asks_to_be_renewed() {
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password(b"x", &salt)
            .unwrap()
            .to_string();
        assert_eq!(check(&Secret::new("x"), &old), Match::RightButOutdated);
    }

    #[tokio::test]
    async fn lg_08_more_passwords_at_once_than_there_is_memory_for_are_turned_away() {
        let passwords = Passwords::new(1);
        let held = passwords.0.clone().acquire_owned().await.unwrap();
        assert_eq!(passwords.check(Secret::new("x"), None).await, Err(Busy));
        drop(held);
        assert_eq!(passwords.check(Secret::new("x"), None).await, Ok(Match::Wrong));
    }
}
