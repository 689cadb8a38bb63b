//! The built `keystiled` as a process of its own, which can be killed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::app::FILE;
use super::http::Anonymous;

/// A running server.
pub(crate) struct Daemon {
    child: Child,
    url: String,
}

/// How a server is started, again and again over the same data.
pub(crate) struct Daemons {
    settings: Vec<(String, String)>,
    log: PathBuf,
    url: String,
}

impl Daemons {
    /// A server with these settings; `url` is where it is found, and `folder` where its output goes.
    pub(crate) fn new(settings: &[(&str, String)], url: &str, folder: &Path) -> Self {
        let mut settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        // The data of a server of the tests comes with its configuration.
        let file = folder.join(FILE);
        if file.exists() {
            settings.push(("KEYSTILE_CONFIG".to_owned(), file.display().to_string()));
        }
        Self { settings, log: folder.join("keystiled.log"), url: url.to_owned() }
    }

    /// A command line of the server.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystiled"));
        command.args(arguments).env_clear().envs(self.settings.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(&self) -> Daemon {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let child = self.command(&[]).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let daemon = Daemon { child, url: self.url.clone() };
        daemon.is_ready().await;
        daemon
    }

    /// Waits until it has printed what `find` looks for.
    pub(crate) async fn prints<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = find(&self.output()) {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{}", self.output());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything that it has printed so far.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Daemon {
    async fn is_ready(&self) {
        let caller = Anonymous::at(&self.url);
        let started = Instant::now();
        loop {
            let answer = caller.request(reqwest::Method::GET, "/readyz").send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "the server does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
