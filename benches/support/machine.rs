//! What the figures depend on.

use std::env;
use std::fs::File;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use keystile::domain::time::{Clock, Time};

/// The machine and the moment of a run.
pub(crate) struct Machine {
    pub(crate) at: Time,
    pub(crate) processors: usize,
    pub(crate) model: String,
    pub(crate) system: String,
    pub(crate) file_system: String,
    pub(crate) fsync: Duration,
    pub(crate) postgres: String,
    /// How many others wanted the processors in the minute before, on average.
    pub(crate) load: String,
}

impl Machine {
    /// This one; the databases lie in `folder`.
    pub(crate) fn here(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            at: Clock::System.now(),
            processors: available_parallelism().map_or(1, NonZero::get),
            model: model(),
            system: said("uname", &["-srm"]),
            file_system: said("stat", &["-f", "-c", "%T", &folder.display().to_string()]),
            fsync: fsync(folder)?,
            load: load(),
            postgres: env::var("KEYSTILE_BENCH_POSTGRES_VERSION").unwrap_or_else(|_| "unknown".to_owned()),
        })
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

/// The median time until 4 KiB are safe on the disk.
fn fsync(folder: &Path) -> io::Result<Duration> {
    let path = folder.join("fsync");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(101);
    for _ in 0..101 {
        let begun = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    std::fs::remove_file(path)?;
    Ok(times[times.len() / 2])
}
