//! Password hashing: Argon2id with 19 MiB of memory, two passes and one lane.

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::domain::entropy::Entropy;
use crate::domain::secret::Secret;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Result of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    Right,
    /// Right, but hashed with outdated parameters.
    RightButOutdated,
    Wrong,
}

/// The memory of one hash, 19 MiB. Allocated at the first hash and reused, because the allocator would not return
/// memory that threads allocate per hash.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    fn compute(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        params: &Params,
        password: &Secret,
        salt: Salt<'_>,
        length: usize,
    ) -> argon2::password_hash::Result<Output> {
        let blocks = params.block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::default());
        }
        let mut decoded = [0; Salt::MAX_LENGTH];
        let salt = salt.decode_b64(&mut decoded)?;
        let argon2 = Argon2::new(algorithm, version, params.clone());
        Output::init_with(length, |out| {
            let memory = &mut self.0[..blocks];
            Ok(argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, out, memory)?)
        })
    }

    /// Hashes a password to a PHC string.
    ///
    /// # Panics
    /// Never: any password can be hashed, and the salt has the right length.
    pub fn hash(&mut self, password: &Secret, entropy: Entropy) -> String {
        #[expect(clippy::expect_used, reason = "16 bytes are a valid salt and any password can be hashed")]
        let salt = SaltString::encode_b64(&entropy.bytes::<16>()).expect("16 bytes are a valid salt");
        let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, current());
        let length = Params::DEFAULT_OUTPUT_LEN;
        let computed = self.compute(algorithm, version, &params, password, salt.as_salt(), length);
        #[expect(clippy::expect_used, reason = "any password can be hashed")]
        let hash = computed.expect("a password can be hashed");
        #[expect(clippy::expect_used, reason = "the parameters are numbers")]
        let shown = ParamsString::try_from(&params).expect("the parameters can be written");
        let version = Some(version.into());
        let salt = Some(salt.as_salt());
        PasswordHash { algorithm: algorithm.ident(), version, params: shown, salt, hash: Some(hash) }
            .to_string()
    }

    /// Verifies a password against a PHC string. Without one, for an unknown email address, does the same work, so that
    /// the response time does not reveal which accounts exist.
    pub fn check(&mut self, password: &Secret, hash: Option<&str>) -> Match {
        let checked = self.check_stored(password, hash.unwrap_or(DUMMY_HASH));
        hash.and(checked).unwrap_or(Match::Wrong)
    }

    /// `None` if the stored string is not a supported hash.
    fn check_stored(&mut self, password: &Secret, hash: &str) -> Option<Match> {
        let stored = PasswordHash::new(hash).ok()?;
        let algorithm = Algorithm::try_from(stored.algorithm).ok()?;
        let version = stored.version.map_or(Ok(Version::V0x13), Version::try_from).ok()?;
        let params = Params::try_from(&stored).ok()?;
        let expected = stored.hash?;
        let computed =
            self.compute(algorithm, version, &params, password, stored.salt?, expected.len()).ok()?;
        if params.block_count() > current().block_count() {
            // Frees memory of a hash with larger parameters than the current ones.
            *self = Self::default();
        }
        // A constant-time comparison.
        if computed != expected {
            return Some(Match::Wrong);
        }
        let same = (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES);
        Some(if same && algorithm == Algorithm::Argon2id { Match::Right } else { Match::RightButOutdated })
    }
}

fn current() -> Params {
    #[expect(clippy::expect_used, reason = "the parameters are constants within Argon2's limits")]
    Params::new(MEMORY_KIB, PASSES, LANES, None).expect("valid Argon2 parameters")
}

/// A hash that matches no password, with the current parameters.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes on the calling thread, for administration commands.
pub fn hash(password: &Secret, entropy: Entropy) -> String {
    Memory::default().hash(password, entropy)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn lg_02_a_password_is_hashed_with_argon2id_and_its_own_salt() {
        let mut memory = Memory::default();
        let password = Secret::new("correct horse battery");
        let (one, two) = (memory.hash(&password, Entropy), memory.hash(&password, Entropy));
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        assert_eq!(memory.check(&password, Some(&one)), Match::Right);
        assert_eq!(memory.check(&Secret::new("wrong"), Some(&one)), Match::Wrong);
        assert_eq!(memory.check(&Secret::new(""), None), Match::Wrong);
        assert_eq!(
            memory.check_stored(&password, DUMMY_HASH),
            Some(Match::Wrong),
            "the dummy hash is well-formed"
        );
        assert_eq!(PasswordHash::new(DUMMY_HASH).unwrap().params, PasswordHash::new(&one).unwrap().params);
        assert_eq!(memory.check(&password, Some("not a hash")), Match::Wrong);
        let parsed = PasswordHash::new(&one).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse battery", &parsed).is_ok(), "{one}");
    }

    #[test]
    fn lg_01_a_hash_is_computed_even_without_an_account() {
        let mut memory = Memory::default();
        assert_eq!(memory.check(&Secret::new("wrong"), None), Match::Wrong);
        assert_eq!(memory.0.len(), current().block_count());
        assert!(
            memory.0.iter().all(|block| block.as_ref().iter().any(|word| *word != 0)),
            "every block was filled"
        );
    }

    #[test]
    fn lg_02_a_hash_with_older_parameters_still_works_and_is_reported_as_outdated() {
        let mut memory = Memory::default();
        for kib in [8 * 1024, 32 * 1024] {
            let params = Params::new(kib, 1, 1, None).unwrap();
            let salt = SaltString::encode_b64(&[7; 16]).unwrap();
            let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password(b"x", &salt)
                .unwrap()
                .to_string();
            assert_eq!(memory.check(&Secret::new("x"), Some(&old)), Match::RightButOutdated);
            assert!(memory.0.len() <= current().block_count());
        }
    }
}
