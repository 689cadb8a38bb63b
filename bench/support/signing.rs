//! The signing rate, which bounds every endpoint that signs one token per request.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;

/// RS256 signatures per second with a 2048-bit key that is parsed once, on this many threads.
pub(crate) fn rate(threads: usize, time: Duration) -> Result<f64, Box<dyn Error>> {
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let counts = thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| sign_for(&key, time))).collect();
        all.into_iter()
            .map(|one| one.join().map_err(|_| "a signing thread panicked")?)
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(counts.iter().sum())
}

/// Signatures per second on this thread.
fn sign_for(key: &KeyPair, time: Duration) -> Result<f64, &'static str> {
    // The length of header and claims of an access token.
    let message = [b'x'; 640];
    let mut signature = vec![0; key.public_modulus_len()];
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < time {
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature)
            .map_err(|_| "signing failed")?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}
