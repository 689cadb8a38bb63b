//! `keystiled client update` and `keystiled client remove`

use chrono::TimeDelta;
use clap::Args;
use serde_json::json;

use super::client_fields::{
    checked_name, checked_scopes, checked_uris, copied_code_uri, line, to_json, unknown_client,
    with_copied_codes,
};
use super::confirmation::confirmed as asked;
use super::{AdminError, Report, duration};
use crate::config::Config;
use crate::domain::audit::{Actor, Origin};
use crate::domain::client::Client;
use crate::services::accounts;
use crate::services::client_update::{self, ClientUpdateRefusal};
use crate::store::{Conn, Store, StoreError, TxError, clients, credentials};

/// Limits of the lifetime of access tokens.
const MIN_ACCESS: TimeDelta = TimeDelta::minutes(1);
const MAX_ACCESS: TimeDelta = TimeDelta::days(30);

#[derive(Debug, Args)]
pub struct Update {
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// The name that users see on the consent page
    #[arg(long)]
    name: Option<String>,
    /// A redirect URI; may be repeated. These replace all that are registered, except for a native client the page that
    /// shows a code to copy
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// A scope that the client may request; may be repeated. These replace all that are registered
    #[arg(long = "scope", value_name = "SCOPE", conflicts_with = "all_scopes")]
    scopes: Vec<String>,
    /// Let the client request all scopes
    #[arg(long)]
    all_scopes: bool,
    /// The lifetime of its access tokens, from 1min to 30d
    #[arg(long = "access", value_name = "DURATION", conflicts_with = "default_access")]
    lifetime: Option<String>,
    /// Give its access tokens the lifetime that `tokens.access` sets
    #[arg(long)]
    default_access: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Remove {
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// Remove it without asking, as a script has to
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn update(store: &Store, config: &Config, update: Update) -> Result<String, AdminError> {
    let Update { id, name, redirect_uris, scopes, all_scopes, lifetime, default_access, json } = update;
    let name = name.as_deref().map(checked_name).transpose()?;
    let redirect_uris = if redirect_uris.is_empty() { None } else { Some(checked_uris(&redirect_uris)?) };
    let scopes = checked_scopes(config, scopes)?;
    let access = lifetime.map(|text| checked_access(config, &text)).transpose()?;
    let unchanged = name.is_none() && redirect_uris.is_none() && scopes.is_none() && access.is_none();
    if unchanged && !all_scopes && !default_access {
        return Err(AdminError::Refused(
            "Say what to change: --name, --redirect-uri, --scope, --all-scopes, --access or --default-access."
                .to_owned(),
        ));
    }
    let copied_code = copied_code_uri(config);
    let change = move |client: &mut Client| {
        if let Some(name) = name {
            client.name = name;
        }
        if let Some(redirect_uris) = redirect_uris {
            client.redirect_uris = with_copied_codes(redirect_uris, client.kind, &copied_code);
        }
        if scopes.is_some() || all_scopes {
            client.scopes = scopes;
        }
        if access.is_some() || default_access {
            client.access = access;
        }
    };
    let target = id.clone();
    let updated = store.write_or_refuse(move |work| client_update::update(work, &target, change)).await;
    let client = updated.map_err(|error| match error {
        TxError::Refused(ClientUpdateRefusal::NoSuchClient) => unknown_client(&id),
        TxError::Refused(ClientUpdateRefusal::CompanionUris) => AdminError::Refused(format!(
            "The redirect URIs of {id} follow the server. To choose them, register it again: `keystiled client remove \
             {id}`, then `keystiled client add --id {id}`."
        )),
        TxError::Store(error) => error.into(),
    })?;
    let text = format!(
        "Client {id} was changed. Sessions keep the permissions that they have. The new values:\n{}",
        line(&client)
    );
    Ok(Report { json: to_json(&client), text }.render(json))
}

fn checked_access(config: &Config, text: &str) -> Result<TimeDelta, AdminError> {
    let access = duration("--access", text, MAX_ACCESS)?;
    let least = MIN_ACCESS.max(config.tokens.refresh_grace + TimeDelta::seconds(1));
    if access >= least {
        return Ok(access);
    }
    Err(AdminError::Refused(format!(
        "--access {text} is too short: use at least 1min, and more than `tokens.refresh_grace`."
    )))
}

pub(super) async fn remove(store: &Store, remove: Remove) -> Result<String, AdminError> {
    let Remove { id, yes, json } = remove;
    let target = id.clone();
    let read = move |conn: &mut Conn| {
        let Some(client) = clients::find(conn, &target)? else { return Ok(None) };
        Ok::<_, StoreError>(Some((client.name, credentials::count_of_client(conn, &target)?)))
    };
    let (name, sessions) = store.read(read).await?.ok_or_else(|| unknown_client(&id))?;
    if !yes && !confirmed(&id, &name, sessions)? {
        return Err(AdminError::Refused(format!("Client {id} was not removed.")));
    }
    let target = id.clone();
    let removed =
        store.write(move |work| accounts::remove_client(work, &target, &Actor::Operator, &Origin::default()));
    let ended = removed.await?.ok_or_else(|| unknown_client(&id))?;
    let text = format!("Client {id} was removed; {ended} sessions ended.");
    Ok(Report { json: json!({ "client_id": id, "sessions_ended": ended }), text }.render(json))
}

/// Asks on the terminal. Without one, the command must be told with `--yes`.
fn confirmed(id: &str, name: &str, sessions: i64) -> Result<bool, AdminError> {
    // The name may hold control characters of an older release.
    let effect = format!("Removing client {id} ({name:?}) ends its sessions: {sessions}.");
    asked(&effect, "Remove it?", "To remove it without being asked")
}
