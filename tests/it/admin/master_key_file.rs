//! Master key files, as administrators and Kubernetes lay them out.

use std::fs::{self, Permissions, create_dir};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;
use tempfile::TempDir;

use super::{Ran, keystiled};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// A user id that is neither root nor the user of the tests.
const STRANGER: u32 = 1;

/// A secret mounted like the kubelet does: `master.key` -> `..data/master.key`, `..data` -> `..2026_11_29`.
struct Mount {
    folder: TempDir,
    file: PathBuf,
}

impl Mount {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let version = folder.path().join("..2026_11_29");
        create_dir(&version).unwrap();
        let file = version.join("master.key");
        fs::write(&file, KEY).unwrap();
        symlink("..2026_11_29", folder.path().join("..data")).unwrap();
        symlink("..data/master.key", folder.path().join("master.key")).unwrap();
        let mount = Self { folder, file };
        chmod(&mount.file, 0o400);
        mount
    }

    fn check(&self) -> Ran {
        check(&self.folder.path().join("master.key"))
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn check(path: &Path) -> Ran {
    let file = path.to_str().unwrap();
    keystiled(&[("HOME", "/nonexistent"), ("KEYSTILE_MASTER_KEY_FILE", file)], &["check-config"])
}

/// Some rules accept for root what they refuse for other users.
#[track_caller]
fn accepted_for_root(checked: Ran, refusal: &str) {
    if geteuid().is_root() {
        checked.good();
    } else {
        checked.refused(2, refusal);
    }
}

#[test]
fn ca_04_a_secret_is_read_as_kubernetes_mounts_it() {
    let mount = Mount::new();
    mount.check().good();
    // A newer version of the secret: the kubelet switches `..data` to it atomically.
    let newer = mount.folder.path().join("..2026_11_30");
    create_dir(&newer).unwrap();
    fs::rename(&mount.file, newer.join("master.key")).unwrap();
    symlink("..2026_11_30", mount.folder.path().join("..data_tmp")).unwrap();
    fs::rename(mount.folder.path().join("..data_tmp"), mount.folder.path().join("..data")).unwrap();
    mount.check().good();
}

#[test]
fn ca_04_a_file_that_others_can_read_is_refused_with_the_mode_to_set() {
    let mount = Mount::new();
    for mode in [0o444, 0o644, 0o404, 0o420] {
        chmod(&mount.file, mode);
        for path in [&mount.folder.path().join("master.key"), &mount.file] {
            check(path).refused(2, "defaultMode: 0400");
        }
    }
    // The group may read a file of root: without `fsGroup`, it is root's own group.
    for mode in [0o440, 0o640] {
        chmod(&mount.file, mode);
        let checked = mount.check();
        accepted_for_root(checked, "defaultMode: 0400");
    }
}

#[test]
fn ca_04_links_that_others_could_redirect_are_refused() {
    let mount = Mount::new();
    let folder = mount.folder.path();
    chmod(folder, 0o777);
    mount.check().refused(2, "can be written to by others (mode 0777)");
    chmod(folder, 0o1777);
    let checked = mount.check();
    // The sticky bit is enough only in a directory of root.
    accepted_for_root(checked, "(mode 1777)");
    chmod(folder, 0o755);
    mount.check().good();
    for looped in ["one", "other"] {
        symlink(if looped == "one" { "other" } else { "one" }, folder.join(looped)).unwrap();
    }
    check(&folder.join("one")).refused(2, "too many symbolic links");
}

#[test]
fn ca_04_files_and_links_of_another_user_are_refused() {
    const NAME: &str = "admin::master_key_file::ca_04_files_and_links_of_another_user_are_refused";
    // Only root can change the owner. Other users become root in a user namespace that maps further users.
    if !geteuid().is_root() {
        let mut again = Command::new("unshare");
        again.args(["--user", "--map-root-user", "--map-auto"]).arg(std::env::current_exe().unwrap());
        let ran = again.args(["--exact", NAME]).output().unwrap();
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(
            ran.status.success() && said.contains("1 passed"),
            "needs root, or newuidmap (package uidmap) and a line for this user in /etc/subuid: {said}"
        );
        return;
    }
    let mount = Mount::new();
    let folder = mount.folder.path();
    let belongs = &format!("belongs to user {STRANGER}");
    let links = [folder.join("master.key"), folder.join("..data")];
    let own = geteuid().as_raw();
    for path in links.iter().map(PathBuf::as_path).chain([folder, mount.file.parent().unwrap(), &mount.file])
    {
        lchown(path, Some(STRANGER), None).unwrap();
        mount.check().refused(2, belongs);
        lchown(path, Some(own), None).unwrap();
        mount.check().good();
    }
    // Even without a link, because the owner can read and change the file.
    chown(&mount.file, Some(STRANGER), None).unwrap();
    check(&mount.file).refused(2, "who is neither root nor the user of this process");
}
