//! Parses a TOML file into settings with line numbers.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, SettingOrigin, ValueError};

/// A value as written, not yet of the type of its setting.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    /// From an environment variable.
    Untyped(String),
    Integer(i64),
    Boolean(bool),
    Texts(Vec<String>),
    /// A type that no setting has; described for the error.
    Other(&'static str),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

impl<const N: usize> From<[&str; N]> for Value {
    fn from(texts: [&str; N]) -> Self {
        Self::Texts(texts.map(str::to_owned).into())
    }
}

/// A value and its origin.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: SettingOrigin,
}

/// An entry of a list, such as `[[scopes]]`.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) origin: SettingOrigin,
    pub(super) fields: BTreeMap<String, Setting>,
}

/// A flattened file: settings by `section.key`, and lists of tables.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) settings: BTreeMap<String, Setting>,
    pub(super) lists: BTreeMap<String, Vec<Entry>>,
}

impl Document {
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Vec<ConfigError>> {
        let lines = Lines { path, text };
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            Ok(flatten(&lines, table.get_ref()))
        } else {
            Err(config_errors(&lines, &errors))
        }
    }
}

/// Maps byte offsets to lines.
struct Lines<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Lines<'_> {
    fn origin(&self, byte: usize) -> SettingOrigin {
        let lines_before = self.text.match_indices('\n').take_while(|(at, _)| *at < byte).count();
        SettingOrigin::Line(self.path.to_owned(), 1 + lines_before)
    }

    fn setting(&self, value: &Spanned<DeValue<'_>>) -> Setting {
        Setting { value: read(value.get_ref()), origin: self.origin(value.span().start) }
    }
}

fn config_errors(lines: &Lines<'_>, errors: &[toml::de::Error]) -> Vec<ConfigError> {
    let config_error = |error: &toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let problem = format!("this is not TOML: {}", error.message().replace('\n', ", "));
        ConfigError::new(
            lines.origin(at),
            "",
            ValueError::new(problem, "Fix this line; see config/example.toml."),
        )
    };
    errors.iter().map(config_error).collect()
}

fn flatten(lines: &Lines<'_>, root: &DeTable<'_>) -> Document {
    let mut document = Document::default();
    for (name, value) in root {
        let name = name.get_ref();
        match value.get_ref() {
            DeValue::Table(section) => {
                for (key, value) in section {
                    document.settings.insert(format!("{name}.{}", key.get_ref()), lines.setting(value));
                }
            }
            DeValue::Array(items)
                if items.iter().all(|item| item.get_ref().is_table()) && !items.is_empty() =>
            {
                document
                    .lists
                    .insert(name.to_string(), items.iter().map(|item| entry(lines, item)).collect());
            }
            _ => {
                document.settings.insert(name.to_string(), lines.setting(value));
            }
        }
    }
    document
}

fn entry(lines: &Lines<'_>, item: &Spanned<DeValue<'_>>) -> Entry {
    let fields = item.get_ref().as_table().into_iter().flatten();
    Entry {
        origin: lines.origin(item.span().start),
        fields: fields.map(|(key, value)| (key.get_ref().to_string(), lines.setting(value))).collect(),
    }
}

fn read(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("too large a number"), Value::Integer),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .map_or(Value::Other("a list of something other than strings"), Value::Texts),
        DeValue::Table(_) => Value::Other("a table"),
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
    }
}
