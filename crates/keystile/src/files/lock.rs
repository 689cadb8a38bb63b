//! Locks between processes. They end with the process that holds them.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super as files;

/// Age at which a marker file counts as abandoned.
const SILENCE: Duration = Duration::from_secs(60);

/// An exclusive lock on a file. The file is never removed: two processes could then lock different inodes.
pub(crate) struct FileLock(Held);

/// How the lock is held.
enum Held {
    /// A lock of the operating system, released when the file is closed.
    System { _file: File },
    /// A marker file, for file systems without locks.
    Marker { path: PathBuf },
}

impl FileLock {
    /// Takes the lock, and waits at most `patience` while another process holds it; `None` after that. Blocks.
    pub(crate) fn acquire(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let deadline = Instant::now() + patience;
        loop {
            match Self::try_acquire(path)? {
                Some(lock) => return Ok(Some(lock)),
                None if Instant::now() >= deadline => return Ok(None),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Takes the lock; `None` if another process holds it.
    pub(crate) fn try_acquire(path: &Path) -> io::Result<Option<Self>> {
        if let Some(folder) = path.parent() {
            files::ensure_private_folder(folder)?;
        }
        let file = files::open_private(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(Held::System { _file: file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => Self::try_marker(path),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Creates a marker file. It needs no heartbeat, because a change or refresh takes less than [`SILENCE`].
    fn try_marker(lock: &Path) -> io::Result<Option<Self>> {
        let path = lock.with_extension("held");
        if let Ok(metadata) = fs::metadata(&path)
            && metadata.modified()?.elapsed().is_ok_and(|age| age > SILENCE)
        {
            // Only one rename succeeds; the other processes then compete for a new marker.
            let stale = lock.with_extension(format!("stale-{}", std::process::id()));
            if fs::rename(&path, &stale).is_ok() {
                fs::remove_file(&stale)?;
            }
        }
        match files::create_private(&path) {
            Ok(mut file) => {
                writeln!(file, "{}", std::process::id())?;
                Ok(Some(Self(Held::Marker { path })))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        match &self.0 {
            Held::System { .. } => {}
            Held::Marker { path } => {
                // If that fails, the marker expires.
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Whether the file system has no locks, for example NFS without a lock service (`ENOLCK`).
fn has_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || (cfg!(target_os = "linux") && error.raw_os_error() == Some(37))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempFolder;

    #[test]
    fn only_one_holds_a_lock_and_its_file_stays() {
        let folder = TempFolder::new();
        let path = folder.path().join("locks").join("work.lock");
        let held = FileLock::try_acquire(&path).unwrap();
        assert!(held.is_some());
        assert!(FileLock::try_acquire(&path).unwrap().is_none());
        drop(held);
        assert!(path.exists());
        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn a_marker_keeps_others_out_until_it_is_dropped() {
        let folder = TempFolder::new();
        let path = folder.path().join("work.lock");
        let held = FileLock::try_marker(&path).unwrap();
        assert!(FileLock::try_marker(&path).unwrap().is_none());
        drop(held);
        assert!(FileLock::try_marker(&path).unwrap().is_some());
    }

    #[test]
    fn an_abandoned_marker_is_taken_over() {
        let folder = TempFolder::new();
        let path = folder.path().join("work.lock");
        let marker = File::create(folder.path().join("work.held")).unwrap();
        marker.set_modified(std::time::UNIX_EPOCH).unwrap();
        assert!(FileLock::try_marker(&path).unwrap().is_some());
    }
}
