//! Details in the hashed part of an event.

use serde_json::Value;

use crate::domain::time::Time;

/// A detail that identifies no person: it is hashed, so it can never be erased.
///
/// Numbers, times and words of the program convert into it. Other text does not, so that a name or an address cannot
/// get here by mistake: it is an id, a role or scopes, by a constructor that says so, or else a text of the event
/// ([`super::Event::text`]).
#[derive(Debug, Clone)]
pub struct Fact(Value);

impl Fact {
    pub fn id(id: &str) -> Self {
        Self(id.into())
    }

    /// A role of the configuration.
    pub fn role(id: &str) -> Self {
        Self(id.into())
    }

    /// Scopes of the catalog, as text.
    pub fn scopes(scopes: &str) -> Self {
        Self(scopes.into())
    }

    /// Words of the program, such as names of fields.
    pub fn words(words: &[&'static str]) -> Self {
        Self(words.join(", ").into())
    }

    /// A hash.
    pub fn hash(bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")).into())
    }

    pub(super) fn into_value(self) -> Value {
        self.0
    }
}

macro_rules! plain {
    ($($kind:ty),+) => {$(
        impl From<$kind> for Fact {
            fn from(value: $kind) -> Self {
                Self(value.into())
            }
        }
    )+};
}

plain!(bool, i64, u32, u64, usize, &'static str);

impl From<Time> for Fact {
    fn from(at: Time) -> Self {
        Self(at.iso().into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Fact {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self(Value::Null), Into::into)
    }
}
