//! Another name or short name for an organization. Ids never change, so nothing else does.

use super::operator_refusal::OperatorRefusal;
use super::org_actor::OrgActor;
use super::organization_names;
use super::refusal::ServiceRefusal;
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::organization::{FORMER_KEPT, MAX_FORMER};
use crate::store::organizations::{self, Organization};
use crate::store::{TxError, Work, organization_names as names};

/// The names that an organization shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNames {
    pub name: String,
    pub slug: String,
}

/// Renames an organization, for an owner in a browser.
pub fn rename(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    new: &NewNames,
) -> Result<Organization, TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    actor.require_owner_in_browser()?;
    let event = actor.event(Action::OrganizationRenamed);
    change(work, actor.organization, new, event)
}

/// Renames an organization, for the operator. What is `None` stays.
pub fn rename_by_operator(
    work: &mut Work<'_>,
    slug: &str,
    name: Option<&str>,
    new_slug: Option<&str>,
) -> Result<Organization, TxError<OperatorRefusal>> {
    let named = organizations::find_by_slug(work.conn, slug)?.ok_or(OperatorRefusal::NoSuchOrganization)?;
    let organization =
        organizations::lock(work.conn, &named.id)?.ok_or(OperatorRefusal::NoSuchOrganization)?;
    let new = NewNames {
        name: name.unwrap_or(&organization.name).to_owned(),
        slug: new_slug.unwrap_or(&organization.slug).to_owned(),
    };
    let event = Event::new(Action::OrganizationRenamed, Actor::Operator, &Origin::default());
    let event = event.org(&organization.id);
    change(work, organization, &new, event).map_err(|error| error.map(OperatorRefusal::Names))
}

/// Changes what differs. The organization is locked.
fn change(
    work: &mut Work<'_>,
    organization: Organization,
    new: &NewNames,
    event: Event,
) -> Result<Organization, TxError<ServiceRefusal>> {
    let id = &organization.id;
    let name = organization_names::check_name(&new.name)?;
    let mut event = event.target(id);
    let renamed = name != organization.name;
    let moved = new.slug != organization.slug;
    if moved {
        organization_names::require_free(work.conn, Some(id), &new.slug, work.now)?;
        if names::count_former(work.conn, id, work.now - FORMER_KEPT)? >= MAX_FORMER {
            let message = format!("An organization can change its short name {MAX_FORMER} times a year.");
            return Err(ServiceRefusal::invalid("slug", message).into());
        }
    }
    if renamed {
        organizations::set_name(work.conn, id, &name)?;
        event = event.text_of(None, "before", Some(&organization.name)).text_of(None, "after", Some(&name));
    }
    if moved {
        names::change(work.conn, id, &organization.slug, &new.slug, work.now)?;
        event = event.text_of(None, "before_short_name", Some(&organization.slug)).text_of(
            None,
            "after_short_name",
            Some(&new.slug),
        );
    }
    if renamed || moved {
        work.record(event);
    }
    Ok(Organization { name, slug: new.slug.clone(), ..organization })
}
