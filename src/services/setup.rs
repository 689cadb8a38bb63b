//! The first owner and the first organization.
//!
//! Until somebody owns something, `/setup` is open to whoever has the code that the server printed. The code is made
//! from the master key and a nonce in the database, so every node prints the same one and nobody can read it there.

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
/// Letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Why the first owner was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Somebody has set this deployment up already.
    Done,
    WrongCode,
}

impl RefusalReason for Refused {}

/// Whether the deployment still waits for its first owner.
pub fn is_open(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(deployment_settings::find(conn, DONE)?.is_none() && !memberships::any(conn)?)
}

/// The code that opens `/setup`, while it is open. A code ends after a day; the next start prints another. Nodes that
/// start together print the same one.
pub fn code(work: &mut Work<'_>, master: &MasterKey) -> Result<Option<String>, StoreError> {
    if !is_open(work.conn)? {
        return Ok(None);
    }
    let fresh = IdKind::Request.new_id(work.entropy);
    deployment_settings::renew(work.conn, NONCE, &fresh, work.now, work.now - LIFETIME)?;
    // Another node's nonce, if it was faster: its transaction has committed, or `renew` would still wait for it.
    let nonce = deployment_settings::find(work.conn, NONCE)?.map_or(fresh, |(nonce, _)| nonce);
    Ok(Some(format_code(&master.mac(Purpose::SetupCode, &[nonce.as_bytes()]))))
}

/// Whether this is the code that was printed.
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

/// Makes the first owner and organization; happens once.
pub fn complete(
    work: &mut Work<'_>,
    master: &MasterKey,
    typed: &str,
    owner: NewUser,
    organization: &str,
    origin: &Origin,
) -> Result<(User, Organization), TxError<Refused>> {
    match (is_open(work.conn)?, is_setup_code(work.conn, master, typed, work.now)?) {
        (false, _) => Err(Refused::Done.into()),
        (true, false) => Err(Refused::WrongCode.into()),
        (true, true) => create_first_owner(work, owner, organization, origin),
    }
}

/// The same without a code, for whoever runs the server.
pub fn create_first_owner(
    work: &mut Work<'_>,
    owner: NewUser,
    organization: &str,
    origin: &Origin,
) -> Result<(User, Organization), TxError<Refused>> {
    // Whoever claims the fact is the first; on two nodes at the same moment, too.
    if !is_open(work.conn)? || !deployment_settings::claim(work.conn, DONE, "yes", work.now)? {
        return Err(Refused::Done.into());
    }
    let user = accounts::create_user(work, owner, &Actor::Operator, origin)?;
    let organization = accounts::create_organization(work, organization, &Actor::Operator, origin)?;
    accounts::add_member(work, &organization, &user, role::OWNER, &Actor::Operator, origin)?;
    Ok((user, organization))
}

/// 16 characters in four groups, 80 bits.
fn format_code(mac: &[u8; 32]) -> String {
    let letters: Vec<char> =
        mac[..16].iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

fn canonical(typed: &str) -> String {
    code_input::normalize(typed).collect()
}
