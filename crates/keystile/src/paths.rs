//! Paths of the tool's files.

use std::path::{Path, PathBuf};

use super::brand::Brand;
use super::env::Environment;
use super::error::ErrorKind;
use super::files;

/// The files and directories of a tool. With XDG variables, settings and credentials are in different directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    config: PathBuf,
    state: PathBuf,
    home: Option<PathBuf>,
}

impl Paths {
    /// `ACME_HOME`, else the XDG directories, else `~/.acme`.
    pub(crate) fn find(brand: &Brand, env: &Environment) -> Result<Self, ErrorKind> {
        let home = env.path("HOME").or_else(|| env.path("USERPROFILE"));
        let own = env.path(&brand.variable("HOME"));
        let folder = |variable: &str, name: &str| match &own {
            Some(folder) => Some(folder.clone()),
            None => env
                .path(variable)
                .map(|base| base.join(name))
                .or_else(|| home.as_ref().map(|home| home.join(format!(".{}", brand.name())))),
        };
        let (config_base, state_base) =
            if cfg!(windows) { ("APPDATA", "LOCALAPPDATA") } else { ("XDG_CONFIG_HOME", "XDG_STATE_HOME") };
        let missing = || ErrorKind::Usage {
            message: "Cannot determine the directory of your files: HOME is not set".into(),
            hint: Some(format!("Set HOME or {} to an absolute path.", brand.variable("HOME"))),
        };
        let config = match env.path(&brand.variable("CONFIG")) {
            Some(file) => file,
            None => folder(config_base, brand.name()).ok_or_else(missing)?.join("config.toml"),
        };
        let state = folder(state_base, brand.name()).ok_or_else(missing)?;
        Ok(Self { config, state, home })
    }

    /// The home folder of the user; `None` if `HOME` is not set.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The settings file.
    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// The credentials file; if it is a symbolic link, its target.
    pub(crate) fn credentials(&self) -> PathBuf {
        files::resolved(&self.state.join("credentials.json"))
    }

    /// The directory of the lock files: beside the credentials file, so that homes that share the file share its locks.
    pub(crate) fn locks(&self) -> PathBuf {
        self.credentials().with_file_name("locks")
    }

    /// The directory of pending logins.
    pub(crate) fn pending(&self) -> PathBuf {
        self.state.join("pending")
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
        Paths::find(&brand(), &Environment::from(variables)).unwrap()
    }

    #[test]
    fn one_folder_in_the_home_by_default() {
        let paths = paths([("HOME", "/home/ada")]);
        assert_eq!(paths.config(), Path::new("/home/ada/.acme/config.toml"));
        assert_eq!(paths.credentials(), Path::new("/home/ada/.acme/credentials.json"));
        assert_eq!(paths.display(&paths.credentials()), "~/.acme/credentials.json");
    }

    #[test]
    fn xdg_folders_separate_settings_and_credentials() {
        let paths = paths([("HOME", "/home/ada"), ("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")]);
        assert_eq!(paths.config(), Path::new("/c/acme/config.toml"));
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
    fn without_a_home_it_is_an_error() {
        assert!(matches!(Paths::find(&brand(), &Environment::default()), Err(ErrorKind::Usage { .. })));
    }
}
