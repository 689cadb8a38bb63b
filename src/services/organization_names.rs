//! The names of organizations: which short names are free, and proposals.

use super::refusal::ServiceRefusal;
use crate::domain::entropy::Entropy;
use crate::domain::organization::{self, FORMER_KEPT, FORMER_LEADS_ON};
use crate::domain::time::Time;
use crate::store::{Conn, StoreError, TxError, organization_names};

/// Maximum length of the name of a user, an organization or a client, in characters.
pub const MAX_NAME: usize = 100;

/// Numbers that a proposal tries before it takes a random ending.
const NUMBERS: u32 = 20;

/// A short name for an organization with this name that nobody has or had.
pub fn propose(conn: &mut Conn, name: &str, now: Time) -> Result<String, StoreError> {
    let base = organization::propose(name);
    if !is_taken(conn, &base, now)? {
        return Ok(base);
    }
    for number in 2..=NUMBERS {
        let numbered = organization::numbered(&base, &number.to_string());
        if !is_taken(conn, &numbered, now)? {
            return Ok(numbered);
        }
    }
    let ending = Entropy.bytes::<4>().map(|byte| format!("{byte:02x}")).concat();
    Ok(organization::numbered(&base, &ending))
}

/// Whether an organization has this short name, or had it within a year.
pub fn is_taken(conn: &mut Conn, slug: &str, now: Time) -> Result<bool, StoreError> {
    Ok(organization_names::holder(conn, slug, now - FORMER_KEPT)?.is_some())
}

/// The id of the organization to which a former short name still leads.
pub fn led_on(conn: &mut Conn, slug: &str, now: Time) -> Result<Option<String>, StoreError> {
    organization_names::led_on(conn, slug, now - FORMER_LEADS_ON)
}

/// Refuses a short name that is malformed, reserved, or another organization's than `org_id`, now or within a year. One that
/// has become free is released.
pub fn require_free(
    conn: &mut Conn,
    org_id: Option<&str>,
    slug: &str,
    now: Time,
) -> Result<(), TxError<ServiceRefusal>> {
    organization::check(slug).map_err(|unfit| ServiceRefusal::invalid("slug", unfit.to_string()))?;
    let holder = organization_names::holder(conn, slug, now - FORMER_KEPT)?;
    if holder.is_some_and(|holder| Some(holder.as_str()) != org_id) {
        return Err(taken().into());
    }
    organization_names::release(conn, slug, now - FORMER_KEPT)?;
    Ok(())
}

/// The short name is another organization's.
pub fn taken() -> ServiceRefusal {
    ServiceRefusal::invalid("slug", "This short name is taken. Choose another one.")
}

/// Checks the name of an organization.
pub fn check_name(name: &str) -> Result<String, ServiceRefusal> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        let message = format!("Enter a name: one line of at most {MAX_NAME} characters.");
        return Err(ServiceRefusal::invalid("name", message));
    }
    Ok(name.to_owned())
}
