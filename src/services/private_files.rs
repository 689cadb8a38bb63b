//! Files and directories that nobody but their owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::domain::entropy::Entropy;
use keystile_key_format::base62;

/// Makes a directory and those above it, if it is not there yet.
pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes an empty file; one that is there stays.
pub(super) fn create_empty(path: &Path) -> io::Result<()> {
    match create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Opens a file that is there to be locked, and makes it first if need be. Its content stays.
pub(super) fn open_for_locking(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a file with a content, at once and for good; `false` if there is one already, which stays as it is.
pub(super) fn create_new(path: &Path, content: &[u8], entropy: Entropy) -> io::Result<bool> {
    // A file that is linked into place is never seen half-written, not even after a crash.
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

/// Takes the rights of group and others from a file that exists.
#[cfg(unix)]
pub(super) fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Elsewhere the directory decides who may read what is in it.
#[cfg(not(unix))]
pub(super) fn restrict(_path: &Path) -> io::Result<()> {
    Ok(())
}
