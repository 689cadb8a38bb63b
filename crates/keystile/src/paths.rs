//! Paths of the tool's files.

use std::path::{Path, PathBuf};

use super::brand::Brand;
use super::env::Environment;
use super::error::ErrorKind;
use super::files;

/// The files and directories of a tool. With XDG variables, settings and credentials are in different directories.
///
/// Without a home directory there are none. That is an error where one is used, not before: a key in the environment
/// needs no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    brand: String,
    /// The variable that names the directory, for errors.
    variable: String,
    config: Option<PathBuf>,
    state: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl Paths {
    /// The first that is set of `ACME_HOME` and the XDG directories; otherwise `~/.acme`.
    pub(crate) fn find(brand: &Brand, env: &Environment) -> Self {
        let home = env.home();
        let own = env.path(&brand.variable("HOME"));
        let folder = |variable: &str| match &own {
            Some(folder) => Some(folder.clone()),
            None => env
                .path(variable)
                .map(|base| base.join(brand.name()))
                .or_else(|| home.as_ref().map(|home| home.join(format!(".{}", brand.name())))),
        };
        let (config_base, state_base) =
            if cfg!(windows) { ("APPDATA", "LOCALAPPDATA") } else { ("XDG_CONFIG_HOME", "XDG_STATE_HOME") };
        let config = env.path(&brand.variable("CONFIG"));
        let config = config.or_else(|| folder(config_base).map(|folder| folder.join("config.toml")));
        Self {
            brand: brand.name().to_owned(),
            variable: brand.variable("HOME"),
            config,
            state: folder(state_base),
            home,
        }
    }

    /// The home directory of the user; `None` if `HOME` is not set.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The settings file.
    pub(crate) fn config(&self) -> Result<&Path, ErrorKind> {
        self.config.as_deref().ok_or_else(|| self.missing())
    }

    /// Fails if there is no directory for the files.
    pub(crate) fn check(&self) -> Result<(), ErrorKind> {
        self.state.as_ref().map(drop).ok_or_else(|| self.missing())
    }

    /// The credentials file; if it is a symbolic link, its target. For display if there is no directory.
    pub(crate) fn credentials(&self) -> PathBuf {
        files::resolved(&self.state().join("credentials.json"))
    }

    /// The directory of the lock files: next to the credentials file, so that homes that share the file share its locks.
    /// For display if there is no directory.
    pub(crate) fn locks(&self) -> PathBuf {
        self.credentials().with_file_name("locks")
    }

    /// The directory of pending logins.
    pub(crate) fn pending(&self) -> Result<PathBuf, ErrorKind> {
        self.check()?;
        Ok(self.state().join("pending"))
    }

    fn state(&self) -> PathBuf {
        let unknown = || Path::new("~").join(format!(".{}", self.brand));
        self.state.clone().unwrap_or_else(unknown)
    }

    fn missing(&self) -> ErrorKind {
        ErrorKind::Usage {
            message: "Cannot determine the directory of your files: HOME is not set".into(),
            hint: Some(format!("Set HOME or {} to an absolute path.", self.variable)),
        }
    }

    /// A path as text, with `~` for the home directory.
    pub(crate) fn display(&self, path: &Path) -> String {
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) => format!("~/{}", rest.display()),
            None => path.display().to_string(),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::TempFolder;
    use crate::testing::brand;

    fn paths<const N: usize>(variables: [(&str, &str); N]) -> Paths {
        Paths::find(&brand(), &Environment::from(variables))
    }

    #[test]
    fn one_folder_in_the_home_by_default() {
        let paths = paths([("HOME", "/home/ada")]);
        assert_eq!(paths.config().unwrap(), Path::new("/home/ada/.acme/config.toml"));
        assert_eq!(paths.credentials(), Path::new("/home/ada/.acme/credentials.json"));
        assert_eq!(paths.display(&paths.credentials()), "~/.acme/credentials.json");
    }

    #[test]
    fn xdg_folders_separate_settings_and_credentials() {
        let paths = paths([("HOME", "/home/ada"), ("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")]);
        assert_eq!(paths.config().unwrap(), Path::new("/c/acme/config.toml"));
        assert_eq!(paths.credentials(), Path::new("/s/acme/credentials.json"));
    }

    #[test]
    fn the_home_of_the_tool_overrides_all() {
        let paths = paths([("HOME", "/home/ada"), ("XDG_STATE_HOME", "/s"), ("ACME_HOME", "/a")]);
        assert_eq!(paths.locks(), Path::new("/a/locks"));
    }

    #[test]
    fn ch_08_homes_that_share_a_file_by_a_link_share_its_locks() {
        let temp = TempFolder::new();
        let home = |name: &str| {
            let folder = temp.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            paths([("ACME_HOME", folder.to_str().unwrap())])
        };
        let (own, other) = (home("own"), home("other"));
        std::os::unix::fs::symlink("../own/credentials.json", other.credentials()).unwrap();
        let folder = std::fs::canonicalize(own.credentials().parent().unwrap()).unwrap();
        assert_eq!(other.credentials(), folder.join("credentials.json"));
        assert_eq!(other.locks(), folder.join("locks"));
    }

    #[test]
    fn ch_14_without_a_home_using_a_file_is_an_error() {
        let nowhere = paths([]);
        assert!(matches!(nowhere.config(), Err(ErrorKind::Usage { .. })));
        assert!(matches!(nowhere.check(), Err(ErrorKind::Usage { .. })));
        assert!(matches!(nowhere.pending(), Err(ErrorKind::Usage { .. })));
        let only_settings = paths([("ACME_CONFIG", "/etc/acme.toml")]);
        assert_eq!(only_settings.config().unwrap(), Path::new("/etc/acme.toml"));
        assert!(only_settings.check().is_err());
    }
}
