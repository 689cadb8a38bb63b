//! `keystiled org`: commands about existing organizations.

use clap::Subcommand;
use serde_json::{Value, json};

use super::confirmation::confirmed;
use super::people::{canonical, message_of, printable, refused, unknown_organization};
use super::{AdminError, Report};
use crate::domain::role;
use crate::services::{
    operator_roles, organization_deletion, organization_names, organization_rename, organization_state,
};
use crate::store::{Conn, Store, StoreError, TxError, memberships, organizations};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the organizations by slug
    List {
        /// The number of organizations to list
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
        /// Continue after this slug
        #[arg(long, value_name = "SLUG", default_value = "", hide_default_value = true)]
        after: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add owners of an organization
    #[command(subcommand)]
    Owner(Owner),
    /// Disable an organization: its pages and everything that acts in it are refused, and nothing is deleted
    Disable {
        /// The slug of the organization, as in its URLs
        slug: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the name or the short name of an organization; the old short name leads on for 90 days
    Rename {
        /// The slug of the organization, as in its URLs
        slug: String,
        /// The new name
        #[arg(long, required_unless_present = "new_slug")]
        name: Option<String>,
        /// The new short name in URLs
        #[arg(long = "slug", value_name = "SLUG")]
        new_slug: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete an organization: everything in it is refused at once, and removed after 30 days
    Delete {
        /// The slug of the organization, as in its URLs
        slug: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Restore a disabled organization, or a deleted one within 30 days; everything works again that has not ended
    Restore {
        /// The slug of the organization, as in its URLs
        slug: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Owner {
    /// Make an existing user an owner of an organization, as a new member if necessary
    Add {
        /// The slug of the organization, as in its URLs
        slug: String,
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(store: &Store, command: Command) -> Result<String, AdminError> {
    match command {
        Command::List { limit, after, json } => list(store, limit, after, json).await,
        Command::Owner(Owner::Add { slug, email, json }) => add_owner(store, slug, &email, json).await,
        Command::Disable { slug, json } => disable(store, slug, json).await,
        Command::Rename { slug, name, new_slug, json } => rename(store, slug, name, new_slug, json).await,
        Command::Delete { slug, yes, json } => delete(store, slug, yes, json).await,
        Command::Restore { slug, json } => restore(store, slug, json).await,
    }
}

async fn list(store: &Store, limit: i64, after: String, json: bool) -> Result<String, AdminError> {
    let read = move |conn: &mut Conn| {
        let mut listed = Vec::new();
        // One more than is shown, which says whether others follow.
        for organization in organizations::page(conn, &after, limit + 1)? {
            let members = memberships::count(conn, &organization.id)?;
            listed.push((organization, members));
        }
        Ok::<_, StoreError>(listed)
    };
    let mut listed = store.read(read).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = listed.len() > shown;
    listed.truncate(shown);
    let next = listed.last().filter(|_| more).map(|(organization, _)| organization.slug.clone());
    let mut lines: Vec<String> = listed
        .iter()
        .map(|(organization, members)| {
            let state = match (organization.deleted_at, organization.disabled_at) {
                (Some(_), _) => "  deleted",
                (None, Some(_)) => "  disabled",
                (None, None) => "",
            };
            format!("{}  {}  members: {members}{state}", organization.slug, printable(&organization.name))
        })
        .collect();
    if let Some(next) = &next {
        lines.push(format!("There are more. To list them, add --after {next}"));
    } else if lines.is_empty() {
        lines.push("There are no organizations.".to_owned());
    }
    let found: Value = listed
        .iter()
        .map(|(organization, members)| {
            json!({
                "id": organization.id,
                "slug": organization.slug,
                "name": organization.name,
                "members": members,
                "created_at": organization.created_at,
                "disabled_at": organization.disabled_at,
                "deleted_at": organization.deleted_at,
            })
        })
        .collect();
    Ok(Report { json: json!({ "organizations": found, "next": next }), text: lines.join("\n") }.render(json))
}

async fn add_owner(store: &Store, slug: String, email: &str, json: bool) -> Result<String, AdminError> {
    let address = canonical(email)?;
    let (target, named) = (address.clone(), slug.clone());
    let added = store.write_or_refuse(move |work| operator_roles::add_owner(work, &named, &target)).await;
    let before = added.map_err(|error| refused(error, &address, &slug))?;
    let text = match before.as_deref() {
        Some(role::OWNER) => format!("{address} is an owner of {slug} already."),
        Some(before) => format!("{address} is an owner of {slug}, and was {before}."),
        None => format!("{address} is a member and an owner of {slug}."),
    };
    let value = json!({ "email": address, "organization": slug, "before": before, "role": role::OWNER });
    Ok(Report { json: value, text }.render(json))
}

async fn disable(store: &Store, slug: String, json: bool) -> Result<String, AdminError> {
    let named = slug.clone();
    let disabled = store.write_or_refuse(move |work| organization_state::disable(work, &named)).await;
    let changed = disabled.map_err(|error| refused(error, "", &slug))?;
    let text = if changed {
        format!(
            "{slug} is disabled. Its pages and everything that acts in it are refused from the next request on. \
             Nothing is deleted: `keystiled org restore {slug}` brings it back."
        )
    } else {
        format!("{slug} is disabled already.")
    };
    Ok(Report { json: json!({ "organization": slug, "changed": changed }), text }.render(json))
}

async fn rename(
    store: &Store,
    slug: String,
    name: Option<String>,
    new_slug: Option<String>,
    json: bool,
) -> Result<String, AdminError> {
    let named = slug.clone();
    let renamed = store
        .write_or_refuse(move |work| {
            organization_rename::rename_by_operator(work, &named, name.as_deref(), new_slug.as_deref())
        })
        .await;
    let renamed = match renamed {
        Err(TxError::Store(StoreError::Conflict(_))) => {
            return Err(AdminError::Refused(message_of(organization_names::taken())));
        }
        renamed => renamed.map_err(|error| refused(error, "", &slug))?,
    };
    let mut text = format!("{slug} is named {}.", printable(&renamed.name));
    if renamed.slug != slug {
        text = format!(
            "{text} Its short name is {0}. Links with {slug} lead on for 90 days, and nobody else can take it for a \
             year. Commands take {0} from now on.",
            renamed.slug
        );
    }
    let value = json!({ "id": renamed.id, "slug": renamed.slug, "name": renamed.name, "before": slug });
    Ok(Report { json: value, text }.render(json))
}

async fn delete(store: &Store, slug: String, yes: bool, json: bool) -> Result<String, AdminError> {
    let (named, now) = (slug.clone(), store.now());
    let read = move |conn: &mut Conn| {
        let Some(found) = organizations::find_by_slug(conn, &named)? else { return Ok(None) };
        Ok::<_, StoreError>(Some((organization_deletion::ending(conn, &found.id, now)?, found)))
    };
    let (ending, organization) = store.read(read).await?.ok_or_else(|| unknown_organization(&slug))?;
    if !yes && organization.deleted_at.is_none() {
        let effect = format!(
            "Deleting {slug} ({}) ends the access of its members: {}. CLI sessions: {}, personal tokens: {}, API keys: \
             {}, service accounts: {}.",
            printable(&organization.name),
            ending.members,
            ending.sessions,
            ending.personal_tokens,
            ending.keys,
            ending.service_accounts
        );
        if !confirmed(&effect, "Delete it?", "To delete it without being asked")? {
            return Err(AdminError::Refused(format!("{slug} is not deleted.")));
        }
    }
    let named = slug.clone();
    let deleted =
        store.write_or_refuse(move |work| organization_deletion::delete_by_operator(work, &named)).await;
    let until = deleted.map_err(|error| refused(error, "", &slug))?;
    let text = match until {
        Some(until) => format!(
            "{slug} is deleted. Everything that acts in it is refused from the next request on. Until {until}, \
             `keystiled org restore {slug}` undoes it, except that CLI sessions have ended."
        ),
        None => format!("{slug} is deleted already."),
    };
    let value = json!({
        "organization": slug,
        "changed": until.is_some(),
        "undo_until": until,
        "members": ending.members,
        "sessions": ending.sessions,
        "personal_tokens": ending.personal_tokens,
        "keys": ending.keys,
        "service_accounts": ending.service_accounts,
    });
    Ok(Report { json: value, text }.render(json))
}

async fn restore(store: &Store, slug: String, json: bool) -> Result<String, AdminError> {
    let named = slug.clone();
    let restored = store.write_or_refuse(move |work| organization_state::restore(work, &named)).await;
    let restored = restored.map_err(|error| refused(error, "", &slug))?;
    let mut text = if restored.changed {
        format!("{slug} is restored. Everything works again that has not ended meanwhile.")
    } else {
        format!("{slug} is not disabled.")
    };
    if !restored.has_owner {
        text = format!(
            "{text}\nNone of its owners can sign in. Add one: `keystiled org owner add {slug} ADDRESS`."
        );
    }
    let value = json!({ "organization": slug, "changed": restored.changed, "has_owner": restored.has_owner });
    Ok(Report { json: value, text }.render(json))
}
