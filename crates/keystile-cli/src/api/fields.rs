//! `-f NAME=VALUE`: a query or a JSON object without quoting.

use std::collections::BTreeMap;

use keystile::ErrorKind;
use serde_json::{Map, Value};

use super::usage;

/// A field of a request. Its value is text.
pub(super) struct Field {
    name: String,
    /// Whether the name ends with `[]`: a member of a list.
    is_list: bool,
    value: String,
}

impl Field {
    pub(super) fn parse(text: &str) -> Result<Self, ErrorKind> {
        let bad = || {
            usage(
                format!("`{text}` is not a field"),
                "Write NAME=VALUE, or NAME[]=VALUE for each value of a list.",
            )
        };
        let (name, value) = text.split_once('=').ok_or_else(bad)?;
        let (name, is_list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        if name.is_empty() {
            return Err(bad());
        }
        Ok(Self { name: name.to_owned(), is_list, value: value.to_owned() })
    }
}

/// The path with the fields in its query.
pub(super) fn in_query(path: &str, fields: &[Field]) -> String {
    let mut path = path.to_owned();
    for Field { name, value, .. } in fields {
        path = with_parameter(&path, name, value);
    }
    path
}

/// The path with one more parameter in its query.
pub(super) fn with_parameter(path: &str, name: &str, value: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{}={}", encoded(name), encoded(value))
}

/// Percent-encoded, except for the unreserved characters of RFC 3986.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The fields as one JSON object.
pub(super) fn as_json(fields: &[Field]) -> Result<Vec<u8>, ErrorKind> {
    let mut members: BTreeMap<&str, Value> = BTreeMap::new();
    for Field { name, is_list, value } in fields {
        match (members.get_mut(name.as_str()), is_list) {
            (Some(Value::Array(values)), true) => values.push(value.as_str().into()),
            (None, true) => drop(members.insert(name, Value::Array(vec![value.as_str().into()]))),
            (None, false) => drop(members.insert(name, value.as_str().into())),
            (Some(_), _) => {
                let hint = format!("Write {name}[]=VALUE for each value of a list.");
                return Err(usage(format!("The field {name} is there twice"), &hint));
            }
        }
    }
    let object: Map<String, Value> =
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Value::Object(object).to_string().into_bytes())
}
