//! Making an organization, by a user or the operator.

use chrono::TimeDelta;

use super::refusal::ServiceRefusal;
use super::{accounts, organization_names};
use crate::config::Config;
use crate::domain::audit::{Actor, Origin};
use crate::domain::organization::{CREATION_WINDOW, Creation, MAX_CREATED, MAX_CREATED_IN_WINDOW};
use crate::domain::role;
use crate::domain::time::Time;
use crate::store::organizations::{self, Organization};
use crate::store::users::{self, User};
use crate::store::{RefusalReason, TxError, Work};

/// Why no organization was made. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreationRefusal {
    /// The configuration does not let this actor make organizations, or the user is gone.
    NotAllowed,
    /// The user has [`MAX_CREATED`] already.
    TooMany,
    /// The user has made [`MAX_CREATED_IN_WINDOW`] within [`CREATION_WINDOW`].
    TooManyNow,
    /// A name that cannot be used.
    Field(ServiceRefusal),
}

impl RefusalReason for CreationRefusal {}

/// Whether users may make organizations.
pub fn users_may(config: &Config) -> bool {
    match config.organizations.creation {
        Creation::Users => true,
        Creation::Operators | Creation::Off => false,
    }
}

/// Whether the operator may.
pub fn operator_may(config: &Config) -> bool {
    match config.organizations.creation {
        Creation::Users | Creation::Operators => true,
        Creation::Off => false,
    }
}

/// Makes an organization, of which the user becomes the owner.
pub fn create(
    work: &mut Work<'_>,
    config: &Config,
    user_id: &str,
    name: &str,
    slug: &str,
    origin: &Origin,
) -> Result<Organization, TxError<CreationRefusal>> {
    if !users_may(config) {
        return Err(CreationRefusal::NotAllowed.into());
    }
    // Locked, so that of many at once none exceeds the limits.
    let user = users::lock(work.conn, user_id)?.filter(|user| user.disabled_at.is_none());
    let user = user.ok_or(CreationRefusal::NotAllowed)?;
    let made = |work: &mut Work<'_>, since: Time| organizations::count_of_creator(work.conn, user_id, since);
    if made(work, work.now - CREATION_WINDOW)? >= MAX_CREATED_IN_WINDOW {
        return Err(CreationRefusal::TooManyNow.into());
    }
    if made(work, Time::FIRST)? >= MAX_CREATED {
        return Err(CreationRefusal::TooMany.into());
    }
    let actor = Actor::User(user.id.clone());
    insert(work, &user, name, Some(slug), &actor, origin)
}

/// Makes an organization for a user who becomes the owner. `slug`: `None` takes a proposal.
pub fn create_by_operator(
    work: &mut Work<'_>,
    config: &Config,
    owner: &User,
    name: &str,
    slug: Option<&str>,
) -> Result<Organization, TxError<CreationRefusal>> {
    if !operator_may(config) {
        return Err(CreationRefusal::NotAllowed.into());
    }
    insert(work, owner, name, slug, &Actor::Operator, &Origin::default())
}

fn insert(
    work: &mut Work<'_>,
    owner: &User,
    name: &str,
    slug: Option<&str>,
    actor: &Actor,
    origin: &Origin,
) -> Result<Organization, TxError<CreationRefusal>> {
    let name = organization_names::check_name(name).map_err(CreationRefusal::Field)?;
    let slug = match slug {
        None => organization_names::propose(work.conn, &name, work.now)?,
        Some(slug) => {
            let free = organization_names::require_free(work.conn, None, slug, work.now);
            free.map_err(|error| error.map(CreationRefusal::Field))?;
            slug.to_owned()
        }
    };
    let organization = accounts::insert_organization(work, &name, slug, actor, origin)?;
    accounts::add_member(work, &organization, owner, role::OWNER, actor, origin)?;
    Ok(organization)
}

/// What a limit says, without the full stop at the end.
pub fn limit_words(refusal: &CreationRefusal) -> Option<String> {
    match refusal {
        CreationRefusal::TooMany => {
            Some(format!("You have made {MAX_CREATED} organizations. Delete one that is not used any more"))
        }
        CreationRefusal::TooManyNow => Some(format!(
            "You have made {MAX_CREATED_IN_WINDOW} organizations within {}. Try again later",
            in_words(CREATION_WINDOW)
        )),
        CreationRefusal::NotAllowed | CreationRefusal::Field(_) => None,
    }
}

fn in_words(window: TimeDelta) -> String {
    match window.num_hours() {
        1 => "an hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}
