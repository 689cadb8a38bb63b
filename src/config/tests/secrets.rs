//! Sources of secrets; messages do not contain them.

use std::fs;
use std::path::Path;

use super::{MasterKeySource, faults, file, load, one_env_fault};

#[test]
fn the_database_password_is_in_no_message() {
    let url = "postgres://ada:hunter2@db/app";
    let config = load("", &[("KEYSTILE_DATABASE_URL", url)]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.database.url.expose(), url);
    let found =
        faults("", &[("KEYSTILE_DATABASE_URL", "mysql://ada:hunter2@db/app"), ("KEYSTILE_LISTEN", "x")]);
    assert_eq!(found.len(), 2);
    assert!(!found.concat().contains("hunter2"), "{found:?}");
}

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn a_master_key_in_the_environment_is_32_bytes() {
    let config = load("", &[("KEYSTILE_MASTER_KEY", KEY)]).unwrap();
    assert!(matches!(&config.master_key, MasterKeySource::Env(key) if key.expose() == KEY));
    assert!(!format!("{config:?}").contains(KEY));
    for bad in ["", "correct horse battery staple", &KEY[..40]] {
        one_env_fault(
            &[("KEYSTILE_MASTER_KEY", bad)],
            "KEYSTILE_MASTER_KEY: is not 32 bytes in base64 or hexadecimal. Create one with: openssl rand -base64 32.",
        );
    }
}

#[test]
fn a_master_key_file_is_private_and_whole() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let (folder, path) = file("master.key", &format!("{KEY}\n"));
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let loaded = |path: &Path| load("", &[("KEYSTILE_MASTER_KEY_FILE", path.to_str().unwrap())]);
    let fault = |path: &Path| loaded(path).unwrap_err().to_string();
    let start = "KEYSTILE_MASTER_KEY_FILE: keys.master_key_file:";

    mode(0o600);
    assert_eq!(loaded(&path).unwrap().master_key, MasterKeySource::File(path.clone()));
    for open in [0o604, 0o620, 0o601] {
        mode(open);
        let expected = format!(
            "{start} can be read or changed by the group or by others (mode {open:04o}). Run chmod 600 on it; where \
             Kubernetes mounts it, set defaultMode: 0400 on the volume. A group may read a file of root if it is a \
             group of this process."
        );
        assert_eq!(fault(&path), expected);
    }
    mode(0o600);
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    assert!(loaded(&link).is_ok());
    assert!(fault(folder.path()).starts_with(&format!("{start} is not a file")));
    assert!(fault(&folder.path().join("absent")).starts_with(&format!("{start} cannot be read: ")));
    fs::write(&path, "too short").unwrap();
    assert!(fault(&path).starts_with(&format!("{start} is not 32 bytes")));
}

#[test]
fn two_master_key_sources_are_refused() {
    use std::os::unix::fs::PermissionsExt;

    let (_folder, path) = file("master.key", KEY);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    one_env_fault(
        &[("KEYSTILE_MASTER_KEY", KEY), ("KEYSTILE_MASTER_KEY_FILE", path.to_str().unwrap())],
        "KEYSTILE_MASTER_KEY: keys.master_key_file is set too, and they may differ. Keep one of the two.",
    );
}
