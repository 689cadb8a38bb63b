//! `config.toml`, the settings file. It holds no secrets.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item, Table, value};

use super::base_url::BaseUrl;
use super::credentials::CredentialBackend;
use super::error::ErrorKind;
use super::files::{self, FileLock};
use super::login_method::LoginMethod;
use super::paths::Paths;
use super::profile::ProfileName;

/// Limit of the file.
const LIMIT: u64 = 1024 * 1024;
/// Limit of the wait for another process that changes the file. A change takes milliseconds.
const CHANGE_WAIT: Duration = Duration::from_secs(5);
/// The newest version of the format that this version knows.
const NEWEST: u32 = 1;

/// The contents of `config.toml`. Settings that only a newer version knows are ignored.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Config {
    /// The profile in use by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) active_profile: Option<ProfileName>,
    /// Settings for all profiles.
    pub(crate) defaults: Defaults,
    /// Settings by profile.
    pub(crate) profiles: BTreeMap<ProfileName, ProfileConfig>,
}

/// The version of the format, which is read first.
#[derive(Deserialize)]
struct Format {
    version: Option<u32>,
}

/// Settings for all profiles.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Defaults {
    /// The default sign-in method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) login_method: Option<LoginMethod>,
    /// Where refresh tokens and keys are stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<CredentialBackend>,
}

/// Settings of one profile.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ProfileConfig {
    /// The authorization server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<BaseUrl>,
    /// The API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_base: Option<BaseUrl>,
    /// The organization to request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) org: Option<String>,
}

impl Config {
    /// Reads the file. A missing file counts as empty.
    pub(crate) fn load(path: &Path) -> Result<Self, ErrorKind> {
        let text = ConfigFile::open(path)?.document.to_string();
        let format: Format =
            toml_edit::de::from_str(&text).map_err(|error| bad(path, error.to_string().trim()))?;
        if let Some(version) = format.version.filter(|version| *version > NEWEST) {
            return Err(bad(
                path,
                &format!("Its format is version {version}, which is newer than this program."),
            ));
        }
        toml_edit::de::from_str(&text).map_err(|error| bad(path, error.to_string().trim()))
    }

    /// The settings of a profile.
    pub(crate) fn profile(&self, name: &ProfileName) -> ProfileConfig {
        self.profiles.get(name).cloned().unwrap_or_default()
    }
}

/// `config.toml` for editing: comments and layout are kept.
pub(crate) struct ConfigFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ConfigFile {
    /// Reads the file. A missing file counts as empty.
    pub(crate) fn open(path: &Path) -> Result<Self, ErrorKind> {
        let text = match files::read_regular(path, LIMIT) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| bad(path, "it is not UTF-8"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(bad(path, &error.to_string())),
        };
        let document =
            text.parse().map_err(|error: toml_edit::TomlError| bad(path, error.to_string().trim()))?;
        Ok(Self { path: path.to_owned(), document })
    }

    /// Changes the file while no other process does, and writes it if anything differs. Nothing is written if the change
    /// fails.
    pub(crate) fn edit<T>(
        paths: &Paths,
        change: impl FnOnce(&mut Self) -> Result<T, ErrorKind>,
    ) -> Result<T, ErrorKind> {
        let path = paths.config()?;
        let _lock = change_lock(paths)?;
        let mut file = Self::open(path)?;
        let before = file.text();
        let done = change(&mut file)?;
        if file.text() != before {
            files::write_private(path, file.text().as_bytes()).map_err(|error| unwritable(path, &error))?;
        }
        Ok(done)
    }

    /// Checks that [`edit`](Self::edit) can make a change, before something that cannot be undone.
    pub(crate) fn probe(
        paths: &Paths,
        change: impl FnOnce(&mut Self) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let path = paths.config()?;
        change(&mut Self::open(path)?)?;
        files::try_to_grow(path, 0).map_err(|error| unwritable(path, &error))
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        self.document.to_string()
    }

