//! `key`: API keys.

use std::sync::Arc;

use oauth2::http::Method;
use serde_json::{Map, Value, json};

use super::list::{self, Envelope, encoded};
use super::session;
use super::static_credential::{Kind, StaticCredential, expiry};
use crate::args::{KeyCommand, KeyCreateArgs, Lifetime, Mode, Overlap};
use crate::context::Context;
use crate::error::ErrorKind;
use crate::output::Icon;
use crate::scopes::Catalog;
use crate::session::Session;

const KEY: Kind =
    Kind { path: "/api/v1/keys", secret: "apiKey", name: "key", heading: "KEY", names_owners: true };

/// How often a question is asked before giving up.
const QUESTIONS: usize = 5;

pub(super) async fn run(context: &Arc<Context>, command: KeyCommand) -> Result<(), ErrorKind> {
    let session = session(context)?;
    match command {
        KeyCommand::List(args) => KEY.list(context, &session, args.all).await,
        KeyCommand::Create(args) => {
            let asked = asked(context, &session, args).await?;
            KEY.issue(context, &session, KEY.path, &asked).await
        }
        KeyCommand::Rotate { id, overlap } => {
            let path = format!("{}/{}/rotate", KEY.path, encoded(&id));
            KEY.issue(context, &session, &path, &json!({ "overlapSeconds": seconds(overlap) })).await
        }
        KeyCommand::Revoke { id } => KEY.revoke(context, &session, &id).await,
        KeyCommand::Scopes { id, scopes } => self::scopes(context, &session, &id, scopes).await,
    }
}

async fn asked(context: &Context, session: &Session, args: KeyCreateArgs) -> Result<Value, ErrorKind> {
    let mut asked = Map::new();
    asked.insert("name".into(), args.name.into());
    asked.insert(
        "mode".into(),
        match args.mode {
            Mode::Live => "live".into(),
            Mode::Test => "test".into(),
        },
    );
    let named = match args.scopes {
        scopes if !scopes.is_empty() => Some(Reach::Scopes(scopes)),
        _ if args.all_scopes => Some(Reach::Everything),
        _ => None,
    };
    if !context.interactive {
        must_be_named(named.is_some(), args.expires.is_some())?;
    }
    let reach = match named {
        Some(named) => named,
        None => ask_for_scopes(context, session).await?,
    };
    if let Reach::Scopes(scopes) = reach {
        asked.insert("scopes".into(), scopes.into());
    }
    let lifetime = match args.expires {
        Some(lifetime) => lifetime,
        None => ask_for_lifetime(context)?,
    };
    if let Lifetime::For(span) = lifetime {
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

/// What a new key may do.
enum Reach {
    Scopes(Vec<String>),
    /// All permissions of its owner.
    Everything,
}

/// A script cannot be asked, and an omission should not create a key that can do everything forever.
fn must_be_named(has_scopes: bool, has_end: bool) -> Result<(), ErrorKind> {
    let scopes = (!has_scopes).then_some("--scopes A,B (or --all-scopes)");
    let end = (!has_end).then_some("--expires 90d (or --expires never)");
    let missing: Vec<_> = [scopes, end].into_iter().flatten().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ErrorKind::Usage {
        message: "The scopes and the end of a new key must be named".into(),
        hint: Some(format!("Add {}.", missing.join(" and "))),
    })
}

async fn ask_for_scopes(context: &Context, session: &Session) -> Result<Reach, ErrorKind> {
    const QUESTION: &str = "Scopes, separated by commas (? = list them, all = everything that you may do):";
    for _ in 0..QUESTIONS {
        let Some(answer) = context.ui.prompt_line(QUESTION) else { break };
        match answer.as_str() {
            "all" => return Ok(Reach::Everything),
            "" => {}
            "?" => {
                let issuer = session.chosen.issuer();
                let catalog = Catalog::of(context, issuer, &context.metadata(issuer).await?).await?;
                for scope in &catalog.scopes {
                    context.output.tell(&format!("  {}  {}", scope.id, scope.label));
                }
            }
            scopes => {
                let separators = |character: char| character == ',' || character.is_whitespace();
                let named = scopes.split(separators).filter(|scope| !scope.is_empty());
                return Ok(Reach::Scopes(named.map(str::to_owned).collect()));
            }
        }
    }
    must_be_named(false, true).map(|()| Reach::Everything)
}

fn ask_for_lifetime(context: &Context) -> Result<Lifetime, ErrorKind> {
    for _ in 0..QUESTIONS {
        let Some(answer) = context.ui.prompt_line("Lifetime, for example 90d (never = no end):") else {
            break;
        };
        match Lifetime::parse(&answer) {
            Ok(lifetime) => return Ok(lifetime),
            Err(error) => context.output.say(Icon::Attention, &error.to_string()),
        }
    }
    must_be_named(true, false).map(|()| Lifetime::Endless)
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
        list::post(session, &format!("{path}/scopes"), &json!({ "scopes": scopes })).await?
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
