//! Checks the files of the tool: modes, contents, locks.

use std::path::Path;

use super::Check;
use crate::context::Context;
use crate::error::ErrorKind;
#[cfg(unix)]
use crate::error::Exit;
use crate::files;

pub(super) fn checks(context: &Context, fix: bool) -> Vec<Check> {
    if let Err(kind) = context.paths.check() {
        return vec![Check::from_kind("folder", context, kind)];
    }
    let credentials = context.paths.credentials();
    let mut checks = vec![Check::good("settings", settings(context))];
    checks.extend(credentials.parent().map(|folder| folder_check(context, folder, fix)));
    checks.push(file_check(context, &credentials, fix));
    checks.extend(leftovers(context, &credentials, fix));
    checks.push(lock(context));
    checks
}

/// The path of the settings file. It has been parsed; otherwise the command would have failed earlier.
fn settings(context: &Context) -> String {
    let Ok(path) = context.paths.config() else { return "none; defaults apply".into() };
    let shown = context.paths.display(path);
    if path.exists() { shown } else { format!("{shown} does not exist; defaults apply") }
}

/// Checks owner and mode of the directory.
#[cfg(unix)]
fn folder_check(context: &Context, folder: &Path, fix: bool) -> Check {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    const NAME: &str = "folder";
    let shown = context.paths.display(folder);
    let Ok(metadata) = std::fs::metadata(folder) else {
        return Check::good(NAME, format!("{shown} will be created by the first sign-in"));
    };
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Check::failed(
            NAME,
            Exit::Auth,
            format!("{shown} belongs to user {}", metadata.uid()),
            format!("sudo chown -R \"$(id -un)\" {shown}"),
        );
    }
    if mode.trailing_zeros() >= 6 {
        return Check::good(NAME, format!("{shown} is private ({mode:04o})"));
    }
    if fix && files::tighten(folder, 0o700).is_ok() {
        return Check::mended(
            NAME,
            format!("{shown} was accessible by others ({mode:04o}); changed to 0700"),
        );
    }
    let text = format!("{shown} is accessible by others ({mode:04o})");
    let remedy = format!("chmod 700 {shown}, or --fix");
    // With write access others can replace the credentials.
    if mode & 0o022 == 0 {
        Check::attention(NAME, text, remedy)
    } else {
        Check::failed(NAME, Exit::Auth, text, remedy)
    }
}

#[cfg(not(unix))]
fn folder_check(context: &Context, folder: &Path, _fix: bool) -> Check {
    Check::good("folder", context.paths.display(folder))
}

/// Checks that the credentials can be read. Reading fixes the mode of a file that others can only read.
fn file_check(context: &Context, path: &Path, fix: bool) -> Check {
    const NAME: &str = "credentials";
    let shown = context.paths.display(path);
    match (context.store.read(), fix) {
        (Ok(_), _) if !path.exists() => Check::good(NAME, format!("{shown} does not exist; not signed in")),
        (Ok(document), _) => match context.store.take_warnings().pop() {
            Some(warning) => Check::mended(NAME, warning),
            None => Check::good(NAME, format!("{shown}, profiles: {}", document.iter().count())),
        },
        (Err(ErrorKind::CredentialsDamaged { .. }), true) => match context.store.move_damaged_aside() {
            Ok(name) => Check::mended(NAME, format!("{shown} was damaged; kept as {name}")),
            Err(kind) => Check::from_kind(NAME, context, kind),
        },
        (Err(kind @ ErrorKind::CredentialsUnreadable { .. }), true) => reopen(context, path, kind),
        (Err(kind), _) => Check::from_kind(NAME, context, kind),
    }
}

/// Makes the file private. With `--fix` the user trusts its contents.
fn reopen(context: &Context, path: &Path, kind: ErrorKind) -> Check {
    const NAME: &str = "credentials";
    let tightened = files::tighten(path, 0o600).is_ok() && context.store.read().is_ok();
    if tightened {
        Check::mended(NAME, format!("{} is private again (0600)", context.paths.display(path)))
    } else {
        Check::from_kind(NAME, context, kind)
    }
}

/// Reports temporary files of interrupted writes.
fn leftovers(context: &Context, credentials: &Path, fix: bool) -> Option<Check> {
    const NAME: &str = "leftovers";
    let folder = credentials.parent()?;
    let begins = format!(".{}.", credentials.file_name()?.to_string_lossy());
    let files: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&begins))
        .map(|entry| entry.path())
        .collect();
    let shown = context.paths.display(folder);
    match (files.len(), fix) {
        (0, _) => None,
        (count, true) if files.iter().all(|file| std::fs::remove_file(file).is_ok()) => {
            Some(Check::mended(NAME, format!("removed {count} temporary files from {shown}")))
        }
        (count, _) => Some(Check::attention(
            NAME,
            format!("{count} temporary files in {shown}"),
            "A write was interrupted. --fix removes them",
        )),
    }
}

/// Checks whether another process holds the lock.
fn lock(context: &Context) -> Check {
    const NAME: &str = "lock";
    // Without the directory, taking the lock would create it.
    if !context.paths.locks().exists() {
        return Check::good(NAME, "not used yet");
    }
    match context.store.try_lock(&context.profile) {
        Ok(Some(_)) => Check::good(NAME, format!("profile {} is not locked", context.profile)),
        Ok(None) => Check::attention(
            NAME,
            format!("another process holds the lock of profile {}", context.profile),
            "If this lasts longer than 30 seconds, that process hangs. Ending it releases the lock",
        ),
        Err(kind) => Check::from_kind(NAME, context, kind),
    }
}
