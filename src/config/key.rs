//! Keys of the configuration and the sections that they are in, as data.

use super::document::Value;

/// A `[section]` of the configuration file.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) keys: Vec<Key>,
    /// Its doc comment, line by line. `make docs` uses it.
    #[cfg(test)]
    pub(super) about: &'static [&'static str],
}

pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) default: Value,
    /// A variable that sets the key, besides `KEYSTILE_SECTION__KEY`.
    pub(super) short_name: Option<&'static str>,
    /// Its doc comment, line by line. `make docs` uses it.
    #[cfg(test)]
    pub(super) about: &'static [&'static str],
    /// The range of a number, in words. `make docs` uses it.
    #[cfg(test)]
    pub(super) range: Option<String>,
}
