//! What this machine can do at best.

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

/// The best of several looks, so that a disturbance does not flatter a ratio.
pub(crate) struct Limits {
    /// RSA-2048 signatures per second on one thread.
    pub(crate) single: f64,
    /// The same on every processor.
    pub(crate) all: f64,
    /// The median time until 4 KiB at the end of a file are safe on the disk.
    pub(crate) fsync: Duration,
    /// The median time from starting `true` to its end.
    pub(crate) process: Duration,
}

impl Limits {
    pub(crate) fn measure(plan: &Plan) -> Result<Self, Box<dyn Error>> {
        eprintln!("the limits of this machine");
        let mut limits = Self { single: 0.0, all: 0.0, fsync: fsync()?, process: process()? };
        limits.again(plan)?;
        Ok(limits)
    }

    /// Looks once more and keeps what is better.
    pub(crate) fn again(&mut self, plan: &Plan) -> Result<(), Box<dyn Error>> {
        self.single = self.single.max(signing::rate(1, plan.signing)?);
        self.all = self.all.max(signing::rate(processors(), plan.signing)?);
        self.fsync = self.fsync.min(fsync()?);
        Ok(())
    }

    /// What an answer cannot do without: a signature, and a disk that has it.
    pub(crate) fn signature_and_fsync(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.single) + self.fsync
    }
}

/// A load of which every answer is signed, and how much the machine could sign at that time: its speed changes with what its
/// neighbors do.
pub(crate) struct Signed {
    pub(crate) measured: Measured,
    /// Signatures per second on every processor: the better of a look just before the load and one just after.
    pub(crate) limit: f64,
}

impl Signed {
    pub(crate) fn ratio(&self) -> f64 {
        self.measured.per_second() / self.limit
    }

    /// Drives a load between two looks.
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

/// Where the databases are, too.
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
