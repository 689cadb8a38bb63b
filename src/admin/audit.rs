//! `keystiled audit`

use clap::Subcommand;
use serde_json::{Value, json};

use super::audit_list::{self, List};
use super::{AdminError, Report};
use crate::domain::audit::INSTANCE_CHAIN;
use crate::domain::audit::chain::{ChainError, ChainFault, VerifiedChain};
use crate::store::{Store, audit, organizations};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List events, newest first: those of the server itself, such as sign-ins, or those of an organization
    List(List),
    /// Verify that no audit event was changed, moved or removed
    Verify {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the audit log of an organization to standard output, newest events first; also of a deleted one
    Export {
        /// The slug of the organization, or its id
        organization: String,
        /// The format of the events
        #[arg(long, value_parser = ["jsonl", "csv"], default_value = "jsonl")]
        format: String,
    },
}

/// Result of verifying one chain.
struct ChainResult {
    chain: String,
    /// Name of the organization, for people.
    name: String,
    verdict: Result<VerifiedChain, ChainError>,
}

pub(super) async fn run(store: &Store, command: Command) -> Result<String, AdminError> {
    let json = match command {
        Command::List(list) => return audit_list::run(store, list).await,
        Command::Verify { json } => json,
        Command::Export { organization, format } => {
            return super::audit_export::export(store, &organization, &format).await;
        }
    };
    let mut checked = Vec::new();
    let mut last = String::new();
    loop {
        let after = last.clone();
        let Some(chain) = store.read(move |conn| audit::next_chain(conn, &after)).await? else { break };
        last.clone_from(&chain);
        let read = store.read(move |conn| {
            let verdict = audit::verify(conn, &chain)?;
            let name = match organizations::find(conn, &chain)? {
                Some(organization) => organization.name,
                None if chain == INSTANCE_CHAIN => "the server itself".to_owned(),
                None => "no organization".to_owned(),
            };
            Ok(ChainResult { chain, name, verdict })
        });
        checked.push(read.await?);
    }
    let report = Report {
        json: json!({ "intact": checked.iter().all(ChainResult::is_intact), "chains": to_json(&checked) }),
        text: checked.iter().map(ChainResult::line).collect::<Vec<_>>().join("\n"),
    };
    let report = report.render(json);
    if checked.iter().all(ChainResult::is_intact) { Ok(report) } else { Err(AdminError::Found(report)) }
}

fn to_json(checked: &[ChainResult]) -> Value {
    let chain = |ChainResult { chain, name, verdict }: &ChainResult| match verdict {
        Ok(VerifiedChain { head, erased }) => json!({
            "chain": chain,
            "name": name,
            "events": head.sequence,
            "head": hexadecimal(&head.hash),
            "erased": erased,
        }),
        Err(broken) => json!({
            "chain": chain,
            "name": name,
            "broken_at": broken.sequence,
            "reason": reason(broken.fault),
        }),
    };
    checked.iter().map(chain).collect()
}

impl ChainResult {
    fn is_intact(&self) -> bool {
        self.verdict.is_ok()
    }

    fn line(&self) -> String {
        let Self { chain, name, verdict } = self;
        match verdict {
            Ok(VerifiedChain { head, erased }) => {
                let erased = match erased {
                    0 => String::new(),
                    count => format!(", erased values: {count}"),
                };
                let last = hexadecimal(&head.hash);
                format!("intact  {chain} ({name}): {} events, the last is {last}{erased}", head.sequence)
            }
            Err(ChainError { sequence, fault }) => {
                format!("BROKEN  {chain} ({name}): at event {sequence}, {}", reason(*fault))
            }
        }
    }
}

fn reason(fault: ChainFault) -> &'static str {
    match fault {
        ChainFault::Missing => "which is missing",
        ChainFault::Unlinked => "which does not follow the event before it: one of the two was changed",
        ChainFault::Changed => "which was changed",
        ChainFault::ValueChanged => "whose address, user agent or texts were changed",
        ChainFault::Unconfirmed => "whose values are outside of it, which no later event confirms",
        ChainFault::NotTheHead => "which is not the last recorded event",
        ChainFault::BehindTheHead => "which was added after the last recorded event",
    }
}

fn hexadecimal(hash: &[u8]) -> String {
    hash.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
