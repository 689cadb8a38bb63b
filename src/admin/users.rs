//! `keystiled user`: commands about existing users.

use clap::Subcommand;
use serde_json::{Value, json};

use super::erase;
use super::people::{canonical, check_role, printable, refused, unknown_organization, unknown_user};
use super::{AdminError, Report};
use crate::config::Config;
use crate::domain::audit::{Actor, Origin};
use crate::domain::time::Time;
use crate::services::{accounts, operator_roles, password_reset, user_state};
use crate::store::organizations::Organization;
use crate::store::own_sessions::{self, SessionOwner};
use crate::store::users::User;
use crate::store::{Conn, Store, StoreError, memberships, organizations, users, web_sessions};

/// Maximum number of organizations that are named for one user.
const MAX_ORGANIZATIONS: i64 = 200;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the users by address, with their organizations and roles
    List {
        /// Only members of this organization
        #[arg(long, value_name = "SLUG")]
        org: Option<String>,
        /// The number of users to list
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
        /// Continue after this address
        #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
        after: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a user: organizations, roles and where they are signed in
    Show {
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Disable a user: browsers are signed out, and tools, tokens and keys of theirs stop working
    Disable {
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Enable a disabled user; tools, tokens and keys that have not ended work again
    Enable {
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change the role of a user in an organization
    Role {
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// The slug of the organization, as in its URLs
        #[arg(long, value_name = "SLUG")]
        org: String,
        /// The new role
        role: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Erase a user: everything that identifies them is deleted, and the account ends. This cannot be undone
    Erase {
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a link with which a user sets a new password; it works once, for 15 minutes
    ResetLink {
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Sign a user out of every browser; CLI sessions continue
    SignOut {
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget all known devices of a user, for example after one was stolen
    ForgetDevices {
        /// The email address of the user
        #[arg(value_name = "ADDRESS")]
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(store: &Store, config: &Config, command: Command) -> Result<String, AdminError> {
    match command {
        Command::List { org, limit, after, json } => list(store, org, limit, after, json).await,
        Command::Show { email, json } => show(store, config, &email, json).await,
        Command::Disable { email, json } => disable(store, &email, json).await,
        Command::Enable { email, json } => enable(store, &email, json).await,
        Command::Role { email, org, role, json } => set_role(store, config, &email, org, role, json).await,
        Command::Erase { email, yes, json } => erase::run(store, &email, yes, json).await,
        Command::ResetLink { email, json } => reset_link(store, config, &email, json).await,
        Command::SignOut { email, json } => sign_out(store, &email, json).await,
        Command::ForgetDevices { email, json } => forget_devices(store, &email, json).await,
    }
}

async fn list(
    store: &Store,
    org: Option<String>,
    limit: i64,
    after: String,
    json: bool,
) -> Result<String, AdminError> {
    let slug = org.clone();
    let read = move |conn: &mut Conn| {
        let org_id = match slug {
            Some(slug) => match organizations::find_by_slug(conn, &slug)? {
                Some(organization) => Some(organization.id),
                None => return Ok(None),
            },
            None => None,
        };
        let mut listed = Vec::new();
        // One more than is shown, which says whether others follow.
        for user in users::page(conn, org_id.as_deref(), &after, limit + 1)? {
            let roles = memberships::all_of_user(conn, &user.id, MAX_ORGANIZATIONS)?;
            listed.push((user, roles));
        }
        Ok::<_, StoreError>(Some(listed))
    };
    let Some(mut listed) = store.read(read).await? else {
        return Err(unknown_organization(&org.unwrap_or_default()));
    };
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = listed.len() > shown;
    listed.truncate(shown);
    let next = listed.last().filter(|_| more).map(|(user, _)| user.email.clone());
    let mut lines: Vec<String> = listed.iter().map(|(user, roles)| line(user, roles)).collect();
    if let Some(next) = &next {
        lines.push(format!("There are more. To list them, add --after {next}"));
    } else if lines.is_empty() {
        lines.push("There are no users.".to_owned());
    }
    let users: Value = listed.iter().map(|(user, roles)| to_json(user, roles)).collect();
    Ok(Report { json: json!({ "users": users, "next": next }), text: lines.join("\n") }.render(json))
}

fn line(user: &User, roles: &[(Organization, String)]) -> String {
    let roles: Vec<String> =
        roles.iter().map(|(organization, role)| format!("{}:{role}", organization.slug)).collect();
    let disabled = if user.disabled_at.is_some() { "  disabled" } else { "" };
    let roles = if roles.is_empty() { "no organization".to_owned() } else { roles.join(",") };
    format!("{}  {}  {roles}{disabled}", user.email, printable(&user.name))
}

fn to_json(user: &User, roles: &[(Organization, String)]) -> Value {
    let organizations: Vec<Value> = roles
        .iter()
        .map(|(organization, role)| {
            json!({ "slug": organization.slug, "role": role, "disabled": organization.disabled_at.is_some() })
        })
        .collect();
    json!({
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "created_at": user.created_at,
        "disabled_at": user.disabled_at,
        "organizations": organizations,
    })
}

/// What `user show` prints.
struct Shown {
    user: User,
    roles: Vec<(Organization, String)>,
    /// Active CLI sessions in each of the organizations.
    sessions: Vec<i64>,
    browsers: i64,
}

async fn show(store: &Store, config: &Config, email: &str, json: bool) -> Result<String, AdminError> {
    let address = canonical(email)?;
    let (looked_up, now, idle) = (address.clone(), store.now(), config.sign_in.session_idle);
    let read = move |conn: &mut Conn| {
        let Some(user) = users::find_by_email(conn, &looked_up)? else { return Ok(None) };
        let roles = memberships::all_of_user(conn, &user.id, MAX_ORGANIZATIONS)?;
        let mut sessions = Vec::new();
        for (organization, _) in &roles {
            let owner = SessionOwner { org_id: &organization.id, user_id: &user.id };
            sessions.push(own_sessions::count_active(conn, owner, now)?);
        }
        let browsers = web_sessions::count_active(conn, &user.id, now, now - idle)?;
        Ok::<_, StoreError>(Some(Shown { user, roles, sessions, browsers }))
    };
    let shown = store.read(read).await?.ok_or_else(|| unknown_user(&address))?;
    let Shown { user, roles, sessions, browsers } = &shown;
    let mut value = to_json(user, roles);
    value["browsers"] = (*browsers).into();
    value["password_changed_at"] = json!(user.password_changed_at);
    for (at, count) in sessions.iter().enumerate() {
        value["organizations"][at]["sessions"] = (*count).into();
    }
    let day = |at: Option<Time>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let mut lines = vec![
        format!("{}  {}  {}", user.email, printable(&user.name), user.id),
        format!("  Created           {}", user.created_at),
        format!("  Password changed  {}", day(user.password_changed_at)),
        format!("  Browsers          {browsers}"),
    ];
    if let Some(at) = user.disabled_at {
        lines.push(format!("  Disabled          {at}"));
    }
    for ((organization, role), sessions) in roles.iter().zip(sessions) {
        let disabled = if organization.disabled_at.is_some() { ", disabled" } else { "" };
        lines.push(format!("  {}{disabled}: {role}, CLI sessions: {sessions}", organization.slug));
    }
    Ok(Report { json: value, text: lines.join("\n") }.render(json))
}

async fn disable(store: &Store, email: &str, json: bool) -> Result<String, AdminError> {
    let address = canonical(email)?;
    let target = address.clone();
    let disabled = store.write_or_refuse(move |work| user_state::disable(work, &target)).await;
    let browsers = disabled.map_err(|error| refused(error, &address, ""))?;
    let text = match browsers {
        None => format!("{address} is disabled already."),
        Some(browsers) => format!(
            "{address} is disabled. Browsers signed out: {browsers}. Tools, tokens and keys of theirs stop at their \
             next request."
        ),
    };
    let value = json!({ "email": address, "changed": browsers.is_some(), "browsers": browsers.unwrap_or(0) });
    Ok(Report { json: value, text }.render(json))
}

async fn enable(store: &Store, email: &str, json: bool) -> Result<String, AdminError> {
    let address = canonical(email)?;
    let target = address.clone();
    let enabled = store.write_or_refuse(move |work| user_state::enable(work, &target)).await;
    let changed = enabled.map_err(|error| refused(error, &address, ""))?;
    let text = if changed {
        format!("{address} is enabled. Tools, tokens and keys that have not ended work again.")
    } else {
        format!("{address} is not disabled.")
    };
    Ok(Report { json: json!({ "email": address, "changed": changed }), text }.render(json))
}

async fn set_role(
    store: &Store,
    config: &Config,
    email: &str,
    org: String,
    role: String,
    json: bool,
) -> Result<String, AdminError> {
    check_role(config, &role)?;
    let address = canonical(email)?;
    let (target, slug, given, settings) = (address.clone(), org.clone(), role.clone(), config.clone());
    let changed = store
        .write_or_refuse(move |work| operator_roles::set_role(work, &settings, &target, &slug, &given))
        .await;
    let before = changed.map_err(|error| refused(error, &address, &org))?;
    let text = if before == role {
        format!("{address} is {role} of {org} already.")
    } else {
        format!("{address} is {role} of {org}, and was {before}. It applies from the next request.")
    };
    let value = json!({ "email": address, "organization": org, "before": before, "role": role });
    Ok(Report { json: value, text }.render(json))
}

async fn reset_link(store: &Store, config: &Config, email: &str, json: bool) -> Result<String, AdminError> {
    let address = canonical(email)?;
    let target = address.clone();
    let made = store.write_or_refuse(move |work| password_reset::create_link(work, &target)).await;
    let link = made.map_err(|error| refused(error, &address, ""))?;
    let url = config.server.public_url.join(&format!("/reset/{}", link.token.expose()));
    let text = format!(
        "{url}\nWith this link, {address} sets a new password. It works once, until {}, and replaces any link before \
         it. Whoever has it can sign in as {address}: give it to nobody else.",
        link.ends_at
    );
    let value = json!({ "email": address, "url": url, "ends_at": link.ends_at });
    Ok(Report { json: value, text }.render(json))
}

async fn sign_out(store: &Store, email: &str, json: bool) -> Result<String, AdminError> {
    let address = canonical(email)?;
    let target = address.clone();
    let signed_out = store
        .write(move |work| accounts::sign_out_browsers(work, &target, &Actor::Operator, &Origin::default()));
    let browsers = signed_out.await?.ok_or_else(|| unknown_user(&address))?;
    let text = match browsers {
        1 => format!("{address} is signed out in 1 browser."),
        _ => format!("{address} is signed out in {browsers} browsers."),
    };
    Ok(Report { json: json!({ "email": address, "browsers": browsers }), text }.render(json))
}

async fn forget_devices(store: &Store, email: &str, json: bool) -> Result<String, AdminError> {
    let address = canonical(email)?;
    let looked_up = address.clone();
    let forgotten = store
        .write(move |work| accounts::forget_devices(work, &looked_up, &Actor::Operator, &Origin::default()))
        .await?;
    let user = forgotten.ok_or_else(|| unknown_user(&address))?;
    let text =
        format!("All known devices of {address} are forgotten. Browsers that are signed in stay signed in.");
    Ok(Report { json: json!({ "user": { "id": user.id, "email": user.email } }), text }.render(json))
}
