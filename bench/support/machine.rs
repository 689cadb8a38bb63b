//! The machine that the figures depend on.

use std::env;
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use keystiled::domain::clock::Clock;
use keystiled::domain::time::Time;

/// Machine and time of a run.
pub(crate) struct Machine {
    pub(crate) at: Time,
    pub(crate) processors: usize,
    pub(crate) model: String,
    pub(crate) system: String,
    pub(crate) file_system: String,
    pub(crate) postgres: String,
    /// Average number of other processes that wanted a CPU in the minute before.
    pub(crate) load: String,
}

impl Machine {
    /// This machine; the databases are in `folder`.
    pub(crate) fn here(folder: &Path) -> Self {
        Self {
            at: Clock::System.now(),
            processors: available_parallelism().map_or(1, NonZero::get),
            model: model(),
            system: said("uname", &["-srm"]),
            file_system: said("stat", &["-f", "-c", "%T", &folder.display().to_string()]),
            load: load(),
            postgres: env::var("KEYSTILE_BENCH_POSTGRES_VERSION").unwrap_or_else(|_| "unknown".to_owned()),
        }
    }
}

fn model() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| "unknown".to_owned(), |(_, model)| model.to_owned())
}

fn load() -> String {
    let averages = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split(' ').next().map_or_else(|| "unknown".to_owned(), str::to_owned)
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
