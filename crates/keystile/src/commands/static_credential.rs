//! Lists, creates and revokes API keys and personal tokens.

use std::io::IsTerminal as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::list::{self, encoded};
use crate::context::Context;
use crate::duration::remaining;
use crate::error::ErrorKind;
use crate::output::{Icon, labeled};
use crate::secret::Secret;
use crate::session::Session;

/// A kind of credential: its path in the API and its names.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) path: &'static str,
    /// The member of the response that holds the secret of a new one.
    pub(super) secret: &'static str,
    pub(super) name: &'static str,
    pub(super) heading: &'static str,
    /// Whether the list names owners: the listed personal tokens are all the user's own.
    pub(super) names_owners: bool,
}

/// The fields that are shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StaticCredential {
    pub(super) id: String,
    name: String,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) unrestricted: bool,
    prefix: String,
    last_four: String,
    #[serde(default)]
    owner: Option<Owner>,
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    last_used_at: Option<DateTime<Utc>>,
    #[serde(default)]
    revoked_at: Option<DateTime<Utc>>,
    #[serde(default)]
    replaces: Option<Replaced>,
}

#[derive(Deserialize)]
struct Owner {
    name: String,
}

/// The key that a new key replaces.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replaced {
    id: String,
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

impl StaticCredential {
    fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }

    /// Prefix and last four characters.
    fn masked(&self) -> String {
        format!("{}…{}", self.prefix, self.last_four)
    }

    fn row(&self, now: DateTime<Utc>, names_owners: bool) -> Vec<String> {
        let used = self.last_used_at.map(|at| format!("{} ago", remaining(now - at)));
        let end = match (self.revoked_at, self.expires_at) {
            (Some(_), _) => "revoked".to_owned(),
            (None, Some(end)) if end <= now => "expired".to_owned(),
            (None, Some(end)) => format!("in {}", remaining(end - now)),
            (None, None) => "never".to_owned(),
        };
        let mut row = vec![self.id.clone(), self.name.clone(), self.masked()];
        if names_owners {
            row.push(self.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default());
        }
        row.extend([used.unwrap_or_else(|| "never".into()), end, self.scopes_text()]);
        row
    }

    /// The scopes as one text.
    fn scopes_text(&self) -> String {
        if self.unrestricted { "everything".into() } else { self.scopes.join(" ") }
    }
}

impl Kind {
    /// Prints those that are active, or all.
    pub(super) async fn list(
        self,
        context: &Context,
        session: &Session,
        ended: bool,
    ) -> Result<(), ErrorKind> {
        let documents = list::all(session, self.path, &[]).await?;
        if context.output.is_json() {
            return context.output.json(&Value::Array(documents));
        }
        let now = context.now();
        let owner = self.names_owners.then_some("OWNER");
        let heading = [self.heading, "NAME", "BEGINS"].into_iter().chain(owner);
        let heading = heading.chain(["LAST USED", "ENDS", "SCOPES"]);
        let mut rows = vec![heading.map(str::to_owned).collect::<Vec<_>>()];
        for document in &documents {
            let one: StaticCredential = list::read(session, document).await?;
            if ended || one.is_active(now) {
                rows.push(one.row(now, self.names_owners));
            }
        }
        if rows.len() == 1 {
            let more =
                if documents.is_empty() { "" } else { " Use --all to include revoked and expired ones." };
            context.output.tell(&format!("No {}s.{more}", self.name));
            return Ok(());
        }
        context.output.table(&rows)
    }

    /// Creates one and prints its secret, alone on standard output.
    pub(super) async fn issue(
        self,
        context: &Context,
        session: &Session,
        path: &str,
        asked: &Value,
    ) -> Result<(), ErrorKind> {
        let mut document = list::post(session, path, asked).await?;
        if context.output.is_json() {
            return context.output.json(&document);
        }
        // Taken out of the document, so that no error can quote it.
        let Some(Value::String(secret)) = document.get_mut(self.secret).map(Value::take) else {
            let what = format!("It created a {} but did not return it", self.name);
            return Err(ErrorKind::InvalidResponse { host: session.home().await?.host(), what });
        };
        let secret = Secret::new(secret);
        // The secret is printed even if other fields are missing.
        match StaticCredential::deserialize(&document) {
            Ok(one) => {
                context.output.say(Icon::Good, &format!("Created {} {}", self.name, one.id));
                for line in details(&one, context.now()) {
                    context.output.tell(&line);
                }
            }
            Err(_) => context.output.say(Icon::Good, &format!("Created a {}", self.name)),
        }
        if std::io::stdout().is_terminal() {
            context.output.tell_lines("\n  Copy it now. It is shown only once:\n");
        }
        context.output.raw(format!("{}\n", secret.expose()).as_bytes())
    }

