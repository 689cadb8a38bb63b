//! CPU time and memory of a running process and its children, on Linux.

use std::fs;
use std::io;
use std::time::Duration;

/// Linux reports CPU time in hundredths of a second on all machines.
const TICKS_PER_SECOND: u64 = 100;

/// A process and its descendants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn new(id: u32) -> Self {
        Self(id)
    }

    /// This process.
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// CPU time of the process and its living descendants.
    pub(crate) fn processor_time(self) -> io::Result<Duration> {
        let ticks = self.sum(|id| Ok(stat(id)?.ticks))?;
        Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// CPU time of the process without descendants.
    pub(crate) fn own_processor_time(self) -> io::Result<Duration> {
        Ok(Duration::from_millis(stat(self.0)?.ticks * 1000 / TICKS_PER_SECOND))
    }

    /// Resident memory in KiB.
    pub(crate) fn memory(self) -> io::Result<u64> {
        self.sum(|id| status(id, "VmRSS:"))
    }

    /// Peak resident memory since the start or the last `forget_peak`, in KiB.
    pub(crate) fn peak(self) -> io::Result<u64> {
        self.sum(|id| status(id, "VmHWM:"))
    }

    /// Resets the peak.
    pub(crate) fn forget_peak(self) -> io::Result<()> {
        self.tree()?.into_iter().try_for_each(|id| fs::write(format!("/proc/{id}/clear_refs"), "5"))
    }

    fn sum(self, of: impl Fn(u32) -> io::Result<u64>) -> io::Result<u64> {
        self.tree()?.into_iter().map(of).sum()
    }

    fn tree(self) -> io::Result<Vec<u32>> {
        let mut parents = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let id = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            // A process may end after the listing.
            if let Some((id, stat)) = id.and_then(|id| Some((id, stat(id).ok()?))) {
                parents.push((id, stat.parent));
            }
        }
        let mut tree = vec![self.0];
        let mut next = 0;
        while let Some(&parent) = tree.get(next) {
            tree.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(id, _)| *id));
            next += 1;
        }
        Ok(tree)
    }
}

struct Stat {
    parent: u32,
    ticks: u64,
}

fn stat(id: u32) -> io::Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in parentheses may contain anything. After it, the parent is the 2nd field; user and system time are the
    // 12th and 13th.
    let fields: Vec<_> = text.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ').collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let parent = number(1).and_then(|id| u32::try_from(id).ok());
    match (parent, number(11), number(12)) {
        (Some(parent), Some(user), Some(system)) => Ok(Stat { parent, ticks: user + system }),
        _ => Err(io::Error::other(format!("cannot read /proc/{id}/stat"))),
    }
}

fn status(id: u32, name: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| io::Error::other(format!("/proc/{id}/status has no {name}")))
}
