//! Other servers under the same load.

use std::error::Error;

use super::limits::Signed;
use crate::support::callers::{Refresher, TokenEndpoint};
use crate::support::database::Database;
use crate::support::load::Load;
use crate::support::peer::{Manifest, Peer, Variant};
use crate::support::plan::{CONNECTIONS, Plan, SESSIONS};

/// A peer with its results, or why it was not measured.
pub(crate) struct PeerRow {
    pub(crate) name: String,
    pub(crate) outcome: Result<Peered, String>,
}

/// Results of a peer.
pub(crate) struct Peered {
    pub(crate) variant: String,
    pub(crate) refresh: Signed,
    /// Peak resident memory of all its processes in KiB, without the database's.
    pub(crate) loaded: u64,
}

pub(crate) async fn measure(plan: &Plan, postgres: &Database) -> Result<Vec<PeerRow>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for manifest in Manifest::all()? {
        match manifest.version() {
            Ok(version) => {
                for variant in &manifest.variants {
                    eprintln!("{}: {}", manifest.name, variant.name);
                    let reached = refresh(plan, &manifest, variant, postgres).await?;
                    rows.push(PeerRow { name: format!("{} {version}", manifest.name), outcome: Ok(reached) });
                }
            }
            Err(reason) => rows.push(PeerRow { name: manifest.name, outcome: Err(reason) }),
        }
    }
    Ok(rows)
}

async fn refresh(
    plan: &Plan,
    manifest: &Manifest,
    variant: &Variant,
    postgres: &Database,
) -> Result<Peered, Box<dyn Error>> {
    let mut peer = Peer::start(manifest, variant, postgres, SESSIONS).await?;
    let endpoint = TokenEndpoint::new(peer.target.address, &manifest.path, &manifest.client_id);
    let tools = Refresher::share(&endpoint, std::mem::take(&mut peer.tokens), CONNECTIONS);
    let load = Load::full(plan.warm_up, plan.short);
    let (refresh, _) = Signed::drive(plan, load, peer.target, tools).await?;
    Ok(Peered { variant: variant.name.clone(), refresh, loaded: peer.target.process.peak()? })
}
