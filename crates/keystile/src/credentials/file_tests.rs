use std::sync::Arc;

use super::*;
use crate::credentials::OauthCredential;
use crate::testing::{TempFolder, brand, session};

fn store(folder: &TempFolder) -> FileStore {
    let home = folder.path().to_str().unwrap();
    FileStore::new(Paths::find(&brand(), &[("HOME", home)].into()))
}

fn profile(name: &str) -> ProfileName {
    ProfileName::parse(name).unwrap()
}

fn put(store: &FileStore, name: &str, expected: Option<u64>) -> SwapResult {
    store.compare_and_swap(&profile(name), expected, Some(&session().into())).unwrap()
}

#[test]
fn a_missing_file_is_empty_and_reading_does_not_create_it() {
    let folder = TempFolder::new();
    assert_eq!(store(&folder).read().unwrap().iter().count(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_change_needs_the_generation_that_was_read() {
    let folder = TempFolder::new();
    let store = store(&folder);
    assert_eq!(put(&store, "work", None), SwapResult::Done);
    assert_eq!(put(&store, "work", None), SwapResult::Conflict);
    assert_eq!(put(&store, "work", Some(1)), SwapResult::Done);
    let document = store.read().unwrap();
    assert_eq!((document.generation, document.get(&profile("work")).unwrap().generation()), (2, 2));
    assert_eq!(store.compare_and_swap(&profile("work"), Some(2), None).unwrap(), SwapResult::Done);
    assert!(store.read().unwrap().get(&profile("work")).is_none());
}

#[test]
fn concurrent_changes_of_many_profiles_are_all_kept() {
    let folder = TempFolder::new();
    let store = Arc::new(store(&folder));
    let start = Arc::new(std::sync::Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let (store, start) = (store.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                put(&store, &format!("p{number}"), None)
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == SwapResult::Done));
    assert_eq!(store.read().unwrap().iter().count(), 8);
}

#[test]
fn a_file_that_others_can_write_is_refused() {
    let folder = TempFolder::new();
    let store = store(&folder);
    let _ = put(&store, "work", None);
    files::tighten(&store.path(), 0o662).unwrap();
    assert!(matches!(store.read(), Err(ErrorKind::CredentialsUnreadable { .. })));
}

#[test]
fn a_file_that_others_can_read_is_made_private_with_a_warning() {
    let folder = TempFolder::new();
    let store = store(&folder);
    let _ = put(&store, "work", None);
    files::tighten(&store.path(), 0o644).unwrap();
    store.read().unwrap();
    let warning = "~/.acme/credentials.json is readable by others (0644). Fixed to 0600. \
                   If this returns, something else changes it.";
    assert_eq!(store.take_warnings(), [warning]);
    store.read().unwrap();
    assert!(store.take_warnings().is_empty());
}

#[test]
fn a_damaged_file_is_reported_with_line_and_column_and_kept() {
    let folder = TempFolder::new();
    let store = store(&folder);
    files::write_private(&store.path(), b"{\n  \"version\": 1,\n  oops\n}").unwrap();
    match store.read() {
        Err(ErrorKind::CredentialsDamaged { line, column, .. }) => assert_eq!((line, column), (3, 3)),
        other => panic!("{other:?}"),
    }
    let kept = store.move_damaged_aside().unwrap();
    assert!(store.path().with_file_name(&kept).exists() && kept.starts_with("credentials.json.corrupt-20"));
    assert_eq!(store.read().unwrap().iter().count(), 0);
}

#[test]
fn what_is_written_reads_back() {
    let folder = TempFolder::new();
    let store = store(&folder);
    let _ = put(&store, "work", None);
    let document = store.read().unwrap();
    let stored = document.get(&profile("work")).and_then(Credential::as_oauth).unwrap();
    assert_eq!(stored, &OauthCredential { generation: 1, ..session() });
}
