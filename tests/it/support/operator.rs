//! `keystiled` commands on the database of a test server.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::app::TestApp;

const KEYSTILED: &str = env!("CARGO_BIN_EXE_keystiled");

/// Commands on a documentation page that register a client, with continuation lines.
pub(crate) fn documented_registrations(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(start) = line.find("keystiled client add --") else { continue };
        let mut command = line[start..].to_owned();
        while command.ends_with('\\') {
            command.push('\n');
            command.push_str(lines.next().unwrap());
        }
        found.push(command);
    }
    found
}

/// Result of a command.
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
        let mut command = Command::new(KEYSTILED);
        command.args(arguments).env_clear();
        self.run_as_operator(command).await
    }

    /// Runs a shell line with `keystiled` in the path.
    pub(crate) async fn shell(&self, line: &str) -> Ran {
        let folder = Path::new(KEYSTILED).parent().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).env_clear().env("PATH", folder);
        self.run_as_operator(command).await
    }

    async fn run_as_operator(&self, mut command: Command) -> Ran {
        command
            .env("KEYSTILE_PUBLIC_URL", self.issuer())
            .env("KEYSTILE_LISTEN", self.address().to_string())
            .env("KEYSTILE_DATA_DIR", self.data_dir())
            .env("KEYSTILE_DATABASE_URL", self.database().url())
            .stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap().into()
    }

    /// Registers `weather-cli` with the command in README.md.
    pub(crate) async fn register_documented_tool(&self) {
        let registrations = documented_registrations(&std::fs::read_to_string("README.md").unwrap());
        let [registration] = registrations.as_slice() else { panic!("one registration: {registrations:#?}") };
        let ran = self.shell(registration).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{registration}");
        assert_eq!(ran.stdout.trim_end(), "Client weather-cli was registered.");
    }

    /// [`Self::keystiled`] for a command that succeeds and prints JSON.
    pub(crate) async fn operate(&self, arguments: &[&str]) -> Value {
        let (command, rest) = arguments.split_at(2);
        let ran = self.keystiled(&[command, &["--json"], rest].concat()).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
    }
}
