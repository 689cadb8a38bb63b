//! The master key: 32 bytes, as text in the environment or in a file that only root and this process can read.

#[cfg(not(unix))]
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

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
    #[error("is reached through {}, which belongs to user {owner}", path.display())]
    ForeignWay { path: PathBuf, owner: u32 },
    #[error("belongs to user {0}, who is neither root nor the user of this process")]
    ForeignOwner(u32),
    #[error("is reached through {}, which can be written to by others (mode {mode:04o})", path.display())]
    OpenFolder { path: PathBuf, mode: u32 },
    #[error("was replaced while it was read")]
    Replaced,
    #[error("is not a file")]
    NotAFile,
    #[error("can be read or changed by the group or by others (mode {0:04o})")]
    Mode(u32),
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl MasterKeyError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Text => "Create one with: openssl rand -base64 32.",
            Self::ForeignWay { .. } => {
                "Links are followed only if all links and directories of the path belong to root or to the user of this process: change their owner, or give the path of the file itself."
            }
            Self::ForeignOwner(_) => {
                "Run keystiled as the user that owns the file, or give the file to the user that runs keystiled: chown."
            }
            Self::OpenFolder { .. } => {
                "Links are followed only if others cannot write to any directory of the path, except sticky directories of root: run chmod go-w on the directory, or give the path of the file itself."
            }
            Self::Replaced => "Try again.",
            Self::NotAFile => "Give the path of a file that contains the key.",
            Self::Mode(_) => {
                "Run chmod 600 on it; where Kubernetes mounts it, set defaultMode: 0400 on the volume. A group may read a file of root if it is a group of this process."
            }
            Self::Unreadable(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                "Run this as the user that owns it; in Kubernetes, set fsGroup in the securityContext of the pod."
            }
            Self::Unreadable(_) => "Give the path of a file that this process may read.",
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
            Err(MasterKeyError::Replaced) => true,
            Err(MasterKeyError::Unreadable(error)) => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        };
        if !again {
            break;
        }
        file = open(path);
    }
    let mut text = Zeroizing::new(String::new());
    file?.take(MAX_TEXT).read_to_string(&mut text)?;
    decode(&text)
}

#[cfg(unix)]
use super::key_file::open;

/// On other systems, the permissions of the directory decide who can read the file.
#[cfg(not(unix))]
fn open(path: &Path) -> Result<File, MasterKeyError> {
    if std::fs::metadata(path)?.is_file() { Ok(File::open(path)?) } else { Err(MasterKeyError::NotAFile) }
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
