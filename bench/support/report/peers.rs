//! Other servers.

use super::{Report, mib, ms, table};
use crate::runs::peers::{PeerRow, Peered};
use crate::support::database::name;
use crate::support::measured::Measured;

pub(super) fn section(report: &Report) -> String {
    let limit = report.limits.all;
    let mut rows: Vec<_> = report.peers.iter().map(|peer| row(peer, limit)).collect();
    for reached in &report.engines {
        let (full, loaded) = (&reached.refresh.full, reached.refresh.loaded);
        rows.push(cells("Keystile", name(reached.engine), limit, full, loaded));
    }
    let columns = ["server", "database", "refreshes a second", "ratio", "p50", "p99", "most memory"];
    table("Peers", &columns, &rows)
}

fn row(peer: &PeerRow, limit: f64) -> Vec<String> {
    match &peer.outcome {
        Ok(Peered { variant, refresh, loaded }) => cells(&peer.name, variant, limit, refresh, *loaded),
        Err(reason) => {
            let mut cells = vec![peer.name.clone(), format!("not measured: {}", reason.replace('|', " "))];
            cells.resize(7, String::new());
            cells
        }
    }
}

fn cells(server: &str, database: &str, limit: f64, refresh: &Measured, loaded: u64) -> Vec<String> {
    vec![
        server.to_owned(),
        database.to_owned(),
        format!("{:.0}", refresh.per_second()),
        format!("{:.2}", refresh.per_second() / limit),
        ms(refresh.percentile(0.5)),
        ms(refresh.percentile(0.99)),
        format!("{:.0} MiB", mib(loaded)),
    ]
}
