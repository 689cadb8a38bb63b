//! Signing keys. Private keys are sealed under the master key.

use diesel::prelude::*;

use super::deployment_settings;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::signing_keys;
use crate::domain::signing::KeyState;
use crate::domain::time::Time;

/// Fact that is set once the first keys exist; also the lock for changes of keys.
pub const CREATED: &str = "signing_keys";

#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys)]
pub struct SigningKey {
    pub kid: String,
    pub state: KeyState,
    pub algorithm: String,
    pub public_jwk: String,
    pub private_sealed: Vec<u8>,
    pub created_at: Time,
    pub activated_at: Option<Time>,
    pub retired_at: Option<Time>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Every key, oldest first. There are few: a retired one is deleted when its last token has ended.
pub fn list(conn: &mut Conn) -> Result<Vec<SigningKey>, StoreError> {
    let keys = signing_keys::table.order((signing_keys::created_at, signing_keys::kid));
    Ok(keys.select(SigningKey::as_select()).load(conn)?)
}

/// Reads all keys and locks them until the end of the transaction. Locks a setting and not the rows of the keys, because a
/// statement that waited for a row lock does not see rows inserted during the wait.
pub fn lock(conn: &mut Conn) -> Result<Vec<SigningKey>, StoreError> {
    deployment_settings::lock(conn, CREATED)?;
    list(conn)
}

pub fn insert(conn: &mut Conn, key: &SigningKey) -> Result<(), StoreError> {
    diesel::insert_into(signing_keys::table).values(key).execute(conn)?;
    Ok(())
}

pub fn activate(conn: &mut Conn, kid: &str, at: Time) -> Result<(), StoreError> {
    diesel::update(signing_keys::table.find(kid))
        .set((signing_keys::state.eq(KeyState::Active), signing_keys::activated_at.eq(at)))
        .execute(conn)?;
    Ok(())
}

pub fn retire(conn: &mut Conn, kid: &str, at: Time) -> Result<(), StoreError> {
    diesel::update(signing_keys::table.find(kid))
        .set((signing_keys::state.eq(KeyState::Retired), signing_keys::retired_at.eq(at)))
        .execute(conn)?;
    Ok(())
}

pub fn delete(conn: &mut Conn, kid: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(signing_keys::table.find(kid)).execute(conn)? == 1)
}