    /// The value of a setting by its dotted name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let item = name.split('.').try_fold(self.document.as_item(), |item, part| item.get(part))?;
        match item {
            Item::Value(toml_edit::Value::String(text)) => Some(text.value().clone()),
            Item::Value(other) => Some(other.clone().decorated("", "").to_string()),
            Item::None | Item::Table(_) | Item::ArrayOfTables(_) => None,
        }
    }

    /// Changes a setting. Nothing is changed if the value is invalid.
    pub(crate) fn set(&mut self, name: &str, text: &str) -> Result<(), ErrorKind> {
        let mut changed = self.editable();
        let (parents, last) = split(name);
        let mut table = changed.as_table_mut();
        for part in parents {
            let item = table.entry(part).or_insert_with(|| {
                let mut table = Table::new();
                table.set_implicit(true);
                Item::Table(table)
            });
            table =
                item.as_table_mut().ok_or_else(|| bad(&self.path, &format!("`{part}` is not a table")))?;
        }
        table[last] = value(text);
        self.accept(name, changed)
    }

    /// Removes a setting, and returns whether it was set.
    pub(crate) fn unset(&mut self, name: &str) -> Result<bool, ErrorKind> {
        let mut changed = self.document.clone();
        let (parents, last) = split(name);
        let mut table = Some(changed.as_table_mut());
        for part in parents {
            table = table.and_then(|table| table.get_mut(part)).and_then(Item::as_table_mut);
        }
        let existed = table.is_some_and(|table| table.remove(last).is_some());
        self.accept(name, changed)?;
        Ok(existed)
    }

    /// Adds an empty section for a profile, and returns whether there was none.
    pub(crate) fn add_profile(&mut self, name: &ProfileName) -> Result<bool, ErrorKind> {
        let mut changed = self.editable();
        let profiles = Self::profiles(&mut changed);
        let is_new = profiles.is_some_and(|profiles| {
            let is_new = !profiles.contains_key(name.as_str());
            profiles.entry(name.as_str()).or_insert_with(toml_edit::table);
            is_new
        });
        self.accept(name.as_str(), changed)?;
        Ok(is_new)
    }

    /// Renames the section of a profile, and changes `active_profile` accordingly.
    pub(crate) fn rename_profile(&mut self, from: &ProfileName, to: &ProfileName) -> Result<(), ErrorKind> {
        let mut changed = self.document.clone();
        if let Some(profiles) = Self::profiles(&mut changed)
            && let Some(settings) = profiles.remove(from.as_str())
        {
            profiles.insert(to.as_str(), settings);
        }
        if self.get("active_profile").unwrap_or_else(|| ProfileName::default().into()) == from.as_str() {
            changed["active_profile"] = value(to.as_str());
        }
        self.accept(from.as_str(), changed)
    }

    /// Removes the section of a profile and its name from `active_profile`. Returns whether there was a section.
    pub(crate) fn remove_profile(&mut self, name: &ProfileName) -> Result<bool, ErrorKind> {
        let mut changed = self.document.clone();
        let removed = Self::profiles(&mut changed).and_then(|profiles| profiles.remove(name.as_str()));
        if self.get("active_profile").as_deref() == Some(name.as_str()) {
            changed.remove("active_profile");
        }
        self.accept(name.as_str(), changed)?;
        Ok(removed.is_some())
    }

    /// A copy to edit. A new file gets a version.
    fn editable(&self) -> DocumentMut {
        let mut document = self.document.clone();
        if document.as_table().is_empty() {
            document["version"] = value(1);
        }
        document
    }

    fn profiles(document: &mut DocumentMut) -> Option<&mut Table> {
        let item = document.entry("profiles").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        item.as_table_mut()
    }

    fn accept(&mut self, name: &str, changed: DocumentMut) -> Result<(), ErrorKind> {
        toml_edit::de::from_str::<Config>(&changed.to_string()).map_err(|error| ErrorKind::Usage {
            message: format!("{name}: {}", error.message()),
            hint: None,
        })?;
        self.document = changed;
        Ok(())
    }
}

fn split(name: &str) -> (Vec<&str>, &str) {
    let mut parts: Vec<&str> = name.split('.').collect();
    let last = parts.pop().unwrap_or(name);
    (parts, last)
}

