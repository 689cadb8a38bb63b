//! Setup: the first owner and the first organization.
//!
//! Until there is an owner, `/setup` is open to the holder of the setup code that the server printed. The
//! code is derived from the master key and a nonce in the database, so every node prints the same code and it
//! cannot be read from the database.

use chrono::TimeDelta;

use crate::domain::audit::{Actor, Origin};
use crate::domain::code_input;
use crate::domain::id::IdKind;
use crate::domain::role;
use crate::domain::secret::equal;
use crate::domain::time::Time;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::organizations::Organization;
use crate::store::users::User;
use crate::store::{Conn, RefusalReason, StoreError, TxError, Work, deployment_settings, memberships};

use super::accounts::{self, NewUser};

const NONCE: &str = "setup_nonce";
const DONE: &str = "setup_done";
const LIFETIME: TimeDelta = TimeDelta::hours(24);
/// Letters and digits that are not easily confused.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Why setup was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupRefusal {
    /// The deployment is already set up.
    Done,
    WrongCode,
}

impl RefusalReason for SetupRefusal {}

/// Whether the deployment is not set up yet.
pub fn is_open(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(deployment_settings::find(conn, DONE)?.is_none() && !memberships::any(conn)?)
}

/// The setup code; `None` once set up. A code expires after a day, and the next start prints a new one. Nodes
/// that start together print the same one.
pub fn code(work: &mut Work<'_>, master: &MasterKey) -> Result<Option<String>, StoreError> {
    if !is_open(work.conn)? {
        return Ok(None);
    }
    let fresh = IdKind::Request.new_id(work.entropy);
    deployment_settings::renew(work.conn, NONCE, &fresh, work.now, work.now - LIFETIME)?;
    // Another node's nonce if it was faster: `renew` has waited for its transaction to commit.
    let nonce = deployment_settings::find(work.conn, NONCE)?.map_or(fresh, |(nonce, _)| nonce);
    Ok(Some(format_code(&master.mac(Purpose::SetupCode, &[nonce.as_bytes()]))))
}

/// Whether this is the current setup code.
pub fn is_setup_code(
    conn: &mut Conn,
    master: &MasterKey,
    typed: &str,
    now: Time,
) -> Result<bool, StoreError> {
    let nonce = deployment_settings::find(conn, NONCE)?.filter(|(_, at)| now - *at < LIFETIME);
    Ok(nonce.is_some_and(|(nonce, _)| {
        equal(
            &canonical(typed),
            &canonical(&format_code(&master.mac(Purpose::SetupCode, &[nonce.as_bytes()]))),
        )
    }))
}

/// Creates the first owner and organization, once.
pub fn complete(
    work: &mut Work<'_>,
    master: &MasterKey,
    typed: &str,
    owner: NewUser,
    organization: &str,
    origin: &Origin,
) -> Result<(User, Organization), TxError<SetupRefusal>> {
    match (is_open(work.conn)?, is_setup_code(work.conn, master, typed, work.now)?) {
        (false, _) => Err(SetupRefusal::Done.into()),
        (true, false) => Err(SetupRefusal::WrongCode.into()),
        (true, true) => create_first_owner(work, owner, organization, origin),
    }
}

/// [`complete`] without a setup code, for the operator.
pub fn create_first_owner(
    work: &mut Work<'_>,
    owner: NewUser,
    organization: &str,
    origin: &Origin,
) -> Result<(User, Organization), TxError<SetupRefusal>> {
    create_first_owner_of(work, owner, organization, None, origin)
}

/// [`create_first_owner`] with a short name for the organization, which has been checked. `None` takes a proposal.
pub fn create_first_owner_of(
    work: &mut Work<'_>,
    owner: NewUser,
    organization: &str,
    slug: Option<&str>,
    origin: &Origin,
) -> Result<(User, Organization), TxError<SetupRefusal>> {
    // Claiming the setting decides between two nodes at the same moment.
    if !is_open(work.conn)? || !deployment_settings::claim(work.conn, DONE, "yes", work.now)? {
        return Err(SetupRefusal::Done.into());
    }
    let user = accounts::create_user(work, owner, &Actor::Operator, origin)?;
    let actor = Actor::Operator;
    let organization = match slug {
        Some(slug) => accounts::insert_organization(work, organization, slug.to_owned(), &actor, origin)?,
        None => accounts::create_organization(work, organization, &actor, origin)?,
    };
    accounts::add_member(work, &organization, &user, role::OWNER, &Actor::Operator, origin)?;
    Ok((user, organization))
}

/// Formats a code: 16 characters in four groups, 80 bits.
fn format_code(mac: &[u8; 32]) -> String {
    let letters: Vec<char> =
        mac[..16].iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

fn canonical(typed: &str) -> String {
    code_input::normalize(typed).collect()
}
