//! Values of an event that identify a person or were typed by a user. They lie beside the event, so that they can be
//! erased. The event holds a commitment to each, an HMAC under a salt that is erased with the value: without the salt,
//! the commitment says nothing about the value, not even whether it is a given one.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The address of the request.
pub const IP: &str = "ip";
pub const USER_AGENT: &str = "user_agent";

const DETAIL: &str = "details.";

/// The field of a detail.
pub fn detail_field(name: &str) -> String {
    format!("{DETAIL}{name}")
}

/// The name of the detail in a field, if it is one.
pub fn detail_name(field: &str) -> Option<&str> {
    field.strip_prefix(DETAIL)
}

pub const SALT: usize = 32;

/// A value that is not salted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalValue {
    pub field: String,
    /// The user whose erasure erases it.
    pub user_id: Option<String>,
    /// JSON.
    pub value: String,
}

impl PersonalValue {
    pub fn new(field: String, user_id: Option<&str>, text: &str) -> Self {
        Self { field, user_id: user_id.map(str::to_owned), value: Value::from(text).to_string() }
    }

    /// A salt of its own for each value: if one of an event is erased, the others reveal no salt of it.
    pub fn salted(self, salt: [u8; SALT]) -> SaltedValue {
        let Self { field, user_id, value } = self;
        SaltedValue { field, user_id, salt: salt.to_vec(), value }
    }
}

/// A value with its salt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaltedValue {
    pub field: String,
    pub user_id: Option<String>,
    pub salt: Vec<u8>,
    pub value: String,
}

impl SaltedValue {
    fn commitment(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.salt);
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, self.value.as_bytes()))
    }
}

/// Commitments by field, as the text that is hashed.
pub fn commitments(values: &[SaltedValue]) -> String {
    let by_field: BTreeMap<&str, String> =
        values.iter().map(|value| (value.field.as_str(), value.commitment())).collect();
    serde_json::to_string(&by_field).unwrap_or_default()
}

/// A value that does not match its commitment, or has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueChanged;

/// The fields of an event whose values are erased.
pub fn erased(commitments: &str, values: &[SaltedValue]) -> Result<Vec<String>, ValueChanged> {
    let mut committed = parse(commitments)?;
    for value in values {
        if committed.remove(&value.field).as_deref() != Some(value.commitment().as_str()) {
            return Err(ValueChanged);
        }
    }
    Ok(committed.into_keys().collect())
}

/// Fields that commitments name.
pub fn fields(commitments: &str) -> Vec<String> {
    parse(commitments).map(|committed| committed.into_keys().collect()).unwrap_or_default()
}

fn parse(commitments: &str) -> Result<BTreeMap<String, String>, ValueChanged> {
    serde_json::from_str(commitments).map_err(|_| ValueChanged)
}
