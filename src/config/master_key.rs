//! The master key: 32 bytes, as text in the environment or in a file that only its owner can read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// The length of a master key.
pub const LENGTH: usize = 32;

/// No spelling of a key is longer, not even with white space around it.
const LONGEST_TEXT: u64 = 256;

/// The key itself, wiped from memory when dropped.
pub type Bytes = Zeroizing<[u8; LENGTH]>;

/// Why a key cannot be used. It never repeats what it read.
#[derive(Debug, thiserror::Error)]
pub enum BadMasterKey {
    #[error("is not {LENGTH} bytes in base64 or hexadecimal")]
    Text,
    #[error("is a symbolic link, which somebody else could turn elsewhere")]
    Link,
    #[error("is not a file")]
    NotAFile,
    #[error("can be read or changed by the group or by others (mode {0:04o})")]
    Mode(u32),
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl BadMasterKey {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Text => "Make one with: openssl rand -base64 32.",
            Self::Link => "Give the path of the file itself.",
            Self::NotAFile => "Give the path of a file that holds the key.",
            Self::Mode(_) => "Run chmod 600 on it.",
            Self::Unreadable(_) => "Give the path of a file that this process may read.",
        }
    }
}

/// Reads base64, base64url (both with or without padding) or hexadecimal. White space around it does not count.
pub fn decode(text: &str) -> Result<Bytes, BadMasterKey> {
    let text = text.trim();
    let bytes = hexadecimal(text).or_else(|| {
        let spellings = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
        spellings.iter().find_map(|spelling| spelling.decode(text).ok())
    });
    let bytes = Zeroizing::new(bytes.ok_or(BadMasterKey::Text)?);
    let key = <[u8; LENGTH]>::try_from(bytes.as_slice()).map_err(|_| BadMasterKey::Text)?;
    Ok(Zeroizing::new(key))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * LENGTH || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..LENGTH).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()).collect()
}

/// Reads a key file, after a look at who else could read or replace it.
pub fn read(path: &Path) -> Result<Bytes, BadMasterKey> {
    let named = fs::symlink_metadata(path)?;
    if named.file_type().is_symlink() {
        return Err(BadMasterKey::Link);
    }
    if !named.is_file() {
        return Err(BadMasterKey::NotAFile);
    }
    let file = File::open(path)?;
    private(&named, &file)?;
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST_TEXT).read_to_string(&mut text)?;
    decode(&text)
}

/// The open file is the one that was looked at, and its mode keeps others out.
#[cfg(unix)]
fn private(named: &fs::Metadata, file: &File) -> Result<(), BadMasterKey> {
    use std::os::unix::fs::MetadataExt;

    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(BadMasterKey::Link);
    }
    match opened.mode() & 0o7777 {
        open if open & 0o077 != 0 => Err(BadMasterKey::Mode(open)),
        _ => Ok(()),
    }
}

/// Elsewhere the directory of the file decides who may read it.
#[cfg(not(unix))]
fn private(_named: &fs::Metadata, _file: &File) -> Result<(), BadMasterKey> {
    Ok(())
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
            assert!(matches!(decode(&text), Err(BadMasterKey::Text)), "{text}");
        }
    }
}
