//! `org members`, `org invite`, `org role`, `org remove` and `org leave`: the people of the organization.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use oauth2::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::list::{self, Envelope, encoded};
use super::session;
use crate::args::{InviteArgs, MembersArgs, RemoveArgs};
use crate::context::Context;
use crate::duration::remaining;
use crate::error::ErrorKind;
use crate::output::Icon;
use crate::session::Session;

const MEMBERS: &str = "/api/v1/members";
const INVITATIONS: &str = "/api/v1/invitations";

/// The fields of a member that are shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    id: String,
    name: String,
    email: String,
    role: String,
    joined_at: DateTime<Utc>,
    #[serde(default)]
    disabled_at: Option<DateTime<Utc>>,
    credentials: Credentials,
}

/// The numbers of a member's active credentials.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    sessions: u64,
    personal_tokens: u64,
    keys: u64,
}

/// What ended with a membership.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    sessions: u64,
    personal_tokens: u64,
    keys: u64,
    #[serde(default)]
    moved_keys: u64,
}

/// What became of an invited address.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invited {
    address: String,
    outcome: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    replaced: bool,
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

pub(super) async fn list(context: &Arc<Context>, args: &MembersArgs) -> Result<(), ErrorKind> {
    let session = session(context)?;
    let filters = [("q", args.search.as_deref()), ("role", args.role.as_deref())];
    let filters: Vec<(&str, &str)> =
        filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let documents = list::all(&session, MEMBERS, &filters).await?;
    if context.output.is_json() {
        return context.output.json(&Value::Array(documents));
    }
    if documents.is_empty() {
        context.output.tell("No members match.");
        return Ok(());
    }
    let heading = ["NAME", "ADDRESS", "ROLE", "JOINED", "SESSIONS", "TOKENS", "KEYS", "ID"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for document in &documents {
        let member: Member = list::read(&session, document).await?;
        let role =
            if member.disabled_at.is_some() { format!("{} (disabled)", member.role) } else { member.role };
        let Credentials { sessions, personal_tokens, keys } = member.credentials;
        rows.push(vec![
            member.name,
            member.email,
            role,
            format!("{} ago", remaining(context.now() - member.joined_at)),
            sessions.to_string(),
            personal_tokens.to_string(),
            keys.to_string(),
            member.id,
        ]);
    }
    context.output.table(&rows)
}

/// Prints one line for each link: the address, and the link that only its owner can use.
pub(super) async fn invite(context: &Arc<Context>, args: InviteArgs) -> Result<(), ErrorKind> {
    let session = session(context)?;
    let InviteArgs { addresses, role, note } = args;
    let asked = json!({ "addresses": addresses, "role": role, "note": note });
    let document = list::post(&session, INVITATIONS, &asked).await?;
    if context.output.is_json() {
        return context.output.json(&document);
    }
    let invited: Vec<Invited> = list::read(&session, &document).await?;
    let mut refused = false;
    for one in &invited {
        match (one.outcome.as_str(), &one.url) {
            ("invited", Some(url)) => {
                let until =
                    one.expires_at.map(|end| format!(", open for {}", remaining(end - context.now())));
                let earlier = if one.replaced { ". An earlier link no longer works" } else { "" };
                let until = until.unwrap_or_default();
                context.output.say(Icon::Good, &format!("Invited {} as {role}{until}{earlier}", one.address));
                context.output.data(&format!("{}  {url}", one.address))?;
            }
            ("already_member", _) => {
                context.output.say(Icon::Attention, &format!("{} is a member already", one.address));
            }
            _ => {
                refused = true;
                context.output.say(Icon::Bad, &format!("{} is not an email address", one.address));
            }
        }
    }
    if invited.iter().any(|one| one.url.is_some()) {
        context
            .output
            .tell("Send each link to its address. It is shown only once and works for that address only.");
    }
    if refused {
        return Err(ErrorKind::Usage {
            message: "Not every address could be invited".into(),
            hint: Some("Correct the addresses above and invite them again.".into()),
        });
    }
    Ok(())
}

pub(super) async fn set_role(context: &Arc<Context>, member: &str, role: &str) -> Result<(), ErrorKind> {
    let session = session(context)?;
    let found = find(&session, member).await?;
    let path = format!("{MEMBERS}/{}/role", encoded(&found.id));
    let document = list::post(&session, &path, &json!({ "role": role })).await?;
    if context.output.is_json() {
        return context.output.json(&document);
    }
    let changed: Member = list::read(&session, &document).await?;
    let text = if found.role == changed.role {
        format!("{} is {} already", changed.email, changed.role)
    } else {
        format!("{} is {} now, no longer {}", changed.email, changed.role, found.role)
    };
    context.output.say(Icon::Good, &text);
    Ok(())
}

pub(super) async fn remove(context: &Arc<Context>, args: RemoveArgs) -> Result<(), ErrorKind> {
    let RemoveArgs { member, move_keys_to, yes } = args;
    let session = session(context)?;
    let found = find(&session, &member).await?;
    let keys = match (&move_keys_to, found.credentials.keys) {
        (_, 0) => String::new(),
        (Some(account), keys) => format!(" {keys} API keys move to {account}."),
        (None, keys) => format!(" {keys} API keys end."),
    };
    let question = format!(
        "Remove {} ({})? {} sessions and {} personal tokens end.{keys}",
        found.name, found.email, found.credentials.sessions, found.credentials.personal_tokens
    );
    agreed(context, yes, question, "Nobody was removed").await?;
    let asked = match &move_keys_to {
        Some(account) => json!({ "keys": "move", "serviceAccount": account }),
        None => json!({ "keys": "end" }),
    };
    let document = list::post(&session, &format!("{MEMBERS}/{}/remove", encoded(&found.id)), &asked).await?;
    if context.output.is_json() {
        return context.output.json(&document);
    }
    let ended: Ended = list::read(&session, &document).await?;
    context.output.say(Icon::Good, &format!("Removed {}. {}", found.email, in_words(&ended)));
    Ok(())
}

pub(super) async fn leave(context: &Arc<Context>, yes: bool) -> Result<(), ErrorKind> {
    let session = session(context)?;
    let question = "Leave the organization? Your sessions, personal tokens and API keys in it end, this session included.";
    agreed(context, yes, question.to_owned(), "You are still a member").await?;
    let document = list::post(&session, &format!("{MEMBERS}/leave"), &json!({})).await?;
    if context.output.is_json() {
        return context.output.json(&document);
    }
    let ended: Ended = list::read(&session, &document).await?;
    context.output.say(Icon::Good, &format!("You left the organization. {}", in_words(&ended)));
    let login = context.brand().command("auth login");
    context.output.tell(&format!("Sign in for another organization with `{login}`."));
    Ok(())
}

/// Asks, unless `yes`. In a script, which cannot be asked, `--yes` is required.
async fn agreed(context: &Context, yes: bool, question: String, otherwise: &str) -> Result<(), ErrorKind> {
    if yes || context.confirm(question).await == Some(true) {
        return Ok(());
    }
    Err(ErrorKind::Usage {
        message: format!("{otherwise}: the question was not answered with yes"),
        hint: Some("In a script, add --yes.".into()),
    })
}

fn in_words(ended: &Ended) -> String {
    let moved =
        if ended.moved_keys == 0 { String::new() } else { format!(", moved {} keys", ended.moved_keys) };
    format!(
        "Ended {} sessions, {} personal tokens and {} API keys{moved}",
        ended.sessions, ended.personal_tokens, ended.keys
    )
}

/// The member with this ID or address.
async fn find(session: &Session, named: &str) -> Result<Member, ErrorKind> {
    if !named.contains('@') {
        let path = format!("{MEMBERS}/{}", encoded(named));
        let document = session.client().home(Method::GET, path).fetch_kind::<Envelope>().await?.data;
        return list::read(session, &document).await;
    }
    for document in list::all(session, MEMBERS, &[("q", named)]).await? {
        let member: Member = list::read(session, &document).await?;
        if member.email.eq_ignore_ascii_case(named) {
            return Ok(member);
        }
    }
    Err(ErrorKind::NotFound { message: format!("No member has the address {named}"), request_id: None })
}
