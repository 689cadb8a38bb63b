//! `key`: API keys.

use std::sync::Arc;

use oauth2::http::Method;
use serde_json::{Map, Value, json};

use super::list::{self, Envelope, encoded};
use super::session;
use super::static_credential::{Kind, StaticCredential, expiry};
use crate::args::{KeyCommand, KeyCreateArgs, Mode, Overlap};
use crate::context::Context;
use crate::error::ErrorKind;
use crate::output::Icon;
use crate::session::Session;

const KEY: Kind = Kind { path: "/api/v1/keys", secret: "apiKey", name: "key", heading: "KEY" };

pub(super) async fn run(context: &Arc<Context>, command: KeyCommand) -> Result<(), ErrorKind> {
    let session = session(context)?;
    match command {
        KeyCommand::List(args) => KEY.list(context, &session, args.all).await,
        KeyCommand::Create(args) => KEY.issue(context, &session, KEY.path, &asked(context, args)?).await,
        KeyCommand::Rotate { id, overlap } => {
            let path = format!("{}/{}/rotate", KEY.path, encoded(&id));
            KEY.issue(context, &session, &path, &json!({ "overlapSeconds": seconds(overlap) })).await
        }
        KeyCommand::Revoke { id } => KEY.revoke(context, &session, &id).await,
        KeyCommand::Scopes { id, scopes } => self::scopes(context, &session, &id, scopes).await,
    }
}

fn asked(context: &Context, args: KeyCreateArgs) -> Result<Value, ErrorKind> {
    let mut asked = Map::new();
    asked.insert("name".into(), args.name.into());
    asked.insert(
        "mode".into(),
        match args.mode {
            Mode::Live => "live".into(),
            Mode::Test => "test".into(),
        },
    );
    if !args.scopes.is_empty() {
        asked.insert("scopes".into(), args.scopes.into());
    }
    if let Some(span) = args.expires {
        asked.insert("expiresAt".into(), expiry(context, span)?.into());
    }
    if let Some(id) = args.service_account {
        asked.insert("serviceAccount".into(), id.into());
    }
    if !args.allowed_addresses.is_empty() {
        asked.insert("allowedAddresses".into(), args.allowed_addresses.into());
    }
    Ok(Value::Object(asked))
}

fn seconds(overlap: Overlap) -> u32 {
    match overlap {
        Overlap::None => 0,
        Overlap::Hour => 3_600,
        Overlap::Day => 86_400,
    }
}

/// Changes the scopes of a key, if there are new ones, and prints its scopes.
async fn scopes(
    context: &Context,
    session: &Session,
    id: &str,
    scopes: Vec<String>,
) -> Result<(), ErrorKind> {
    let path = format!("{}/{}", KEY.path, encoded(id));
    let is_change = !scopes.is_empty();
    let document = if is_change {
        KEY.post(session, &format!("{path}/scopes"), &json!({ "scopes": scopes })).await?
    } else {
        session.client().home(Method::GET, path).fetch_kind::<Envelope>().await?.data
    };
    if context.output.is_json() {
        return context.output.json(&document);
    }
    let key: StaticCredential = list::read(session, &document).await?;
    if is_change {
        context.output.say(Icon::Good, &format!("Changed the scopes of key {}", key.id));
    }
    if key.unrestricted {
        context.output.tell("It has all permissions of its owner.");
    }
    key.scopes.iter().try_for_each(|scope| context.output.data(scope))
}
