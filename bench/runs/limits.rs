//! The limits of this machine.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::support::load::{Caller, Load, Target};
use crate::support::measured::Measured;
use crate::support::plan::Plan;
use crate::support::signing;

/// The best of several measurements, so that a disturbance does not improve a ratio.
pub(crate) struct Limits {
    /// RSA-2048 signatures per second on one thread.
    pub(crate) single: f64,
    /// RSA-2048 signatures per second on all CPUs.
    pub(crate) all: f64,
    /// Median time to append 4 KiB to a file and fsync it.
    pub(crate) fsync: Duration,
    /// Median time to run `true`.
    pub(crate) process: Duration,
}

impl Limits {
    pub(crate) fn measure(plan: &Plan) -> Result<Self, Box<dyn Error>> {
        eprintln!("the limits of this machine");
        let mut limits = Self { single: 0.0, all: 0.0, fsync: fsync()?, process: process()? };
        limits.again(plan)?;
        Ok(limits)
    }

    /// Measures again and keeps the better values.
    pub(crate) fn again(&mut self, plan: &Plan) -> Result<(), Box<dyn Error>> {
        self.single = self.single.max(signing::rate(1, plan.signing)?);
        self.all = self.all.max(signing::rate(processors(), plan.signing)?);
        self.fsync = self.fsync.min(fsync()?);
        Ok(())
    }

    /// The minimum for a response: a signature and an fsync.
    pub(crate) fn signature_and_fsync(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.single) + self.fsync
    }
}

/// A load in which every response is signed, and how much the machine could sign at that time, because its speed
/// changes with the load of its neighbors.
pub(crate) struct Signed {
    pub(crate) measured: Measured,
    /// Signatures per second on all CPUs: the better of two measurements, just before and just after the load.
    pub(crate) limit: f64,
}

impl Signed {
    pub(crate) fn ratio(&self) -> f64 {
        self.measured.per_second() / self.limit
    }

    /// Runs a load between two measurements of the limit.
    pub(crate) async fn drive<C: Caller>(
        plan: &Plan,
        load: Load,
        target: Target,
        callers: Vec<C>,
    ) -> Result<(Self, Vec<C>), Box<dyn Error>> {
        let look = || signing::rate(processors(), plan.signing);
        let before = look()?;
        let (measured, callers) = load.drive(target, callers).await?;
        Ok((Self { measured, limit: before.max(look()?) }, callers))
    }
}

fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// On the same disk as the databases.
fn fsync() -> io::Result<Duration> {
    let path = std::env::temp_dir().join("fsync");
    let mut file = File::create(&path)?;
    let median = median(201, || {
        file.write_all(&[0; 4096])?;
        file.sync_data()
    })?;
    std::fs::remove_file(path)?;
    Ok(median)
}

fn process() -> io::Result<Duration> {
    median(51, || Command::new("true").status().map(drop))
}

pub(super) fn median(count: usize, mut each: impl FnMut() -> io::Result<()>) -> io::Result<Duration> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        each()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
