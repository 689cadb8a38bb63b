//! The figures as a table.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::load::{Measured, real};
use super::machine::Machine;

/// What one path of the server reached on one engine.
pub(crate) struct Row {
    pub(crate) path: &'static str,
    pub(crate) engine: &'static str,
    pub(crate) full: Measured,
    pub(crate) half: Measured,
    pub(crate) start: Duration,
    /// Processor time of the server under the full load, warm-up included.
    pub(crate) processor: Option<Duration>,
    /// Resident memory in MiB before the load.
    pub(crate) idle: Option<f64>,
    /// And after it.
    pub(crate) loaded: Option<f64>,
}

const BEGIN: &str = "<!-- figures of `make bench` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// The machine and the rows. `single` and `limit` are signatures per second on one thread and on all processors.
pub(crate) fn markdown(machine: &Machine, single: f64, limit: f64, rows: &[Row]) -> String {
    let Machine { at, processors, model, system, file_system, fsync, postgres, load } = machine;
    let mut text = format!(
        "Measured {at} on {model}, {processors} processors, {system}, {file_system} with {} per fsync of 4 KiB; {postgres}. Load average before the run: {load}.\n\n\
         RSA-2048 signatures per second, one at a time: {single:.0} on one thread, {limit:.0} on {processors}.\n\n\
         | path | engine | per second | ratio | p50 | p99 | p99 at half load | CPU each | start | memory idle / loaded |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        ms(*fsync)
    );
    for row in rows {
        let rate = row.full.per_second();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {rate:.0} | {:.2} | {} | {} | {} | {} | {} | {} / {} MiB |",
            row.path,
            row.engine,
            rate / limit,
            ms(row.full.percentile(0.5)),
            ms(row.full.percentile(0.99)),
            ms(row.half.percentile(0.99)),
            row.processor.map_or_else(|| "?".to_owned(), |time| each(time, row.full.answers)),
            ms(row.start),
            mib(row.idle),
            mib(row.loaded),
        );
    }
    text
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn each(time: Duration, count: usize) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0 / real(count.max(1)))
}

fn mib(size: Option<f64>) -> String {
    size.map_or_else(|| "?".to_owned(), |size| format!("{size:.0}"))
}

/// Puts the figures in their place in a document.
pub(crate) fn write(path: &Path, figures: &str) -> io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let place = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = place else {
        return Err(io::Error::other(format!("{} has no place for the figures", path.display())));
    };
    std::fs::write(path, format!("{before}{BEGIN}\n{figures}\n{END}{after}"))
}
