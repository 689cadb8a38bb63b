//! Checks owner and mode of files with secrets.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::ErrorKind;
use crate::paths::Paths;

/// Fails if another user owns the file or can write it. If others can only read it, fixes the mode and returns a
/// warning.
#[cfg(unix)]
pub(crate) fn check(file: &File, path: &Path, paths: &Paths) -> Result<Option<String>, ErrorKind> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let metadata = file.metadata().map_err(|error| unreadable(path, paths, &error))?;
    let me = rustix::process::geteuid().as_raw();
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.uid() != me {
        return Err(ErrorKind::CredentialsUnreadable {
            path: path.to_owned(),
            cause: "owned by another user".into(),
            remedy: Some(ownership(metadata.uid(), path, paths)),
        });
    }
    if mode & 0o022 != 0 {
        return Err(ErrorKind::CredentialsUnreadable {
            path: path.to_owned(),
            cause: format!("writable by others ({mode:04o})"),
            remedy: Some(format!(
                "If nobody changed it: chmod 600 {0}. If in doubt, remove it and sign in again.",
                paths.display(path)
            )),
        });
    }
    if mode.trailing_zeros() >= 6 {
        return Ok(None);
    }
    let fixed = file.set_permissions(PermissionsExt::from_mode(0o600));
    let shown = paths.display(path);
    Ok(Some(match fixed {
        Ok(()) => format!(
            "{shown} is readable by others ({mode:04o}). Fixed to 0600. If this returns, something else changes it."
        ),
        Err(error) => {
            format!("{shown} is readable by others ({mode:04o}), and that could not be fixed: {error}")
        }
    }))
}

/// Accepts every file: on Windows, each is written with an access control list for the user alone.
#[cfg(not(unix))]
pub(crate) fn check(_: &File, _: &Path, _: &Paths) -> Result<Option<String>, ErrorKind> {
    Ok(None)
}

/// The error for a file that cannot be read, with a remedy.
pub(super) fn unreadable(path: &Path, paths: &Paths, error: &io::Error) -> ErrorKind {
    let (cause, remedy) = match error.kind() {
        io::ErrorKind::PermissionDenied => ("permission denied".to_owned(), owner_remedy(path, paths)),
        io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => {
            (error.to_string(), Some(format!("Move {} away and sign in again.", paths.display(path))))
        }
        _ => (error.to_string(), None),
    };
    ErrorKind::CredentialsUnreadable { path: path.to_owned(), cause, remedy }
}

#[cfg(unix)]
fn owner_remedy(path: &Path, paths: &Paths) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    let owner = std::fs::metadata(path).ok()?.uid();
    let shown = paths.display(path);
    if owner == rustix::process::geteuid().as_raw() {
        return Some(format!("Fix: chmod 600 {shown}"));
    }
    Some(ownership(owner, path, paths))
}

#[cfg(not(unix))]
fn owner_remedy(_: &Path, _: &Paths) -> Option<String> {
    None
}

#[cfg(unix)]
fn ownership(owner: u32, path: &Path, paths: &Paths) -> String {
    let shown = paths.display(path);
    let owner =
        if owner == 0 { "root (was the CLI run with sudo?)".to_owned() } else { format!("user {owner}") };
    format!("Owned by {owner}. Fix: sudo chown \"$(id -un)\" {shown} && chmod 600 {shown}")
}
