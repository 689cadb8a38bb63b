//! `[keys]`

use std::path::{Path, PathBuf};

use chrono::TimeDelta;

use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::master_key;
use crate::config::section::section;
use crate::config::values::{Parsed, duration, number, text};

section! {
    /// The master key seals the secrets in the database; the signing keys sign access tokens.
    #[derive(Debug, Clone)]
    pub struct Keys = [keys] {
        /// A file of mode 0600 with 32 bytes in base64 or hexadecimal: `openssl rand -base64 32`. Empty: the
        /// environment variable `KEYSTILE_MASTER_KEY`, or else `{data_dir}/master.key`, which is created on the first
        /// start.
        ///
        /// Links, groups and Kubernetes: [SECURITY.md](../SECURITY.md#running-it).
        master_key_file: Option<PathBuf> = "", master_key_file, env "KEYSTILE_MASTER_KEY_FILE";

        /// The size of new signing keys: 2048, 3072 or 4096.
        rsa_bits: u32 = 2048, rsa_bits;

        /// How long a key signs before the next one takes over.
        rotate_every: TimeDelta = "90d", duration;

        /// How long before its first signature a key is published, so that every cache has it in time. Must be shorter
        /// than `rotate_every`.
        publish_ahead: TimeDelta = "1d", duration;

        /// How long a key stays published after its last signature. At least as long as `tokens.access`.
        keep_after: TimeDelta = "2d", duration;
    }
}

/// Empty, or a file that holds a master key now.
fn master_key_file(value: &Value) -> Parsed<Option<PathBuf>> {
    let path = text(value)?;
    if path.is_empty() {
        return Ok(None);
    }
    master_key::read(Path::new(path)).map_err(|bad| ValueError::new(bad.to_string(), bad.remedy()))?;
    Ok(Some(path.into()))
}

fn rsa_bits(value: &Value) -> Parsed<u32> {
    let bits = number(0, i64::from(u32::MAX))(value).unwrap_or(0);
    if matches!(bits, 2048 | 3072 | 4096) {
        Ok(bits)
    } else {
        Err(ValueError::new("is not a supported key size", "Write 2048, 3072 or 4096."))
    }
}
