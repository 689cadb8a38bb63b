//! User codes (RFC 8628). Derived from the request id, so that the page can show the code again although only
//! its MAC is stored.

use crate::domain::secret::Digest;
use crate::domain::user_code::UserCode;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{Conn, StoreError, device_requests as requests};

/// Attempts at a unique user code before giving up.
const MAX_ATTEMPTS: usize = 8;

/// The user code of a request id; `None` for one id in many millions.
pub fn user_code(master: &MasterKey, id: &str) -> Option<UserCode> {
    UserCode::from_random(&master.mac(Purpose::UserCode, &[b"code", id.as_bytes()]))
}

/// The stored MAC of a user code, by which requests are looked up.
pub(super) fn hash(master: &MasterKey, code: &UserCode) -> Digest {
    Digest::of_mac(master.mac(Purpose::UserCode, &[b"stored", code.letters().as_bytes()]))
}

/// Generates a request id whose user code is unique.
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
