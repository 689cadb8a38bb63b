//! Core dumps contain neither the keys of the server nor the tokens of a person.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::cli::companion;

/// Starts a program that waits for its stdin, with core dumps enabled as far as this machine allows.
fn waiting(program: &str, arguments: &[&str], home: &TempDir) -> Child {
    Command::new("sh")
        .args(["-c", "ulimit -S -c $(ulimit -H -c); exec \"$@\"", "sh", program])
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The soft and hard core size limits of a process.
fn core_limits(process: u32) -> (String, String) {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    let mut columns = line.split_whitespace().map(str::to_owned);
    (columns.next().unwrap(), columns.next().unwrap())
}

#[test]
fn ce_03_a_program_that_is_ended_by_a_fault_leaves_no_core_dump() {
    let init = ["init", "--org", "A", "--email", "ada@example.com", "--password-stdin"];
    let login = ["auth", "login", "--issuer", "http://127.0.0.1:9", "--with-token"];
    for (program, arguments) in [(env!("CARGO_BIN_EXE_keystiled"), &init[..]), (&companion(), &login)] {
        let home = TempDir::new().unwrap();
        let (_, most) = core_limits(std::process::id());
        assert_ne!(
            most, "0",
            "core dumps are disabled here, so the test proves nothing: raise the hard limit (ulimit -H -c)"
        );
        let mut child = waiting(program, arguments, &home);
        let started = Instant::now();
        while core_limits(child.id()) != ("0".to_owned(), "0".to_owned()) {
            assert!(started.elapsed() < Duration::from_secs(20), "{program}: {:?}", core_limits(child.id()));
            std::thread::sleep(Duration::from_millis(10));
        }
        kill_process(Pid::from_child(&child), Signal::ABORT).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()), "{program}: {status}");
        assert!(!status.core_dumped(), "{program}");
    }
}
