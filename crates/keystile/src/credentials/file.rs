//! The credentials file, which all processes of a user share.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Credential, CredentialDocument, CredentialStore, ProfileLock, SwapResult, trust};
use crate::error::ErrorKind;
use crate::files::{self, FileLock};
use crate::paths::Paths;
use crate::profile::ProfileName;

/// Limit of the wait for another process that changes the file. A change takes milliseconds.
const CHANGE_WAIT: Duration = Duration::from_secs(5);

/// Limit of the file. A profile takes about 3 KiB.
const LIMIT: u64 = 16 * 1024 * 1024;
/// Maximum number of bytes by which new tokens can enlarge the file.
const ROOM: usize = 16 * 1024;

/// Stores credentials in a file with mode 0600.
pub(crate) struct FileStore {
    paths: Paths,
    warnings: Mutex<Vec<String>>,
}

impl FileStore {
    /// Creates no file or directory before something is stored.
    pub(crate) fn new(paths: Paths) -> Self {
        Self { paths, warnings: Mutex::default() }
    }

    fn path(&self) -> PathBuf {
        self.paths.credentials()
    }

    fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// The new name of a damaged file, with the date of its last change.
    fn name_aside(&self) -> String {
        let changed = fs::metadata(self.path()).and_then(|metadata| metadata.modified());
        let date = changed.map(DateTime::<Utc>::from).unwrap_or_default().format("%Y%m%d");
        format!("credentials.json.corrupt-{date}")
    }

    /// The lock for changes of the file, which all profiles share.
    fn change_lock(&self) -> Result<FileLock, ErrorKind> {
        // Not the lock of any profile, because profile names do not begin with a dot.
        let path = self.paths.locks().join(".change.lock");
        FileLock::acquire(&path, CHANGE_WAIT)
            .map_err(|error| failed("lock", &path, &error))?
            .ok_or(ErrorKind::LockBusy { path, after: CHANGE_WAIT })
    }
}

impl ProfileLock for FileLock {}

impl CredentialStore for FileStore {
    fn read(&self) -> Result<CredentialDocument, ErrorKind> {
        let path = self.path();
        let file = match files::open_regular(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(CredentialDocument::default()),
            Err(error) => return Err(trust::unreadable(&path, &self.paths, &error)),
        };
        if let Some(warning) = trust::check(&file, &path, &self.paths)? {
            self.warn(warning);
        }
        let bytes = files::read_at_most(&file, LIMIT)
            .map_err(|error| trust::unreadable(&path, &self.paths, &error))?;
        let document = CredentialDocument::parse(&bytes).map_err(|error| ErrorKind::CredentialsDamaged {
            path: path.clone(),
            line: error.line(),
            column: error.column(),
            kept_as: self.name_aside(),
        })?;
        match document.newer_version() {
            None => Ok(document),
            Some(version) => Err(ErrorKind::CredentialsUnreadable {
                path,
                cause: format!("its format is version {version}, which is newer than this program"),
                remedy: Some("Update the program. The file was not changed.".into()),
            }),
        }
    }

    fn probe(&self) -> Result<(), ErrorKind> {
        let path = self.path();
        files::try_to_grow(&path, ROOM).map_err(|error| failed("write", &path, &error))
    }

    fn try_lock(&self, profile: &ProfileName) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind> {
        let path = self.paths.locks().join(format!("{profile}.lock"));
        let lock = FileLock::try_acquire(&path).map_err(|error| failed("lock", &path, &error))?;
        Ok(lock.map(|lock| Box::new(lock) as Box<dyn ProfileLock>))
    }

    fn compare_and_swap(
        &self,
        profile: &ProfileName,
        expected: Option<u64>,
        credential: Option<&Credential>,
    ) -> Result<SwapResult, ErrorKind> {
        let _lock = self.change_lock()?;
        let mut document = self.read()?;
        if document.get(profile).map(Credential::generation) != expected {
            return Ok(SwapResult::Conflict);
        }
        document.generation += 1;
        let next = expected.unwrap_or(0) + 1;
        document.set(profile, credential.map(|credential| credential.clone().at_generation(next)));
        let path = self.path();
        let written = document.to_bytes().map_err(std::io::Error::from);
        written
            .and_then(|bytes| files::write_private(&path, &bytes))
            .map_err(|error| failed("write", &path, &error))?;
        Ok(SwapResult::Done)
    }

    fn move_damaged_aside(&self) -> Result<String, ErrorKind> {
        let (path, name) = (self.path(), self.name_aside());
        fs::rename(&path, path.with_file_name(&name)).map_err(|error| failed("move", &path, &error))?;
        Ok(name)
    }

    fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn location(&self) -> PathBuf {
        self.path()
    }
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> ErrorKind {
    ErrorKind::CredentialsUnwritable { what: format!("{what} {}", path.display()), cause: error.to_string() }
}

#[cfg(test)]
#[cfg(unix)]
#[path = "file_tests.rs"]
mod tests;
