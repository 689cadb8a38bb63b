//! `keystiled audit`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Failure, Report};
use crate::store::{Store, audit};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check that no audit event was changed or taken away
    Verify {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(store: &Store, command: Command) -> Result<String, Failure> {
    let Command::Verify { json } = command;
    let verdicts = store
        .read(|conn| {
            let chains = audit::chains(conn)?;
            chains
                .into_iter()
                .map(|chain| Ok((audit::verify(conn, &chain)?, chain)))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    if let Some((Err(at), chain)) = verdicts.iter().find(|(verdict, _)| verdict.is_err()) {
        return Err(Failure::Refused(format!(
            "The chain of {chain} breaks at event {at}: that event, or one before it, was changed or taken away."
        )));
    }
    let text: Vec<String> = verdicts
        .iter()
        .map(|(verdict, chain)| format!("{chain}: {} events, none changed", verdict.unwrap_or_default()))
        .collect();
    let value: Value = verdicts
        .iter()
        .map(|(verdict, chain)| json!({ "chain": chain, "events": verdict.unwrap_or_default() }))
        .collect();
    Ok(Report { json: value, text: text.join("\n") }.shown(json))
}