    /// Revokes the one with this ID.
    pub(super) async fn revoke(
        self,
        context: &Context,
        session: &Session,
        id: &str,
    ) -> Result<(), ErrorKind> {
        let path = format!("{}/{}/revoke", self.path, encoded(id));
        let document = list::post(session, &path, &json!({})).await?;
        if context.output.is_json() {
            return context.output.json(&document);
        }
        let one: StaticCredential = list::read(session, &document).await?;
        context.output.say(Icon::Good, &format!("Revoked {} {} ({})", self.name, one.id, one.name));
        Ok(())
    }
}

fn details(one: &StaticCredential, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = vec![labeled("Name", &one.name)];
    lines.extend(one.owner.as_ref().map(|owner| labeled("Owner", &owner.name)));
    lines.extend(one.mode.as_ref().map(|mode| labeled("Mode", mode)));
    lines.push(labeled("Scopes", &one.scopes_text()));
    let end = one.expires_at.map_or_else(|| "never".into(), |end| format!("in {}", remaining(end - now)));
    lines.push(labeled("Ends", &end));
    lines.extend(one.replaces.as_ref().map(|old| {
        let left = old.expires_at.map(|end| end - now).filter(|left| *left > TimeDelta::zero());
        let until = left.map_or_else(
            || "which has ended".to_owned(),
            |left| format!("which works for another {}", remaining(left)),
        );
        labeled("Replaces", &format!("{}, {until}", old.id))
    }));
    lines
}

/// The time after this duration in the format of the API.
pub(super) fn expiry(context: &Context, span: std::time::Duration) -> Result<String, ErrorKind> {
    let span = TimeDelta::from_std(span).ok();
    let end = span.and_then(|span| context.now().checked_add_signed(span));
    end.map(|end| end.to_rfc3339_opts(SecondsFormat::Millis, true))
        .ok_or_else(|| ErrorKind::Usage { message: "That duration is too long".into(), hint: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &Value) -> StaticCredential {
        let mut document = json!({
            "id": "key_9", "name": "ci", "mode": "live", "scopes": ["deployments:read"], "unrestricted": false,
            "prefix": "acme_live_", "lastFour": "9f2c", "owner": { "kind": "user", "id": "usr_1", "name": "Ada" },
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(document).unwrap()
    }

    fn now() -> DateTime<Utc> {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_key_is_one_row() {
        let row = read(
            &json!({ "lastUsedAt": "2026-11-23T07:00:00.000Z", "expiresAt": "2026-11-25T08:00:00.000Z" }),
        );
        let expected = ["key_9", "ci", "acme_live_…9f2c", "Ada", "1h ago", "in 2d", "deployments:read"];
        assert_eq!(row.row(now(), true), expected);
    }

    #[test]
    fn a_revoked_or_expired_key_is_not_active() {
        assert!(read(&json!({})).is_active(now()));
        assert!(!read(&json!({ "revokedAt": "2026-11-23T07:00:00.000Z" })).is_active(now()));
        assert!(!read(&json!({ "expiresAt": "2026-11-23T08:00:00.000Z" })).is_active(now()));
    }

    #[test]
    fn the_details_of_a_rotation_say_how_long_the_old_key_works() {
        let new = read(&json!({ "replaces": { "id": "key_8", "expiresAt": "2026-11-23T09:00:00.000Z" } }));
        assert_eq!(details(&new, now()).last().unwrap(), "  Replaces      key_8, which works for another 1h");
        let new = read(&json!({ "replaces": { "id": "key_8", "expiresAt": "2026-11-23T08:00:00.000Z" } }));
        assert_eq!(details(&new, now()).last().unwrap(), "  Replaces      key_8, which has ended");
    }
}
