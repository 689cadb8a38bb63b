//! `keystiled client`

use chrono::TimeDelta;
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::client_changes;
use super::client_fields::{
    checked_name, checked_scopes, checked_uris, copied_code_uri, line, to_json, unknown_client,
    with_copied_codes,
};
use super::{AdminError, Report, duration};
use crate::config::Config;
use crate::domain::audit::{Actor, Origin};
use crate::domain::client::{Client, ClientKind, Grant};
use crate::domain::entropy::Entropy;
use crate::domain::id::IdKind;
use crate::domain::secret::Secret;
use crate::services::accounts;
use crate::services::client_secrets::{self, ClientSecretRefusal};
use crate::store::{Store, StoreError, TxError, clients};

/// Clients that are read at a time.
const PART: i64 = 500;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ClientKindArg {
    /// A program on the user's own machine; it has no secret
    Native,
    /// A program in a web page; it has no secret
    Browser,
    /// A program on a server; it has a secret
    Confidential,
}

impl From<ClientKindArg> for ClientKind {
    fn from(kind: ClientKindArg) -> Self {
        match kind {
            ClientKindArg::Native => Self::Native,
            ClientKindArg::Browser => Self::Browser,
            ClientKindArg::Confidential => Self::Confidential,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register a client; the id of a removed client can be registered again
    Add {
        /// The client id; generated if omitted
        #[arg(long)]
        id: Option<String>,
        /// The name that users see on the consent page
        #[arg(long)]
        name: String,
        #[arg(long, value_enum)]
        kind: ClientKindArg,
        /// A redirect URI; may be repeated. http is for loopback addresses, on any port. A native client also gets the page
        /// that shows a code to copy
        #[arg(long = "redirect-uri", value_name = "URI", required = true)]
        redirect_uris: Vec<String>,
        /// A scope that the client may request; may be repeated. All scopes if omitted
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// The command that starts a sign-in, such as `orbit login`
        #[arg(long, value_name = "COMMAND")]
        command: Option<String>,
        /// Allow device codes, for tools on machines without a browser
        #[arg(long)]
        device_codes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the clients
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a confidential client a new secret
    RotateSecret {
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Accept the old secret for this much longer, up to 30d; not at all if omitted
        #[arg(long, value_name = "DURATION")]
        keep_old: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Stop accepting the secret from before the last rotation
    EndOldSecret {
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the name, redirect URIs, scopes or access token lifetime of a client
    Update(client_changes::Update),
    /// Remove a client and end all of its sessions; `client add` can register its id again
    Remove(client_changes::Remove),
}

fn grants(device_codes: bool) -> Vec<Grant> {
    let usual = [Grant::AuthorizationCode, Grant::RefreshToken];
    usual.into_iter().chain(device_codes.then_some(Grant::DeviceCode)).collect()
}

pub(super) async fn run(store: &Store, config: &Config, command: Command) -> Result<String, AdminError> {
    match command {
        Command::Add { id, name, kind, redirect_uris, scopes, command, device_codes, json } => {
            let secret = matches!(kind, ClientKindArg::Confidential).then(|| Secret::random(Entropy));
            let client = Client {
                id: id.map_or_else(|| Ok(IdKind::Client.new_id(Entropy)), checked_id)?,
                name: checked_name(&name)?,
                kind: kind.into(),
                secret: secret.as_ref().map(Secret::digest),
                old_secret: None,
                redirect_uris: with_copied_codes(
                    checked_uris(&redirect_uris)?,
                    kind.into(),
                    &copied_code_uri(config),
                ),
                scopes: checked_scopes(config, scopes)?,
                grants: grants(device_codes),
                command,
                access: None,
                created_at: store.now(),
                disabled_at: None,
                version: 1,
            };
            add(store, client, secret, json).await
        }
        Command::List { json } => {
            let clients = all(store).await?;
            let lines: Vec<String> = clients.iter().map(line).collect();
            Ok(Report { json: clients.iter().map(to_json).collect(), text: lines.join("\n") }.render(json))
        }
        Command::RotateSecret { id, keep_old, json } => rotate_secret(store, id, keep_old, json).await,
        Command::EndOldSecret { id, json } => {
            let target = id.clone();
            let ended =
                store.write_or_refuse(move |work| client_secrets::end_old(work, &target, &Actor::Operator));
            let ended = ended.await.map_err(|error| no_secret(&id, error))?;
            let text = if ended {
                format!("The old secret of client {id} is no longer accepted.")
            } else {
                format!("Client {id} has no old secret that is still accepted.")
            };
            Ok(Report { json: json!({ "client_id": id, "ended": ended }), text }.render(json))
        }
        Command::Update(update) => client_changes::update(store, config, update).await,
        Command::Remove(remove) => client_changes::remove(store, remove).await,
    }
}

/// Every client, read in parts.
async fn all(store: &Store) -> Result<Vec<Client>, StoreError> {
    let mut all: Vec<Client> = Vec::new();
    loop {
        let after = all.last().map_or_else(String::new, |client| client.id.clone());
        let part = store.read(move |conn| clients::page(conn, &after, PART)).await?;
        if part.is_empty() {
            return Ok(all);
        }
        all.extend(part);
    }
}

async fn add(
    store: &Store,
    client: Client,
    secret: Option<Secret>,
    json: bool,
) -> Result<String, AdminError> {
    let id = client.id.clone();
    let mut value = to_json(&client);
    let mut text = format!("Client {id} was registered.");
    if let Some(secret) = secret {
        value["client_secret"] = secret.expose().into();
        text = format!("{text}\nIts secret, shown only now: {}", secret.expose());
    }
    let added =
        store.write(move |work| accounts::create_client(work, &client, &Actor::Operator, &Origin::default()));
    match added.await {
        Ok(()) => Ok(Report { json: value, text }.render(json)),
        Err(StoreError::Conflict(_)) => Err(AdminError::Refused(format!(
            "The id {id} is in use. Choose another, or end that client with `keystiled client remove {id}`."
        ))),
        Err(error) => Err(error.into()),
    }
}

async fn rotate_secret(
    store: &Store,
    id: String,
    keep_old: Option<String>,
    json: bool,
) -> Result<String, AdminError> {
    let keep_old = keep_old
        .map_or(Ok(TimeDelta::zero()), |text| duration("--keep-old", &text, client_secrets::MAX_OVERLAP))?;
    let secret = Secret::random(Entropy);
    let (target, digest) = (id.clone(), secret.digest());
    let old_ends_at = store
        .write_or_refuse(move |work| {
            client_secrets::rotate(work, &target, digest, keep_old, &Actor::Operator)
        })
        .await
        .map_err(|error| no_secret(&id, error))?;
    let old = match old_ends_at {
        Some(at) => {
            format!("The old secret is accepted until {at}; `keystiled client end-old-secret {id}` ends it.")
        }
        None => "The old secret is no longer accepted.".to_owned(),
    };
    Ok(Report {
        json: json!({ "client_id": id, "client_secret": secret.expose(), "old_secret_ends_at": old_ends_at }),
        text: format!("The new secret of client {id}, shown only now: {}\n{old}", secret.expose()),
    }
    .render(json))
}

fn no_secret(id: &str, error: TxError<ClientSecretRefusal>) -> AdminError {
    match error {
        TxError::Refused(ClientSecretRefusal::NoSuchClient) => unknown_client(id),
        TxError::Refused(ClientSecretRefusal::Public) => {
            AdminError::Refused(format!("Client {id} is public and has no secret."))
        }
        TxError::Store(error) => error.into(),
    }
}

/// Checks a client id. URLs are refused: they would be ids of client metadata documents.
fn checked_id(id: String) -> Result<String, AdminError> {
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if plain && (3..=64).contains(&id.len()) {
        return Ok(id);
    }
    Err(AdminError::Refused(format!(
        "{id} cannot be an id. Use 3 to 64 letters, digits, dots, dashes and underscores."
    )))
}
