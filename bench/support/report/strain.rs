//! Results of overload and of the crash.

use super::{Report, mib, ms, table};
use crate::runs::engine::Reached;
use crate::support::database::name;

pub(super) fn section(report: &Report) -> String {
    let overload: Vec<_> = report.engines.iter().map(overload).collect();
    let columns = [
        "engine",
        "due per second",
        "answered with 200",
        "503 with Retry-After",
        "errors",
        "not sent",
        "p50 of 200s",
        "p99 of 200s",
        "peak memory",
        "p99 at half load recovered after",
    ];
    let overload = table("Overload", &columns, &overload);
    let crash: Vec<_> = report.engines.iter().map(crash).collect();
    let columns = ["engine", "responses received before it", "sessions honored after it", "lost"];
    format!("{overload}\n\n{}", table("kill -9 of the server under load", &columns, &crash))
}

fn overload(reached: &Reached) -> Vec<String> {
    let overload = &reached.overload;
    let counts = overload.crowd.counts;
    vec![
        name(reached.engine).to_owned(),
        format!("{:.0}", overload.offered),
        format!("{} ({:.0} per second)", counts.accepted, overload.crowd.per_second()),
        counts.refused.to_string(),
        counts.failed.to_string(),
        counts.skipped.to_string(),
        ms(overload.crowd.percentile(0.5)),
        ms(overload.crowd.percentile(0.99)),
        format!("{:.1} MiB", mib(overload.peak)),
        overload.recovery.map_or_else(|| "**never**".to_owned(), ms),
    ]
}

fn crash(reached: &Reached) -> Vec<String> {
    let crash = &reached.crash;
    // A lost session fails the run, so there is no column for it.
    vec![
        name(reached.engine).to_owned(),
        crash.answers.to_string(),
        crash.honored.to_string(),
        "0".to_owned(),
    ]
}
