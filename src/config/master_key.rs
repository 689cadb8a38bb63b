//! The master key: 32 bytes, as text in the environment or in a file that only root and this process can read.

#[cfg(not(unix))]
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::key_file_error::KeyFileError;

/// Length of the master key in bytes.
pub const LENGTH: usize = 32;

/// Bytes read from a key file at most: more than any encoding of a key with whitespace around it.
const MAX_TEXT: u64 = 256;

/// The key, zeroed when dropped.
pub type Bytes = Zeroizing<[u8; LENGTH]>;

/// Why a key cannot be used. Never contains the text that was read.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("is not {LENGTH} bytes in base64 or hexadecimal")]
    Text,
    #[error(transparent)]
    File(#[from] KeyFileError),
}

impl MasterKeyError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Text => "Create one with: openssl rand -base64 32.",
            Self::File(error) => error.remedy(),
        }
    }
}

/// Decodes base64, base64url (both with or without padding) or hexadecimal. Ignores surrounding whitespace.
pub fn decode(text: &str) -> Result<Bytes, MasterKeyError> {
    let text = text.trim();
    let bytes = hexadecimal(text).or_else(|| {
        let spellings = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
        spellings.iter().find_map(|spelling| spelling.decode(text).ok())
    });
    let bytes = Zeroizing::new(bytes.ok_or(MasterKeyError::Text)?);
    let key = <[u8; LENGTH]>::try_from(bytes.as_slice()).map_err(|_| MasterKeyError::Text)?;
    Ok(Zeroizing::new(key))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * LENGTH || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..LENGTH).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()).collect()
}

/// Attempts to read a file that is replaced while it is opened.
const ATTEMPTS: usize = 3;

/// Reads a key file that only root and this process can read or replace.
pub fn read(path: &Path) -> Result<Bytes, MasterKeyError> {
    let mut file = open(path);
    for _ in 1..ATTEMPTS {
        // Kubernetes replaces the directory of a secret while it is in use.
        let again = match &file {
            Err(KeyFileError::Replaced) => true,
            Err(KeyFileError::Unreadable(error)) => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        };
        if !again {
            break;
        }
        file = open(path);
    }
    let mut text = Zeroizing::new(String::new());
    file?.take(MAX_TEXT).read_to_string(&mut text).map_err(KeyFileError::Unreadable)?;
    decode(&text)
}

#[cfg(unix)]
use super::key_file::open;

/// On other systems, the permissions of the directory decide who can read the file.
#[cfg(not(unix))]
fn open(path: &Path) -> Result<File, KeyFileError> {
    if std::fs::metadata(path)?.is_file() { Ok(File::open(path)?) } else { Err(KeyFileError::NotAFile) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_key_is_the_same_key() {
        let key = [0xfb; LENGTH];
        let hex = "fb".repeat(LENGTH);
        for text in [
            STANDARD.encode(key),
            STANDARD_NO_PAD.encode(key),
            URL_SAFE.encode(key),
            URL_SAFE_NO_PAD.encode(key),
            hex.to_uppercase(),
            format!(" {hex}\n"),
        ] {
            assert_eq!(*decode(&text).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for text in [STANDARD.encode([1; 31]), STANDARD.encode([1; 33]), String::new(), "password".to_owned()]
        {
            assert!(matches!(decode(&text), Err(MasterKeyError::Text)), "{text}");
        }
    }
}
