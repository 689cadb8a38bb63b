//! Files and directories that only their owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::domain::entropy::Entropy;
use keystile_key_format::base62;

/// Creates a directory and its parents if missing.
pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates an empty file; an existing one stays.
pub(super) fn create_empty(path: &Path) -> io::Result<()> {
    match create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Opens a lock file, creating it if missing. Its content stays.
pub(super) fn open_for_locking(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a file atomically and durably; `false` if it exists, which is left unchanged.
pub(super) fn create_new(path: &Path, content: &[u8], entropy: Entropy) -> io::Result<bool> {
    // Write and link: a reader never sees a partial file, not even after a crash.
    let draft = path.with_extension(base62(&entropy.bytes::<8>(), 11));
    let mut file = create(&draft)?;
    let linked = file
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path))
        .map(|()| true)
        .or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(false) } else { Err(error) });
    fs::remove_file(&draft)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    linked
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes group and other permissions from an existing file.
#[cfg(unix)]
pub(super) fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// On other systems the directory's permissions decide.
#[cfg(not(unix))]
pub(super) fn restrict(_path: &Path) -> io::Result<()> {
    Ok(())
}
