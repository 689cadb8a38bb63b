//! `keystiled init`, `keystiled user` and `keystiled org`

use std::io::{self, Read as _};

use clap::{Args, Subcommand};
use serde_json::json;

use super::people::{canonical, check_role, message_of};
use super::{AdminError, Report, organizations as existing_organizations, users as existing_users};
use crate::config::Config;
use crate::domain::audit::{Actor, Origin};
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::secret::Secret;
use crate::domain::{organization, password, role};
use crate::keys::password as hashing;
use crate::services::accounts::{self, NewUser};
use crate::services::organization_creation::{self, CreationRefusal};
use crate::services::{instance, organization_names, setup};
use crate::store::{Store, StoreError, TxError, organizations, users};

/// Maximum number of bytes of standard input that are read for a password.
const MAX_INPUT: u64 = 4096;

#[derive(Debug, Args)]
pub struct Init {
    /// The name of the first organization
    #[arg(long, value_name = "NAME")]
    org: String,
    /// The short name of the organization in URLs; if omitted, one is made of its name
    #[arg(long)]
    slug: Option<String>,
    /// The email address of the first owner, who signs in with it
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// The name of the first owner; if omitted, the part of the address before the @
    #[arg(long)]
    name: Option<String>,
    /// Read the password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Add a user, or add an existing user to another organization
    Add {
        /// The email address that the user signs in with
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// The name of the user; if omitted, the part of the address before the @
        #[arg(long)]
        name: Option<String>,
        /// The slug of the organization, as in its URLs
        #[arg(long, value_name = "SLUG")]
        org: String,
        /// The role of the user in the organization
        #[arg(long, default_value = role::MEMBER)]
        role: String,
        /// Read the password from standard input; required for a new user
        #[arg(long)]
        password_stdin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    #[command(flatten)]
    Existing(existing_users::Command),
}

#[derive(Debug, Subcommand)]
pub enum Org {
    /// Add an organization
    Add {
        #[arg(long)]
        name: String,
        /// The email address of its first owner, who must be an existing user
        #[arg(long, value_name = "ADDRESS")]
        owner: String,
        /// The short name in URLs; if omitted, one is made of the name
        #[arg(long)]
        slug: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    #[command(flatten)]
    Existing(existing_organizations::Command),
}

/// Creates the first owner and organization. Refused once set up.
pub(super) async fn init(config: &Config, init: Init) -> Result<String, AdminError> {
    let organization = checked_name(&init.org, "--org")?;
    if let Some(slug) = &init.slug {
        organization::check(slug).map_err(|unfit| AdminError::Refused(format!("--slug {slug}: {unfit}")))?;
    }
    let owner = new_user(config, &init.email, init.name, &organization)?;
    let address = owner.email.clone();
    // Opened after all checks, so that an `init` with refused arguments creates nothing.
    let store = instance::open_or_create_database(config, Clock::System)?;
    let slug = init.slug;
    let made = store.write_or_refuse(move |work| {
        setup::create_first_owner_of(work, owner, &organization, slug.as_deref(), &Origin::default())
    });
    let Ok((user, organization)) = TxError::settle(made.await)? else {
        let text = "This deployment already has its first owner. Add users with `keystiled user add`.";
        return Err(AdminError::Refused(text.to_owned()));
    };
    let json = json!({
        "user": { "id": user.id, "email": user.email },
        "organization": { "id": organization.id, "slug": organization.slug, "name": organization.name },
    });
    let text =
        format!("{address} owns {} ({}), in {}.", organization.name, organization.slug, config.database.url);
    Ok(Report { json, text }.render(init.json))
}

pub(super) async fn user(store: &Store, config: &Config, command: User) -> Result<String, AdminError> {
    let (email, name, org, role, password_stdin, json) = match command {
        User::Add { email, name, org, role, password_stdin, json } => {
            (email, name, org, role, password_stdin, json)
        }
        User::Existing(command) => return existing_users::run(store, config, command).await,
    };
    check_role(config, &role)?;
    let address = canonical(&email)?;
    let looked_up = address.clone();
    let known = store.read(move |conn| users::find_by_email(conn, &looked_up)).await?;
    let new = match (&known, password_stdin) {
        (None, true) => Some(new_user(config, &email, name, &org)?),
        (None, false) => {
            let text =
                format!("{address} is a new user: use --password-stdin, with a password on standard input.");
            return Err(AdminError::Refused(text));
        }
        (Some(_), true) => {
            return Err(AdminError::Refused(format!(
                "{address} already exists and has a password; omit --password-stdin."
            )));
        }
        (Some(_), false) => None,
    };
    let (slug, given) = (org.clone(), role.clone());
    let added = store.write(move |work| {
        let (actor, origin) = (Actor::Operator, Origin::default());
        let Some(organization) = organizations::find_by_slug(work.conn, &slug)? else { return Ok(None) };
        let user = match (known, new) {
            (Some(user), _) => user,
            (None, Some(new)) => accounts::create_user(work, new, &actor, &origin)?,
            (None, None) => return Ok(None),
        };
        accounts::add_member(work, &organization, &user, &given, &actor, &origin)?;
        Ok(Some(user))
    });
    match added.await {
        Ok(Some(user)) => {
            let json_value =
                json!({ "user": { "id": user.id, "email": user.email }, "organization": org, "role": role });
            let text = format!("{address} is {role} of {org}.");
            Ok(Report { json: json_value, text }.render(json))
        }
        Ok(None) => Err(AdminError::Refused(format!(
            "There is no organization {org}. Add it with `keystiled org add`."
        ))),
        Err(StoreError::Conflict(_)) => {
            Err(AdminError::Refused(format!("{address} is a member of {org} already.")))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn org(store: &Store, config: &Config, command: Org) -> Result<String, AdminError> {
    let (name, owner, slug, json) = match command {
        Org::Add { name, owner, slug, json } => (name, owner, slug, json),
        Org::Existing(command) => return existing_organizations::run(store, command).await,
    };
    let address = canonical(&owner)?;
    let (settings, wanted) = (config.clone(), slug.clone());
    let added = store.write_or_refuse(move |work| {
        let Some(user) = users::find_by_email(work.conn, &address)? else { return Ok(None) };
        organization_creation::create_by_operator(work, &settings, &user, &name, wanted.as_deref()).map(Some)
    });
    let organization = match TxError::settle(added.await) {
        Ok(Ok(Some(organization))) => organization,
        Ok(Ok(None)) => {
            return Err(AdminError::Refused(format!(
                "There is no user with the address {owner}. Add one with `keystiled user add`."
            )));
        }
        Ok(Err(CreationRefusal::Field(refusal))) => return Err(AdminError::Refused(message_of(refusal))),
        Ok(Err(CreationRefusal::NotAllowed | CreationRefusal::TooMany | CreationRefusal::TooManyNow)) => {
            let text = "The configuration allows no more organizations: organizations.creation is \"off\".";
            return Err(AdminError::Refused(text.to_owned()));
        }
        Err(StoreError::Conflict(_)) => {
            return Err(AdminError::Refused(message_of(organization_names::taken())));
        }
        Err(error) => return Err(error.into()),
    };
    let value = json!({ "id": organization.id, "slug": organization.slug, "name": organization.name });
    let text = format!("Organization {} ({}) is owned by {owner}.", organization.name, organization.slug);
    Ok(Report { json: value, text }.render(json))
}

fn new_user(
    config: &Config,
    typed: &str,
    name: Option<String>,
    organization: &str,
) -> Result<NewUser, AdminError> {
    let email = canonical(typed)?;
    let name = match name {
        Some(name) => checked_name(&name, "--name")?,
        None => email.split('@').next().unwrap_or_default().to_owned(),
    };
    let secret = password_from_stdin()?;
    let context = [email.as_str(), name.as_str(), organization, config.brand.name.as_str()];
    password::check_new(secret.expose(), config.sign_in.password_min, &context)
        .map_err(|unfit| AdminError::Refused(unfit.to_string()))?;
    Ok(NewUser { password_hash: hashing::hash(&secret, Entropy), email, name })
}

fn checked_name(name: &str, option: &str) -> Result<String, AdminError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > accounts::MAX_NAME {
        return Err(AdminError::Refused(format!(
            "{option} needs a name of 1 to {} characters.",
            accounts::MAX_NAME
        )));
    }
    Ok(name.to_owned())
}

/// Reads standard input up to the first line break.
fn password_from_stdin() -> Result<Secret, AdminError> {
    let mut text = String::new();
    io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text).map_err(|error| {
        AdminError::Refused(format!("The password cannot be read from standard input: {error}."))
    })?;
    let text = Secret::new(text);
    Ok(Secret::new(text.expose().split(['\r', '\n']).next().unwrap_or_default()))
}
