//! Other servers.

use super::{Report, mib, ms, table};
use crate::runs::peers::{PeerRow, Reached};

pub(super) fn section(report: &Report) -> String {
    let limit = report.limits.all;
    let mut rows: Vec<_> = report.peers.iter().map(|peer| row(peer, limit)).collect();
    for engine in &report.engines {
        let (full, loaded) = (&engine.refresh.full, engine.refresh.loaded);
        rows.push(cells("Keystile", engine.name, full.per_second(), limit, full, loaded));
    }
    let columns = ["server", "database", "refreshes a second", "ratio", "p50", "p99", "most memory"];
    table("Peers", &columns, &rows)
}

fn row(peer: &PeerRow, limit: f64) -> Vec<String> {
    match &peer.outcome {
        Ok(Reached { variant, refresh, loaded }) => {
            cells(&peer.name, variant, refresh.per_second(), limit, refresh, *loaded)
        }
        Err(reason) => {
            let mut cells = vec![peer.name.clone(), format!("not measured: {}", reason.replace('|', " "))];
            cells.resize(7, String::new());
            cells
        }
    }
}

fn cells(
    server: &str,
    database: &str,
    rate: f64,
    limit: f64,
    refresh: &crate::support::measured::Measured,
    loaded: u64,
) -> Vec<String> {
    vec![
        server.to_owned(),
        database.to_owned(),
        format!("{rate:.0}"),
        format!("{:.2}", rate / limit),
        ms(refresh.percentile(0.5)),
        ms(refresh.percentile(0.99)),
        format!("{:.0} MiB", mib(loaded)),
    ]
}
