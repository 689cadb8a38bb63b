//! The files of the server are readable only by their owner.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::app::TestApp;
use crate::support::database::Database;

/// The files in a directory; asserts that each is private.
fn private_files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        names.push(name);
    }
    names.sort();
    names
}

#[tokio::test]
async fn lo_07_lo_08_the_database_and_the_master_key_are_closed_to_others() {
    let app = TestApp::on(Database::sqlite()).await;
    app.session().await;
    assert_eq!(private_files(app.data_dir()), ["keystile.toml", "master.key"]);
    let Database::Sqlite(folder) = app.database() else { unreachable!("it was made on SQLite") };
    assert_eq!(
        private_files(folder.path()),
        ["keystile.db", "keystile.db-shm", "keystile.db-wal", "keystile.db.lock"]
    );
    app.stop().await;
}
