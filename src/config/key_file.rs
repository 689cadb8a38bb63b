//! Checks who else could read or replace a key file.
//!
//! Walks the path component by component, including symbolic links. The file must belong to root or the user of this
//! process and must not be accessible to others. If the path contains a link, every component must belong to root or
//! the user of this process, because anyone who can replace a link or a directory chooses the key. This accepts secrets
//! mounted by Kubernetes: `master.key` links to `..data/master.key`, and `..data` to a directory named after a time,
//! all in a directory of root with mode 1777.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::process::{Gid, getegid, geteuid, getgroups};

use super::key_file_error::KeyFileError;

/// Symbolic links per path at most, the limit of Linux.
const MAX_LINKS: usize = 40;
const ROOT: u32 = 0;
const STICKY: u32 = 0o1000;
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Owner, group and mode of a file, directory or link.
#[derive(Debug, Clone, Copy)]
struct Rights {
    owner: u32,
    group: u32,
    mode: u32,
}

impl Rights {
    fn of(metadata: &Metadata) -> Self {
        Self { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode() & 0o7777 }
    }
}

/// User and groups of a process.
struct Identity {
    user: u32,
    groups: Vec<u32>,
}

impl Identity {
    fn of_process() -> io::Result<Self> {
        let groups = getgroups()?.into_iter().chain([getegid()]).map(Gid::as_raw);
        Ok(Self { user: geteuid().as_raw(), groups: groups.collect() })
    }

    fn trusts(&self, rights: Rights) -> bool {
        rights.owner == ROOT || rights.owner == self.user
    }
}

/// A resolved path.
struct Route {
    folders: Vec<(PathBuf, Rights)>,
    links: Vec<(PathBuf, Rights)>,
    /// The path of the file itself, without links.
    end: PathBuf,
    found: Metadata,
}

/// Opens a key file that only root and the user of this process can read or replace.
pub(super) fn open(path: &Path) -> Result<File, KeyFileError> {
    let route = Route::to(path)?;
    if !route.found.is_file() {
        return Err(KeyFileError::NotAFile);
    }
    let file = File::open(&route.end)?;
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) != (route.found.dev(), route.found.ino()) {
        return Err(KeyFileError::Replaced);
    }
    check(&route.links, &route.folders, Rights::of(&opened), &Identity::of_process()?)?;
    Ok(file)
}

impl Route {
    fn to(path: &Path) -> io::Result<Self> {
        let absolute = std::path::absolute(path)?;
        let mut ahead: VecDeque<OsString> = parts(&absolute).collect();
        let (mut here, mut folders, mut links) = (PathBuf::from("/"), Vec::new(), Vec::new());
        let mut found = fs::metadata(&here)?;
        folders.push((here.clone(), Rights::of(&found)));
        while let Some(part) = ahead.pop_front() {
            if part == ".." {
                here.pop();
                continue;
            }
            let next = here.join(part);
            found = fs::symlink_metadata(&next)?;
            if found.is_symlink() {
                if links.len() == MAX_LINKS {
                    return Err(io::Error::other("too many symbolic links"));
                }
                let target = fs::read_link(&next)?;
                links.push((next, Rights::of(&found)));
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                    ahead.push_front(part);
                }
            } else {
                if found.is_dir() {
                    folders.push((next.clone(), Rights::of(&found)));
                }
                here = next;
            }
        }
        Ok(Self { folders, links, end: here, found })
    }
}

/// The components of a path, without `.` and empty ones.
fn parts(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}

/// Checks links, directories and file of a resolved path.
fn check(
    links: &[(PathBuf, Rights)],
    folders: &[(PathBuf, Rights)],
    file: Rights,
    process: &Identity,
) -> Result<(), KeyFileError> {
    if !links.is_empty() {
        if let Some((path, rights)) = links.iter().chain(folders).find(|(_, rights)| !process.trusts(*rights))
        {
            return Err(KeyFileError::ForeignWay { path: path.clone(), owner: rights.owner });
        }
        if let Some((path, rights)) = folders.iter().find(|(_, rights)| open_to_others(*rights)) {
            return Err(KeyFileError::OpenFolder { path: path.clone(), mode: rights.mode });
        }
    }
    // The owner of a file can always read and change it.
    if !process.trusts(file) {
        return Err(KeyFileError::ForeignOwner(file.owner));
    }
    // Kubernetes assigns secrets to root and the group of the pod (`fsGroup`), readable by the group.
    let shared = file.owner == ROOT && (file.group == ROOT || process.groups.contains(&file.group));
    let group = if shared { 0o040 } else { 0 };
    if file.mode & 0o077 & !group == 0 { Ok(()) } else { Err(KeyFileError::Mode(file.mode)) }
}

