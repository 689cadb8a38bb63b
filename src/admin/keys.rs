//! `keystiled keys`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{AdminError, Report};
use crate::config::Config;
use crate::domain::clock::Clock;
use crate::services::instance::{self, Instance};
use crate::services::signing_keys::{self, Revocation, Revoked, Rotation, RotationTiming};
use crate::store::signing_keys::SigningKey;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the signing keys
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the next key the active one, and retire the current one
    Rotate {
        /// Rotate even if the next key has not been published long enough to be in every cache
        #[arg(long)]
        now: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End keys at once: no node signs with them or accepts their tokens, and their private halves are deleted
    Revoke {
        /// The keys, as `keystiled keys list` names them; after `--` if one begins with a dash
        #[arg(value_name = "KID", required_unless_present = "all", conflicts_with = "all")]
        kids: Vec<String>,
        /// Revoke all keys, including the next and the retired ones
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, config: &Config) -> Result<String, AdminError> {
    match command {
        Command::List { json } => {
            let store = instance::open_database(config, Clock::System)?;
            let keys = store.read(signing_keys::list).await?;
            Ok(if json { keys.iter().map(to_json).collect::<Value>().to_string() } else { table(&keys) })
        }
        Command::Rotate { now, json } => {
            let Instance { store, master } = instance::open(config, Clock::System)?;
            let timing = if now { RotationTiming::Now } else { RotationTiming::OncePublished };
            match signing_keys::rotate(&store, &master, &config.keys, timing).await? {
                Rotation::Done { activated } if json => Ok(json!({ "active": activated }).to_string()),
                Rotation::Done { activated } => Ok(format!("Key {activated} signs now.")),
                Rotation::TooEarly { ready_at } => Err(AdminError::Refused(format!(
                    "The next key may not be in every cache before {ready_at}. To rotate anyway, add --now."
                ))),
                Rotation::NotDue | Rotation::NoNextKey => Err(AdminError::Refused(
                    "There is no next key to rotate to. If another node has just rotated, nothing is left to do."
                        .to_owned(),
                )),
            }
        }
        Command::Revoke { kids, all, json } => {
            let Instance { store, master } = instance::open(config, Clock::System)?;
            let which = if all { Revocation::All } else { Revocation::Named(kids) };
            match signing_keys::revoke(&store, &master, &config.keys, which).await? {
                Revoked::Done { revoked, active } => Ok(Report {
                    text: format!(
                        "Revoked: {}.\nKey {active} signs now. Every node follows within 5 seconds. APIs that verify \
                         tokens by themselves follow when they fetch the key set again, which caches keep for 5 minutes.",
                        revoked.join(", ")
                    ),
                    json: json!({ "revoked": revoked, "active": active }),
                }
                .render(json)),
                Revoked::Unknown(kid) => Err(AdminError::Refused(format!(
                    "There is no signing key {kid}. Nothing was revoked. `keystiled keys list` shows the keys there are."
                ))),
            }
        }
    }
}

fn to_json(key: &SigningKey) -> Value {
    json!({
        "kid": key.kid,
        "state": key.state.as_str(),
        "algorithm": key.algorithm,
        "created_at": key.created_at,
        "activated_at": key.activated_at,
        "retired_at": key.retired_at,
    })
}

fn table(keys: &[SigningKey]) -> String {
    if keys.is_empty() {
        return "There are no signing keys yet. The server creates them when it starts.".to_owned();
    }
    let line = |key: &SigningKey| {
        let since = key.retired_at.or(key.activated_at).unwrap_or(key.created_at);
        format!("{:<8}  since {since}  {}", key.state.as_str(), key.kid)
    };
    keys.iter().map(line).collect::<Vec<_>>().join("\n")
}
