//! Memory use of wrong passwords.

use crate::support::app::Builder;
use crate::support::at_once::at_once;
use crate::support::both_databases;
use crate::support::daemon::Daemons;
use crate::support::http::BrowserCaller;

/// `sign_in.max_parallel_hashes` of the server.
const AT_ONCE: u64 = 2;
/// KiB per hash.
const EACH: u64 = 19 * 1024;
/// KiB for everything else that a hundred requests need.
const REST: u64 = 10 * 1024;

both_databases! {
    async fn cb_01_wrong_passwords_take_the_memory_of_the_hashes_that_run_and_no_more(database) {
        let app = Builder::on(database).start().await;
        app.owner().await;
        let url = app.issuer().to_owned();
        let settings = [
            ("KEYSTILE_PUBLIC_URL", url.clone()),
            ("KEYSTILE_LISTEN", app.address().to_string()),
            ("KEYSTILE_DATA_DIR", app.data_dir().display().to_string()),
            ("KEYSTILE_DATABASE_URL", app.database().url()),
            ("KEYSTILE_SIGN_IN__MAX_PARALLEL_HASHES", AT_ONCE.to_string()),
        ];
        let daemons = Daemons::new(&settings, &url, app.data_dir());
        let keep = app.another_node();
        app.stop().await;
        let server = daemons.start().await;
        let idle = server.memory("VmRSS");
        for round in 0..4 {
            let mut forms = Vec::new();
            for n in 0..25 {
                let browser = BrowserCaller::at(&url);
                let form = browser.get("/sign-in").await.form("/sign-in").with("password", "wrong");
                forms.push((browser, form.with("email", &format!("nobody{round}.{n}@example.com"))));
            }
            let statuses = at_once(forms.len(), async |n| forms[n].0.submit(&forms[n].1).await.status);
            assert!(statuses.iter().all(|status| *status == 422), "{statuses:?}");
        }
        let most = server.memory("VmHWM");
        assert!(most <= idle + AT_ONCE * EACH + REST, "{idle} KiB at rest, {most} KiB at most");
        drop((server, keep));
    }
}
