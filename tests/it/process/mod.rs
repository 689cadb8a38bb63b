//! The server as a process: log, signals, clock, disk, descriptors.

mod clocks;
mod connections;
mod log;
mod readiness;
mod signals;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::support::app::{Builder, TestApp};
use crate::support::daemon::{Daemon, Daemons};
use crate::support::database::Database;
use crate::support::http::{Anonymous, Answer, Machine};
use crate::support::oauth::Session;

/// Setup of a daemon: a database with a session, created by a server that has stopped.
struct Setup {
    daemons: Daemons,
    url: String,
    session: Session,
    /// Builds the same deployment in this process, to inspect it after the daemon has stopped.
    same_deployment: Builder,
}

impl Setup {
    async fn on(database: Database, more: &[(&str, &str)]) -> Self {
        let app = Builder::on(database).start().await;
        let session = app.session().await;
        let url = app.issuer().to_owned();
        let mut settings = settings_of(&app);
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let daemons = Daemons::new(&settings, &url, app.data_dir());
        let same_deployment = app.another_node();
        app.stop().await;
        Self { daemons, url, session, same_deployment }
    }

    fn anonymous(&self) -> Anonymous {
        Anonymous::at(&self.url)
    }

    async fn whoami(&self) -> Answer {
        let caller = self.anonymous();
        caller
            .send(caller.request(Method::GET, "/api/v1/whoami").bearer_auth(&self.session.tokens.access))
            .await
    }

    async fn refresh(&self, token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        Machine::at(&self.url, &self.session.client.id).post("/oauth/token", &form).await
    }

    /// Waits until readiness has this status, and returns the response.
    async fn readiness(&self, status: u16) -> Value {
        let started = Instant::now();
        loop {
            let answer = self.anonymous().get("/readyz").await;
            if answer.status == status {
                return answer.json();
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "{}\n{}",
                answer.body,
                self.daemons.output()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The variables with which a process uses the same database and address as a server in this process.
fn settings_of(app: &TestApp) -> Vec<(&'static str, String)> {
    vec![
        ("KEYSTILE_PUBLIC_URL", app.issuer().to_owned()),
        ("KEYSTILE_LISTEN", app.address().to_string()),
        ("KEYSTILE_DATA_DIR", app.data_dir().display().to_string()),
        ("KEYSTILE_DATABASE_URL", app.database().url()),
    ]
}

/// Runs the program under a clock with the offset in this file, such as `-70s` or `+100d`, whenever that changes.
pub(crate) fn under_clock_offset(file: &Path) -> impl FnOnce(&mut Command) {
    let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
        .map(|folder| format!("{folder}/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|library| Path::new(library).exists())
        .expect("libfaketime is not installed: run `make test`, which installs the package faketime");
    move |command| {
        command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", file);
        // Otherwise the monotonic clock would be changed too.
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

/// Runs the program through another one, which gets its path as the last argument.
fn wrapped_in(program: &str, arguments: &[&str]) -> impl FnOnce(&mut Command) {
    move |command| {
        let mut outer = Command::new(program);
        outer.args(arguments).arg(command.get_program());
        outer.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            outer.env(name, value.unwrap_or_default());
        }
        outer.stdout(Stdio::null()).stderr(Stdio::null());
        *command = outer;
    }
}

/// Waits until the process has ended, and returns whether it succeeded.
async fn exits_successfully(daemon: &mut Daemon) -> bool {
    let started = Instant::now();
    loop {
        if let Some(code) = daemon.ended() {
            return code.success();
        }
        assert!(started.elapsed() < Duration::from_secs(60), "timed out");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
