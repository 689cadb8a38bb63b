//! The files of the tool: who may read them, whether they make sense, whether somebody holds them.

use std::path::Path;

use super::Check;
use crate::context::Context;
use crate::error::{ErrorKind, Exit};
use crate::files;

pub(super) fn checks(context: &Context, fix: bool) -> Vec<Check> {
    let credentials = context.paths.credentials();
    let mut checks = vec![Check::good("settings", settings(context))];
    checks.extend(credentials.parent().map(|folder| folder_check(context, folder, fix)));
    checks.push(file_check(context, &credentials, fix));
    checks.extend(leftovers(context, &credentials, fix));
    checks.push(lock(context));
    checks
}

/// They have been read already, or there would be no doctor.
fn settings(context: &Context) -> String {
    let path = context.paths.config();
    let shown = context.paths.display(path);
    if path.exists() { shown } else { format!("{shown} does not exist; the defaults hold") }
}

/// Who may enter the folder.
#[cfg(unix)]
fn folder_check(context: &Context, folder: &Path, fix: bool) -> Check {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    const NAME: &str = "folder";
    let shown = context.paths.display(folder);
    let Ok(metadata) = std::fs::metadata(folder) else {
        return Check::good(NAME, format!("{shown} will be made by the first sign-in"));
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
        return Check::good(NAME, format!("{shown} is yours alone ({mode:04o})"));
    }
    if fix && files::tighten(folder, 0o700).is_ok() {
        return Check::mended(NAME, format!("{shown} was open to others ({mode:04o}), and is 0700 now"));
    }
    let text = format!("{shown} is open to others ({mode:04o})");
    let remedy = format!("chmod 700 {shown}, or --fix");
    // Who can write there can put another file in the place of the credentials.
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

/// Whether the credentials can be read, which closes a file that is merely readable by others.
fn file_check(context: &Context, path: &Path, fix: bool) -> Check {
    const NAME: &str = "credentials";
    let shown = context.paths.display(path);
    match (context.store.read(), fix) {
        (Ok(_), _) if !path.exists() => {
            Check::good(NAME, format!("{shown} does not exist; nobody is signed in"))
        }
        (Ok(document), _) => match context.store.take_warnings().pop() {
            Some(warning) => Check::mended(NAME, warning),
            None => Check::good(NAME, format!("{shown}, profiles: {}", document.iter().count())),
        },
        (Err(ErrorKind::CredentialsDamaged { .. }), true) => match context.store.set_damaged_aside() {
            Ok(name) => Check::mended(NAME, format!("{shown} was damaged, and is kept as {name}")),
            Err(kind) => Check::from_kind(NAME, context, kind),
        },
        (Err(kind @ ErrorKind::CredentialsUnreadable { .. }), true) => reopen(context, path, kind),
        (Err(kind), _) => Check::from_kind(NAME, context, kind),
    }
}

/// Takes the file back from everybody else. That the person asked for it is their word that nobody changed it.
fn reopen(context: &Context, path: &Path, kind: ErrorKind) -> Check {
    const NAME: &str = "credentials";
    let tightened = files::tighten(path, 0o600).is_ok() && context.store.read().is_ok();
    if tightened {
        Check::mended(NAME, format!("{} is yours alone again (0600)", context.paths.display(path)))
    } else {
        Check::from_kind(NAME, context, kind)
    }
}

/// What writes leave behind that were stopped in the middle.
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
            Some(Check::mended(NAME, format!("removed {count} unfinished files from {shown}")))
        }
        (count, _) => Some(Check::attention(
            NAME,
            format!("{count} unfinished files in {shown}"),
            "A write was stopped in the middle. --fix removes them",
        )),
    }
}

/// Whether another process refreshes just now, or hangs.
fn lock(context: &Context) -> Check {
    const NAME: &str = "lock";
    // Looking would make the folder.
    if !context.paths.locks().exists() {
        return Check::good(NAME, "nobody has needed it yet");
    }
    match context.store.try_lock(&context.profile) {
        Ok(Some(_)) => Check::good(NAME, format!("profile {} is free", context.profile)),
        Ok(None) => Check::attention(
            NAME,
            format!("another process holds the lock of profile {}", context.profile),
            "If that lasts longer than 30 seconds, a process hangs; its lock ends with it",
        ),
        Err(kind) => Check::from_kind(NAME, context, kind),
    }
}
