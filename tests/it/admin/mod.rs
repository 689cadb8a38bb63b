//! The commands of `keystiled`, run as a process.

mod beginning;
mod client_changes;
#[cfg(target_os = "linux")]
mod core_dumps;
mod database_password;
mod leaks;
mod log_lines;
mod master_key_file;
mod people;
mod setup_code;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `keystiled` with only these variables.
fn keystiled(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_keystiled"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran::of(output, arguments)
}

/// Exit status and output of a command.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output, arguments: &[&str]) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// Asserts this exit status and one line of error output with this text.
    #[track_caller]
    fn refused(self, code: i32, with: &str) {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:#?}");
        assert!(self.err.contains(with), "{self:#?}");
    }
}

/// The names in a directory.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| OsStr::to_string_lossy(&entry.unwrap().file_name()).into_owned())
        .collect();
    names.sort();
    names
}
