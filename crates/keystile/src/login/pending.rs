//! Logins in two steps: one process requests a device code, another waits for its approval. The state in between is in a
//! file with mode 0600.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::credentials::check_trust;
use crate::error::ErrorKind;
use crate::files;
use crate::oauth::DeviceCode;
use crate::offload::offload;
use crate::paths::Paths;
use crate::profile::ProfileName;
use crate::random;

const PREFIX: &str = "lh_";
/// Limit of a file.
const LIMIT: u64 = 1024 * 1024;

/// The handle of a pending login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handle(String);

impl Handle {
    fn new() -> Result<Self, ErrorKind> {
        Ok(Self(format!("{PREFIX}{}", random::uuid()?.replace('-', ""))))
    }

    /// Parses a handle. It becomes a file name, so only the exact format is accepted.
    pub(super) fn parse(text: &str) -> Result<Self, ErrorKind> {
        let is_handle = text.trim().strip_prefix(PREFIX).is_some_and(|digits| {
            digits.len() == 32
                && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
        });
        if is_handle {
            return Ok(Self(text.trim().to_owned()));
        }
        Err(ErrorKind::Usage {
            message: "That is not a handle for --resume".into(),
            hint: Some(format!("A handle starts with {PREFIX}, as printed by --start.")),
        })
    }

    fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.json", self.0))
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The state of a pending login.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Pending {
    pub(super) profile: ProfileName,
    pub(super) issuer: BaseUrl,
    /// Whether the issuer was given explicitly, so that it has to be stored in the settings.
    pub(super) named_issuer: bool,
    pub(super) force: bool,
    /// The requested scopes, needed if the second step changes the method.
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) code: DeviceCode,
}

impl Pending {
    /// Saves the state. Removes states that have expired.
    pub(super) async fn save(&self, context: &Context) -> Result<Handle, ErrorKind> {
        let (pending, folder, now) = (self.clone(), context.paths.pending()?, context.now());
        offload(move || pending.write(&folder, now)).await
    }

    fn write(&self, folder: &Path, now: DateTime<Utc>) -> Result<Handle, ErrorKind> {
        remove_expired(folder, now);
        let handle = Handle::new()?;
        let path = handle.file(folder);
        let failed =
            |cause: String| ErrorKind::LocalFailure { what: format!("write {}", path.display()), cause };
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| failed(error.to_string()))?;
        files::write_private(&path, &bytes).map_err(|error| failed(error.to_string()))?;
        Ok(handle)
    }

    /// Loads the state.
    pub(super) async fn load(context: &Context, handle: &Handle) -> Result<Self, ErrorKind> {
        let (handle, paths, now) = (handle.clone(), context.paths.clone(), context.now());
        let (pending, warning) = offload(move || Self::read(&paths, &handle, now)).await?;
        if let Some(warning) = warning {
            context.ui.notice(&warning);
        }
        Ok(pending)
    }

    /// The state, and a warning about the mode of its file.
    fn read(paths: &Paths, handle: &Handle, now: DateTime<Utc>) -> Result<(Self, Option<String>), ErrorKind> {
        let nothing = || ErrorKind::NoPendingLogin { handle: handle.to_string() };
        let folder = paths.pending()?;
        remove_expired(&folder, now);
        let path = handle.file(&folder);
        let unreadable = |error: std::io::Error| match error.kind() {
            io::ErrorKind::NotFound => nothing(),
            _ => {
                ErrorKind::LocalFailure { what: format!("read {}", path.display()), cause: error.to_string() }
            }
        };
        let file = files::open_regular(&path).map_err(unreadable)?;
        let warning = check_trust(&file, &path, paths)?;
        let bytes = files::read_at_most(&file, LIMIT).map_err(unreadable)?;
        serde_json::from_slice(&bytes).map(|pending| (pending, warning)).map_err(|_| nothing())
    }

    /// Removes the state of a completed login.
    pub(super) async fn forget(context: &Context, handle: &Handle) {
        let Ok(folder) = context.paths.pending() else { return };
        let path = handle.file(&folder);
        // If that fails, the file is removed after its code has expired.
        let _ = offload(move || fs::remove_file(path)).await;
    }
}

/// Removes files that have expired or cannot be parsed.
fn remove_expired(folder: &Path, now: DateTime<Utc>) {
    // The directory may not exist.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_ours = path.extension().is_some_and(|extension| extension == "json");
        let pending = files::read_regular(&path, LIMIT)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Pending>(&bytes).ok());
        if is_ours && pending.is_none_or(|pending| pending.expires_at <= now) {
            // Another process may have removed it.
            let _ = fs::remove_file(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_names_no_other_file() {
        let handle = Handle::new().unwrap();
        assert_eq!(Handle::parse(&handle.to_string()), Ok(handle));
        for text in [
            "",
            "lh_",
            "lh_../../credentials",
            "../lh_0123456789abcdef0123456789abcdef",
            "lh_0123456789ABCDEF0123456789ABCDEF",
        ] {
            assert!(Handle::parse(text).is_err(), "{text}");
        }
    }
}
