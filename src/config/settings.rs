//! Merges the settings of all sources.

use std::collections::BTreeMap;
use std::path::Path;

use super::document::{Document, Entry, Setting, Value};
use super::env::Env;
use super::error::{ConfigError, ConfigErrors, SettingOrigin, ValueError};
use super::key::Section;
use super::values::Check;

/// Lists of tables, such as `[[roles]]`.
const LISTS: [&str; 5] = ["bundles", "rate_policies", "resources", "roles", "scopes"];
const PREFIX: &str = "KEYSTILE_";

/// All settings with their values from all sources, earliest source first, and the errors found so far.
pub(super) struct Settings {
    stacks: BTreeMap<String, Vec<Setting>>,
    /// Short environment variables and their keys.
    short_names: Vec<(&'static str, String)>,
    lists: BTreeMap<String, Vec<Vec<Entry>>>,
    errors: Vec<ConfigError>,
}

impl Settings {
    /// Starts from the defaults: those of the keys of `sections`, and `lists`, the text of config/default.toml. Settings
    /// that are not among these do not exist.
    pub(super) fn new(sections: &[Section], lists: &str) -> Self {
        let mut settings = Self {
            stacks: BTreeMap::new(),
            short_names: Vec::new(),
            lists: BTreeMap::new(),
            errors: Vec::new(),
        };
        for section in sections {
            for key in &section.keys {
                let name = format!("{}.{}", section.name, key.name);
                settings.short_names.extend(key.short_name.map(|short| (short, name.clone())));
                let default = Setting { value: key.default.clone(), origin: SettingOrigin::Default };
                settings.stacks.insert(name, vec![default]);
            }
        }
        let mut document = Document::parse(Path::new("config/default.toml"), lists).unwrap_or_default();
        for name in LISTS {
            settings.lists.insert(name.to_owned(), document.lists.remove(name).into_iter().collect());
        }
        settings
    }

    pub(super) fn add_file(&mut self, path: &Path) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let wrong = ValueError::new(
                    format!("the configuration file cannot be read: {error}"),
                    "Give --config the path of a file that this process may read.",
                );
                return self.errors.push(ConfigError::new(SettingOrigin::File(path.to_owned()), "", wrong));
            }
        };
        match Document::parse(path, &text) {
            Err(errors) => self.errors.extend(errors),
            Ok(document) => {
                for (key, setting) in document.settings {
                    self.put(&key, setting);
                }
                for (name, entries) in document.lists {
                    self.put_list(&name, entries);
                }
            }
        }
    }

    pub(super) fn add_env(&mut self, env: &Env) {
        for (name, value) in env.iter() {
            let short = self.short_names.iter().find(|(short, _)| *short == name).map(|(_, key)| key.clone());
            let Some(key) = short.or_else(|| long_name(name)) else { continue };
            let origin = SettingOrigin::Variable(name.to_owned());
            if let Some((other, _)) = self.short_names.iter().find(|(short, of)| *of == key && *short != name)
                && env.get(other).is_some()
            {
                let wrong = ValueError::new(format!("is also set as {other}"), "Keep one of the two.");
                self.errors.push(ConfigError::new(origin.clone(), &key, wrong));
            }
            self.put(&key, Setting { value: Value::Untyped(value.to_owned()), origin });
        }
    }

    fn put(&mut self, key: &str, setting: Setting) {
        if let Some(stack) = self.stacks.get_mut(key) {
            stack.push(setting);
        } else {
            let wrong = self.unknown(key);
            self.errors.push(ConfigError::new(setting.origin, key, wrong));
        }
    }

    fn put_list(&mut self, name: &str, entries: Vec<Entry>) {
        if let Some(layers) = self.lists.get_mut(name) {
            layers.push(entries);
        } else if let Some(first) = entries.into_iter().next() {
            let wrong = self.unknown(name);
            self.errors.push(ConfigError::new(first.origin, name, wrong));
        }
    }

    fn unknown(&self, key: &str) -> ValueError {
        let section = key.split('.').next().unwrap_or(key);
        if self.lists.contains_key(section) {
            let remedy = format!("Write each one as [[{section}]] in the configuration file.");
            return ValueError::new("is a list", remedy);
        }
        let known: Vec<(&str, &str)> = self.stacks.keys().filter_map(|known| known.split_once('.')).collect();
        let (what, mut names): (_, Vec<&str>) = if known.iter().any(|(other, _)| *other == section) {
            let siblings = known.iter().filter(|(other, _)| *other == section);
            ("is not a setting", siblings.map(|(_, name)| *name).collect())
        } else {
            ("is not a section", known.iter().map(|(other, _)| *other).collect())
        };
        names.dedup();
        ValueError::new(what, format!("Remove it, or use one of {}.", names.join(", ")))
    }

    /// The value of the last source that `check` accepts. Each rejected value is recorded as an error, and reading
    /// continues with the source before it, so that one run reports all errors.
    pub(super) fn read<T>(&mut self, key: &str, check: &impl Check<T>) -> T {
        for setting in self.stacks[key].iter().rev() {
            match check.parse(&setting.value) {
                Ok(value) => return value,
                Err(wrong) => self.errors.push(ConfigError::new(setting.origin.clone(), key, wrong)),
            }
        }
        unreachable!("the default of {key} is invalid")
    }

    /// The lists of all sources that have one, earliest source first.
    pub(super) fn list(&self, name: &str) -> Vec<Vec<Entry>> {
        self.lists.get(name).cloned().unwrap_or_default()
    }

    /// Records an error in the effective value.
    pub(super) fn refuse(&mut self, key: &str, wrong: ValueError) {
        let origin = self.stacks[key].last().map(|setting| setting.origin.clone());
        self.errors.extend(origin.map(|origin| ConfigError::new(origin, key, wrong)));
    }

    pub(super) fn add_error(&mut self, error: ConfigError) {
        self.errors.push(error);
    }

    pub(super) fn finish(self) -> Result<(), ConfigErrors> {
        ConfigErrors::none(self.errors)
    }
}

/// `KEYSTILE_TOKENS__ACCESS` means `tokens.access`.
fn long_name(variable: &str) -> Option<String> {
    let (section, key) = variable.strip_prefix(PREFIX)?.split_once("__")?;
    Some(format!("{}.{}", section.to_lowercase(), key.to_lowercase()))
}
