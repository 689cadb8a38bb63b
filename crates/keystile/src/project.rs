//! `.acme.toml` in a project selects the profile and nothing else, so that the author of a project cannot decide where
//! credentials are sent.
//!
//! Anybody may have written to a directory above the working directory, such as `/tmp`. So a file counts only if it belongs to
//! the user or to root, and the search ends at the home directory and at the boundary of the file system.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::brand::Brand;
use super::error::ErrorKind;
use super::files;
use super::http::Trace;
use super::profile::ProfileName;

/// Limit of the file in bytes.
const LIMIT: u64 = 64 * 1024;

#[derive(Deserialize)]
struct Project {
    profile: Option<ProfileName>,
}

/// The profile of the nearest project file in the working directory and those above it, and the path of that file.
pub(super) fn profile(
    brand: &Brand,
    home: Option<&Path>,
    trace: &Trace,
) -> Result<Option<(ProfileName, PathBuf)>, ErrorKind> {
    match std::env::current_dir() {
        Ok(folder) => profile_above(&folder, home, brand, trace),
        // Without a working directory there is no project.
        Err(_) => Ok(None),
    }
}

fn profile_above(
    folder: &Path,
    home: Option<&Path>,
    brand: &Brand,
    trace: &Trace,
) -> Result<Option<(ProfileName, PathBuf)>, ErrorKind> {
    let name = format!(".{}.toml", brand.name());
    // The working directory is a path without links.
    let home = home.map(|home| fs::canonicalize(home).unwrap_or_else(|_| home.to_owned()));
    let file_system = device(folder);
    for folder in folder.ancestors() {
        if device(folder) != file_system {
            break;
        }
        let path = folder.join(&name);
        if fs::symlink_metadata(&path).is_ok() {
            match other_owner(&path) {
                None => return read(path),
                Some(owner) => trace.note(&format!("ignored {}, of user {owner}", path.display())),
            }
        }
        if home.as_deref() == Some(folder) {
            break;
        }
    }
    Ok(None)
}

/// Reads the profile of a project file. A file without one selects none, and ends the search.
fn read(path: PathBuf) -> Result<Option<(ProfileName, PathBuf)>, ErrorKind> {
    let parsed = files::read_regular(&path, LIMIT)
        .map_err(|error| error.to_string())
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()))
        .and_then(|text| {
            toml_edit::de::from_str::<Project>(&text).map_err(|error| error.message().to_owned())
        });
    match parsed {
        Ok(project) => Ok(project.profile.map(|profile| (profile, path))),
        Err(message) => Err(ErrorKind::InvalidConfig { path, message }),
    }
}

/// The ID of the owner of a file, or of the target of a link, who is neither the user nor root.
#[cfg(unix)]
fn other_owner(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;

    let me = rustix::process::geteuid().as_raw();
    // A link that leads nowhere has no target; reading it then says so.
    let found = [fs::symlink_metadata(path), fs::metadata(path)];
    found.iter().flatten().map(fs::Metadata::uid).find(|owner| *owner != me && *owner != 0)
}

/// Without owners in the sense of Unix, every file counts.
#[cfg(not(unix))]
fn other_owner(_: &Path) -> Option<u32> {
    None
}

/// The file system of a directory; `None` if it is unknown.
#[cfg(unix)]
fn device(folder: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;

    fs::metadata(folder).ok().map(|metadata| metadata.dev())
}

#[cfg(not(unix))]
fn device(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TempFolder, brand};

    fn selected(folder: &Path, home: Option<&Path>) -> Result<Option<String>, String> {
        match profile_above(folder, home, &brand(), &Trace::default()) {
            Ok(found) => Ok(found.map(|(profile, _)| profile.to_string())),
            Err(ErrorKind::InvalidConfig { message, .. }) => Err(message),
            Err(kind) => panic!("{kind}"),
        }
    }

    #[test]
    fn the_nearest_file_selects_the_profile() {
        let temp = TempFolder::new();
        let inner = temp.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(temp.path().join(".acme.toml"), "profile = \"work\"\nissuer = \"https://evil\"").unwrap();
        let (profile, path) = profile_above(&inner, None, &brand(), &Trace::default()).unwrap().unwrap();
        assert_eq!((profile.as_str(), path), ("work", temp.path().join(".acme.toml")));
        fs::write(temp.path().join("a/.acme.toml"), "profile = \"../x\"").unwrap();
        assert!(selected(&inner, None).is_err());
    }

    #[test]
    fn ch_07_the_search_ends_at_the_home_folder() {
        let temp = TempFolder::new();
        let (home, inner) = (temp.path().join("home"), temp.path().join("home/project"));
        fs::create_dir_all(&inner).unwrap();
        fs::write(temp.path().join(".acme.toml"), "profile = \"above\"").unwrap();
        assert_eq!(selected(&inner, Some(&home)), Ok(None));
        assert_eq!(selected(&inner, None), Ok(Some("above".into())));
        fs::write(home.join(".acme.toml"), "profile = \"mine\"").unwrap();
        assert_eq!(selected(&inner, Some(&home)), Ok(Some("mine".into())));
    }

    #[test]
    fn ch_07_a_file_of_64_kib_is_read_and_a_larger_one_is_not() {
        let temp = TempFolder::new();
        let file = temp.path().join(".acme.toml");
        let text = |size: usize| format!("profile = \"work\"\n#{}", "x".repeat(size - 18));
        fs::write(&file, text(64 * 1024)).unwrap();
        assert_eq!(selected(temp.path(), None), Ok(Some("work".into())));
        fs::write(&file, text(64 * 1024 + 1)).unwrap();
        assert_eq!(selected(temp.path(), None), Err("it has more than 64 KiB".into()));
    }
}
