//! The results as Markdown.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::machine::Machine;
use super::plan::Plan;
use crate::runs::documents::Documents;
use crate::runs::engine::Reached;
use crate::runs::limits::Limits;
use crate::runs::peers::PeerRow;

mod goals;
mod machine;
mod paths;
mod peers;
mod strain;

/// All results of a run.
pub(crate) struct Report {
    pub(crate) plan: Plan,
    pub(crate) machine: Machine,
    pub(crate) limits: Limits,
    /// Duration of `auth token`; `None` without a client to measure.
    pub(crate) tool: Option<Duration>,
    pub(crate) documents: Documents,
    pub(crate) engines: Vec<Reached>,
    pub(crate) peers: Vec<PeerRow>,
}

const BEGIN: &str = "<!-- figures of `make bench` -->\n";
const END: &str = "<!-- end of figures -->\n";

pub(crate) fn markdown(report: &Report) -> String {
    [
        machine::section(report),
        goals::section(report),
        paths::section(report),
        strain::section(report),
        peers::section(report),
    ]
    .join("\n\n")
}

/// Replaces the part of a document between the markers.
pub(crate) fn write(path: &Path, figures: &str) -> io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let place = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = place else {
        return Err(io::Error::other(format!("{} has no markers for the figures", path.display())));
    };
    std::fs::write(path, format!("{before}{BEGIN}\n{figures}\n\n{END}{after}"))
}

/// A heading and a table.
fn table(title: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head: Vec<_> = columns.iter().map(|&column| column.to_owned()).collect();
    let rule = vec!["---".to_owned(); columns.len()];
    let lines: Vec<_> = [head, rule].iter().chain(rows).map(|cells| line(cells)).collect();
    format!("### {title}\n\n{}", lines.join("\n"))
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn micros(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}

/// Converts KiB to MiB.
#[expect(clippy::cast_precision_loss, reason = "no memory here is anywhere near 2^52 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
