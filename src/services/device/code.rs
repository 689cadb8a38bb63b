//! The code that a device shows: made from the id of its request, so that the page can show it again although only its
//! MAC is stored.

use crate::domain::secret::Digest;
use crate::domain::user_code::UserCode;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{Conn, StoreError, device_requests as requests};

/// Ids that are drawn before something else must be wrong.
const MAX_ATTEMPTS: usize = 8;

/// The code of the request with this id; one id in many millions has none.
pub fn user_code(master: &MasterKey, id: &str) -> Option<UserCode> {
    UserCode::from_random(&master.mac(Purpose::UserCode, &[b"code", id.as_bytes()]))
}

/// What is stored of a code, and found by it.
pub(super) fn hash(master: &MasterKey, code: &UserCode) -> Digest {
    Digest::of_mac(master.mac(Purpose::UserCode, &[b"stored", code.letters().as_bytes()]))
}

/// Draws ids until one has a code that no other request has.
pub fn unused_id(
    conn: &mut Conn,
    master: &MasterKey,
    mut draw: impl FnMut() -> String,
) -> Result<(String, UserCode), StoreError> {
    for _ in 0..MAX_ATTEMPTS {
        let id = draw();
        if let Some(code) = user_code(master, &id)
            && !requests::has_user_code(conn, hash(master, &code))?
        {
            return Ok((id, code));
        }
    }
    Err(StoreError::Unavailable("no user code is free".into()))
}
