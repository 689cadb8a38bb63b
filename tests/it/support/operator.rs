//! The operator's command line: the built `keystiled` on the database of a test's server.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::app::TestApp;

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl TestApp {
    /// Runs `keystiled` with these arguments, as a process of its own.
    pub(crate) async fn keystiled(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystiled"));
        command
            .args(arguments)
            .env_clear()
            .env("KEYSTILE_PUBLIC_URL", self.issuer())
            .env("KEYSTILE_LISTEN", self.address().to_string())
            .env("KEYSTILE_DATA_DIR", self.data_dir())
            .env("KEYSTILE_DATABASE_URL", self.database().url())
            .stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap().into()
    }

    /// The same for a command of two words that succeeds and prints JSON.
    pub(crate) async fn operate(&self, arguments: &[&str]) -> Value {
        let (command, rest) = arguments.split_at(2);
        let ran = self.keystiled(&[command, &["--json"], rest].concat()).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
    }
}
