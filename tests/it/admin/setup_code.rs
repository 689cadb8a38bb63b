//! The setup code that a new deployment prints.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use keystiled::services::setup;
use tempfile::TempDir;

use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::daemon::Daemons;
use crate::support::database::Database;
use crate::support::http::BrowserCaller;
use crate::support::ports::unused_address;

both_engines! {
    async fn cc_08_concurrent_requests_for_the_setup_code_get_the_same_code(app) {
        for _ in 0..10 {
            app.execute("DELETE FROM facts WHERE name = 'setup_nonce'").await.unwrap();
            let codes: BTreeSet<String> = at_once(4, async |_| {
                app.inside().write(|app, work| setup::code(work, &app.master)).await.unwrap().unwrap()
            })
            .into_iter()
            .collect();
            assert_eq!(codes.len(), 1, "{codes:?}");
        }
    }
}

#[tokio::test]
async fn cc_08_nodes_that_start_at_once_on_an_empty_database_print_one_code() {
    let (database, folders) = (Database::postgres(), [(); 4].map(|()| TempDir::new().unwrap()));
    let nodes: Vec<(Daemons, String)> = folders
        .iter()
        .map(|folder| {
            let listen = unused_address();
            let url = format!("http://{listen}");
            let settings = [
                ("KEYSTILE_PUBLIC_URL", url.clone()),
                ("KEYSTILE_LISTEN", listen.to_string()),
                ("KEYSTILE_DATA_DIR", folder.path().display().to_string()),
                ("KEYSTILE_DATABASE_URL", database.url()),
                ("KEYSTILE_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
            ];
            (Daemons::new(&settings, &url, folder.path()), url)
        })
        .collect();
    let running = join_all(nodes.iter().map(|(node, _)| node.start())).await;
    let code = |said: &str| Some(said.split("with the code ").nth(1)?.split(' ').next()?.to_owned());
    let codes: BTreeSet<String> =
        join_all(nodes.iter().map(|(node, _)| node.prints(code))).await.into_iter().collect();
    assert_eq!(codes.len(), 1, "{codes:?}");
    let browser = BrowserCaller::at(&nodes[3].1);
    let form = browser.get("/setup").await.form("/setup").with("code", codes.first().unwrap());
    let form = form.with("name", "Ada").with("email", "ada@example.com");
    let form = form.with("password", "seven lanterns under the bridge").with("organization", "Analytical");
    assert_eq!(browser.submit(&form).await.status, 200);
    drop(running);
}
