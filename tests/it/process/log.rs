//! A log that cannot be written fails no request.

use std::fs::File;
use std::io::{PipeReader, pipe};
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;

use super::{Setup, exits_successfully};
use crate::support::both_databases;
use crate::support::http::Anonymous;
use crate::support::oauth::Tokens;

/// Requests whose log lines fill a pipe twice.
const REQUESTS: usize = 600;

/// Targets of a log that no one reads, and what has to stay open with them.
fn streams() -> [(&'static str, Stdio, Option<PipeReader>); 3] {
    let (gone, dead) = pipe().unwrap();
    drop(gone);
    let (silent, full) = pipe().unwrap();
    let full_disk = File::options().write(true).open("/dev/full").unwrap();
    [
        ("a full disk", full_disk.into(), None),
        ("a reader that has ended", dead.into(), None),
        ("a reader that does not read", full.into(), Some(silent)),
    ]
}

both_databases! {
    async fn cb_02_a_log_that_cannot_be_written_fails_no_request_and_stops_no_task(database) {
        let setup = Setup::on(database, &[]).await;
        let mut current = setup.session.tokens.refresh.clone();
        let mut asked = 0;
        for (name, stream, reader) in streams() {
            let out = File::options().write(true).open("/dev/full").unwrap();
            let mut daemon = setup.daemons.start_with(|command| {
                command.stdout(out).stderr(stream);
            }).await;
            let caller = Anonymous::at(&setup.url);
            for n in 0..REQUESTS {
                let request = caller.request(Method::GET, "/api/v1/whoami").bearer_auth(&setup.session.tokens.access);
                assert_eq!(caller.send(request).await.status, 200, "{name} {n}");
            }
            asked += REQUESTS;
            for _ in 0..3 {
                let answer = setup.refresh(&current).await;
                assert_eq!(answer.status, 200, "{name}: {}", answer.body);
                current = Tokens::of(&answer).refresh;
            }
            assert_eq!(setup.anonymous().get("/readyz").await.status, 200, "{name}");
            daemon.signal("TERM");
            assert!(tokio::time::timeout(Duration::from_secs(20), exits_successfully(&mut daemon)).await.unwrap(), "{name}");
            drop(reader);
        }
        let app = setup.same_deployment.start().await;
        let written = app.count("uses").await;
        assert!(written >= i64::try_from(asked).unwrap(), "{written}: the log of uses has every one of {asked}");
        app.stop().await;
    }
}

#[tokio::test]
async fn cb_02_a_report_that_cannot_be_written_is_a_failure_and_no_panic() {
    let setup = Setup::on(crate::support::database::Database::sqlite(), &[]).await;
    let out = File::options().write(true).open("/dev/full").unwrap();
    let done = setup.daemons.command(&["client", "list"]).stdout(out).output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.starts_with("the standard output cannot be written: "), "{said}");
}