/// Whether others could replace entries of this directory. Not in a sticky directory of root, where each user can only
/// replace their own entries, nor through the group if that is root's.
fn open_to_others(folder: Rights) -> bool {
    let writable = if folder.group == ROOT { 0o002 } else { WRITABLE_BY_OTHERS };
    let sticky = folder.owner == ROOT && folder.mode & STICKY != 0;
    folder.mode & writable != 0 && !sticky
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: u32 = 1000;
    const EVE: u32 = 1001;
    const POD: u32 = 2000;

    fn ada() -> Identity {
        Identity { user: ADA, groups: vec![ADA, POD] }
    }

    fn rights(owner: u32, group: u32, mode: u32) -> Rights {
        Rights { owner, group, mode }
    }

    fn file(owner: u32, group: u32, mode: u32) -> bool {
        check(&[], &[], rights(owner, group, mode), &ada()).is_ok()
    }

    /// Checks a file of root that is reached through one link in one directory.
    fn linked(link_owner: u32, folder: Rights, target: Rights) -> bool {
        let at = |rights| (PathBuf::from("/run/x"), rights);
        check(&[at(rights(link_owner, 0, 0o777))], &[at(folder)], target, &ada()).is_ok()
    }

    #[test]
    fn ca_04_a_group_of_this_process_may_read_a_file_of_root() {
        for mode in [0o400, 0o600, 0o440, 0o640] {
            assert!(file(ROOT, POD, mode), "{mode:o}");
            assert!(file(ROOT, ROOT, mode), "{mode:o}");
            assert_eq!(file(ADA, ADA, mode), mode & 0o040 == 0, "{mode:o}: the owner is not root");
            assert_eq!(file(ROOT, EVE, mode), mode & 0o040 == 0, "{mode:o}: not a group of the process");
        }
        for mode in [0o444, 0o644, 0o404, 0o460, 0o660, 0o420, 0o410, 0o401, 0o666] {
            for (owner, group) in [(ROOT, POD), (ROOT, ROOT), (ADA, ADA)] {
                assert!(!file(owner, group, mode), "{mode:o}");
            }
        }
    }

    #[test]
    fn ca_04_a_file_that_belongs_to_another_user_is_refused() {
        let root = Identity { user: ROOT, groups: vec![ROOT] };
        for mode in [0o400, 0o600] {
            assert!(file(ADA, ADA, mode) && file(ROOT, ROOT, mode));
            assert!(!file(EVE, ADA, mode));
            assert!(
                check(&[], &[], rights(ADA, ADA, mode), &root).is_err(),
                "root would use a file that Ada can change"
            );
        }
    }

    #[test]
    fn ca_04_links_are_followed_if_root_or_the_own_user_owns_the_whole_path() {
        let (folder, target) = (rights(ROOT, ROOT, 0o755), rights(ROOT, POD, 0o440));
        for owner in [ROOT, ADA] {
            assert!(linked(owner, folder, target));
            assert!(linked(ROOT, rights(owner, ADA, 0o700), target));
            assert!(linked(ROOT, folder, rights(owner, ADA, 0o600)));
        }
        assert!(!linked(EVE, folder, target));
        assert!(!linked(ROOT, rights(EVE, EVE, 0o755), target));
        assert!(!linked(ROOT, folder, rights(EVE, EVE, 0o600)));
    }

    #[test]
    fn ca_04_directories_of_the_path_are_closed_to_others_or_sticky_and_owned_by_root() {
        let target = rights(ROOT, POD, 0o440);
        for folder in [
            rights(ROOT, ROOT, 0o1777),
            rights(ROOT, POD, 0o3777),
            rights(ROOT, POD, 0o2755),
            rights(ROOT, ROOT, 0o775),
        ] {
            assert!(linked(ROOT, folder, target), "{folder:?}");
        }
        for folder in [
            rights(ROOT, ROOT, 0o777),
            rights(ROOT, POD, 0o2775),
            rights(ADA, ADA, 0o775),
            rights(ADA, ADA, 0o1777),
        ] {
            assert!(!linked(ROOT, folder, target), "{folder:?}");
        }
    }
}
