//! Private files: written atomically, for the current user only (mode 0600; on Windows an access control list).

#[cfg(windows)]
mod access_list;
mod links;
mod lock;
mod patience;
mod regular;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::random;

pub(crate) use links::resolved;
pub(crate) use lock::FileLock;
pub(crate) use regular::{open_regular, read_at_most, read_regular};

/// Writes a file atomically: a temporary file next to it, synced, then renamed over it. Of a symbolic link, the target is
/// written and the link stays.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &resolved(path);
    let temporary = temporary_beside(path)?;
    let written = write_new(&temporary, bytes)
        .and_then(|()| patience::while_in_use(patience::IN_USE_FOR_RENAME, || fs::rename(&temporary, path)));
    if written.is_err() {
        // The partial file contains secrets.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(path.parent().ok_or(io::ErrorKind::InvalidInput)?)
}

/// An unused path in the directory of a file. Creates the directory if it is missing.
fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    ensure_private_folder(folder)?;
    let suffix = random::uuid().map_err(io::Error::other)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    Ok(folder.join(format!(".{name}.{suffix}")))
}

/// Checks that [`write_private`] can write this many bytes more than the file has, by writing them to a temporary file.
pub(crate) fn try_to_grow(path: &Path, more: usize) -> io::Result<()> {
    let path = &resolved(path);
    let size = match fs::metadata(path) {
        Ok(metadata) => usize::try_from(metadata.len()).map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let temporary = temporary_beside(path)?;
    let written = write_new(&temporary, &vec![b'\n'; size + more]);
    if temporary.exists() {
        fs::remove_file(&temporary)?;
    }
    written
}

/// Opens a private file for locking. Creates it if missing, and never truncates it.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    only_owner(&mut options);
    options.open(path)
}

/// Creates a file; `Err` if it exists.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    only_owner(&mut options);
    let file = options.open(path)?;
    // Before anything is written to it.
    #[cfg(windows)]
    access_list::restrict_file(path)?;
    Ok(file)
}

/// Creates a directory for the current user only (mode 0700; on Windows an access control list that its files inherit) if it
/// is missing.
pub(crate) fn ensure_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(windows)]
    access_list::restrict_folder(folder)?;
    tighten(folder, 0o700)
}

/// Sets the mode, regardless of the umask. Does nothing on systems without modes.
pub(crate) fn tighten(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn only_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Makes the rename durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::testing::TempFolder;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_written_file_is_private_and_so_is_its_folder() {
        let temp = TempFolder::new();
        let path = temp.path().join("acme").join("credentials.json");
        write_private(&path, b"{}").unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_rewrite_makes_a_file_private_again() {
        let temp = TempFolder::new();
        let path = temp.path().join("credentials.json");
        fs::write(&path, "old").unwrap();
        tighten(&path, 0o666).unwrap();
        write_private(&path, b"new").unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap().as_slice()), (0o600, &b"new"[..]));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let temp = TempFolder::new();
        let path = temp.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "x").unwrap();
        assert!(write_private(&path, b"new").is_err());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }
}