/// The lock for changes of the settings; `None` where no session can be stored, and so no lock either.
fn change_lock(paths: &Paths) -> Result<Option<FileLock>, ErrorKind> {
    if paths.check().is_err() {
        return Ok(None);
    }
    // Not the lock of any profile, because profile names do not begin with a dot.
    let path = paths.locks().join(".config.lock");
    match FileLock::acquire(&path, CHANGE_WAIT) {
        Ok(Some(lock)) => Ok(Some(lock)),
        Ok(None) => Err(ErrorKind::LockBusy { path, after: CHANGE_WAIT }),
        Err(_) => Ok(None),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> ErrorKind {
    ErrorKind::LocalFailure { what: format!("write {}", path.display()), cause: error.to_string() }
}

fn bad(path: &Path, message: &str) -> ErrorKind {
    ErrorKind::InvalidConfig { path: path.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::env::Environment;
    use crate::testing::{TempFolder, brand};

    fn paths(folder: &TempFolder) -> Paths {
        let home = folder.path().to_str().unwrap();
        Paths::find(&brand(), &Environment::from([("ACME_HOME", home)]))
    }

    #[test]
    fn comments_survive_a_change() {
        let folder = TempFolder::new();
        let path = folder.path().join("config.toml");
        fs::write(&path, "# mine\nversion = 1\n\n[profiles.work] # the job\norg = \"analytical\"\n").unwrap();
        ConfigFile::edit(&paths(&folder), |file| file.set("profiles.work.issuer", "https://auth.acme.dev"))
            .unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\n") && text.contains("# the job"), "{text}");
        let work = ProfileName::parse("work").unwrap();
        assert_eq!(
            Config::load(&path).unwrap().profile(&work).issuer.unwrap().as_str(),
            "https://auth.acme.dev"
        );
    }

    #[test]
    fn changes_at_once_are_all_kept() {
        let folder = TempFolder::new();
        let paths = paths(&folder);
        std::thread::scope(|scope| {
            for n in 0..16 {
                let paths = &paths;
                scope.spawn(move || {
                    ConfigFile::edit(paths, |file| file.set(&format!("profiles.p{n}.org"), "analytical"))
                        .unwrap();
                });
            }
        });
        assert_eq!(Config::load(paths.config().unwrap()).unwrap().profiles.len(), 16);
    }

    #[test]
    fn a_change_that_fails_writes_nothing() {
        let folder = TempFolder::new();
        let paths = paths(&folder);
        let refused = ConfigFile::edit(&paths, |file| {
            file.set("profiles.work.org", "analytical")?;
            file.set("profiles.work.issuer", "not an address")
        });
        assert!(refused.is_err() && !paths.config().unwrap().exists());
    }

    #[test]
    fn an_invalid_value_is_refused() {
        let folder = TempFolder::new();
        let mut file = ConfigFile::open(&folder.path().join("config.toml")).unwrap();
        assert!(file.set("defaults.login_method", "pigeon").is_err());
        assert!(file.set("profiles.work.issuer", "not an address").is_err());
        assert!(file.set("active_profile", "../x").is_err());
        assert_eq!(file.get("defaults.login_method"), None);
    }

    #[test]
    fn a_profile_is_added_renamed_and_removed() {
        let folder = TempFolder::new();
        let mut file = ConfigFile::open(&folder.path().join("config.toml")).unwrap();
        let (work, job) = (ProfileName::parse("work").unwrap(), ProfileName::parse("job").unwrap());
        assert!(file.add_profile(&work).unwrap());
        assert!(!file.add_profile(&work).unwrap());
        file.set("profiles.work.org", "analytical").unwrap();
        file.set("active_profile", "work").unwrap();
        file.rename_profile(&work, &job).unwrap();
        assert_eq!(file.get("profiles.job.org").as_deref(), Some("analytical"));
        assert_eq!(file.get("active_profile").as_deref(), Some("job"));
        assert!(file.remove_profile(&job).unwrap());
        assert!(!file.remove_profile(&job).unwrap());
        assert_eq!(file.get("active_profile"), None);
    }

    #[test]
    fn a_setting_is_removed() {
        let folder = TempFolder::new();
        let mut file = ConfigFile::open(&folder.path().join("config.toml")).unwrap();
        file.set("profiles.work.org", "analytical").unwrap();
        assert_eq!(file.get("profiles.work.org").as_deref(), Some("analytical"));
        assert!(file.unset("profiles.work.org").unwrap());
        assert!(!file.unset("profiles.work.org").unwrap());
    }
}
