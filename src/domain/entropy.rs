//! The source of randomness.

/// The operating system's random number generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entropy;

impl Entropy {
    /// Fills an array with random bytes.
    ///
    /// # Panics
    /// If the operating system fails to provide randomness: without it, nothing that this server does is secure.
    #[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
    pub fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}
