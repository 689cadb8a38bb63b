//! Environment variables, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use super::brand::Brand;
use super::error::ErrorKind;

/// The variables of other programs that decide who signs in, where files are and which server is reached.
const SHARED: [&str; 28] = [
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "BROWSER",
    "CI",
    "KUBERNETES_EXEC_INFO",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "SSH_CONNECTION",
    "SSH_TTY",
    "container",
];

/// Environment variables. An empty variable counts as unset. `Debug` shows the names without the values, which may be
/// secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Variables whose value is not UTF-8.
    unreadable: BTreeSet<String>,
    /// The home directory in the user database; `None` unless `HOME` is missing.
    account_home: Option<PathBuf>,
}

impl Environment {
    /// The environment of this process.
    pub(crate) fn from_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) => drop(environment.unreadable.insert(name)),
            }
        }
        if environment.get("HOME").is_none() {
            environment.account_home = account_home();
        }
        environment
    }

    /// Fails if a variable that the tool reads is not UTF-8. It would count as unset, which may mean another identity.
    pub(crate) fn check(&self, brand: &Brand) -> Result<(), ErrorKind> {
        let own = brand.variable("");
        let is_read = |name: &&String| name.starts_with(&own) || SHARED.contains(&name.as_str());
        match self.unreadable.iter().find(is_read) {
            None => Ok(()),
            Some(name) => Err(ErrorKind::Usage {
                message: format!("The variable {name} is not UTF-8"),
                hint: Some("Set it to valid text, or unset it.".into()),
            }),
        }
    }

    /// The home directory: `HOME`, `USERPROFILE` or that of the user database, the first that is set.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let named = self.path("HOME").or_else(|| self.path("USERPROFILE"));
        named.or_else(|| self.account_home.clone())
    }

    /// A variable by its full name; `None` if unset or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable of the tool: `API_KEY` reads `ACME_API_KEY`.
    pub(crate) fn own(&self, brand: &Brand, suffix: &str) -> Option<&str> {
        self.get(&brand.variable(suffix))
    }

    /// Whether a variable of the tool is set, and not to `0`, `false` or `no`.
    pub(crate) fn own_flag(&self, brand: &Brand, suffix: &str) -> bool {
        self.own(brand, suffix).is_some_and(|value| !matches!(value, "0" | "false" | "no"))
    }

    /// A variable as a path; `None` if unset or not absolute.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Whether the shell is remote: SSH, a container or a cloud shell.
    pub(crate) fn is_remote(&self) -> bool {
        const SIGNS: [&str; 7] = [
            "SSH_CONNECTION",
            "SSH_TTY",
            "CODESPACES",
            "GITPOD_WORKSPACE_ID",
            "CLOUD_SHELL",
            "REMOTE_CONTAINERS",
            "container",
        ];
        SIGNS.iter().any(|sign| self.get(sign).is_some())
    }

    /// Whether there is a desktop session. On Linux that takes a display or WSL; elsewhere it is assumed.
    pub(crate) fn has_desktop(&self) -> bool {
        let is_wsl = self.get("WSL_DISTRO_NAME").is_some();
        !cfg!(target_os = "linux")
            || is_wsl
            || self.get("DISPLAY").is_some()
            || self.get("WAYLAND_DISPLAY").is_some()
    }

    /// The proxy variable that applies to this scheme, without user name and password: `HTTPS_PROXY=http://proxy:3128`.
    pub(crate) fn proxy(&self, scheme: &str) -> Option<String> {
        let upper = format!("{}_PROXY", scheme.to_uppercase());
        let names = [upper.to_lowercase(), upper, "all_proxy".into(), "ALL_PROXY".into()];
        let (name, value) = names.iter().find_map(|name| self.get(name).map(|value| (name, value)))?;
        let shown = match value.rsplit_once('@') {
            Some((before, host)) => {
                format!("{}…@{host}", before.find("://").map_or("", |at| &before[..at + 3]))
            }
            None => value.to_owned(),
        };
        Some(format!("{name}={shown}"))
    }
}

/// The home directory in the user database. The standard library looks there only if `HOME` is unset, and `HOME` cannot be
/// unset here, so an empty one is looked up by name.
#[cfg(unix)]
fn account_home() -> Option<PathBuf> {
    let home = match std::env::var_os("HOME") {
        None => std::env::home_dir(),
        Some(_) => None,
    };
    home.or_else(|| home_in(&std::fs::read_to_string("/etc/passwd").ok()?)).filter(|home| home.is_absolute())
}

#[cfg(not(unix))]
fn account_home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

/// The home directory of the user of this process in the text of `/etc/passwd`.
#[cfg(unix)]
fn home_in(passwd: &str) -> Option<PathBuf> {
    let uid = rustix::process::getuid().as_raw().to_string();
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let own = passwd.lines().map(fields).find(|fields| fields.get(2) == Some(&uid))?;
    own.get(5).map(PathBuf::from)
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self { variables: variables.into_iter().collect(), ..Self::default() }
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_unset() {
        let env = Environment::from([("A", ""), ("B", "b")]);
        assert_eq!((env.get("A"), env.get("B")), (None, Some("b")));
    }

    #[test]
    fn values_are_not_shown_in_debug() {
        let env = Environment::from([("ACME_API_KEY", "acme_live_x")]);
        assert_eq!(format!("{env:?}"), r#"{"ACME_API_KEY"}"#);
    }

    #[test]
    fn ch_14_a_variable_that_is_not_utf_8_is_an_error_if_the_tool_reads_it() {
        let check = |name: &str| {
            let unreadable = BTreeSet::from([name.to_owned()]);
            Environment { unreadable, ..Environment::default() }.check(&crate::testing::brand())
        };
        for name in ["ACME_API_KEY", "ACME_ISSUER", "ACME_ANYTHING", "HOME", "SSL_CERT_FILE"] {
            match check(name) {
                Err(ErrorKind::Usage { message, .. }) => assert!(message.contains(name), "{message}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!(check("LS_COLORS"), Ok(()));
    }

    #[cfg(unix)]
    #[test]
    fn ch_14_the_home_folder_is_in_the_sixth_field_of_the_user() {
        let uid = rustix::process::getuid().as_raw();
        let passwd = format!("other:x:4294967000:0::/other:/bin/sh\nme:x:{uid}:0:Me:/home/me:/bin/sh\n");
        assert_eq!(home_in(&passwd), Some(PathBuf::from("/home/me")));
        assert_eq!(home_in("other:x:4294967000:0::/other:/bin/sh\n"), None);
    }

    #[test]
    fn a_proxy_is_shown_without_its_password() {
        let env = Environment::from([("HTTPS_PROXY", "http://ada:hunter2@proxy:3128")]);
        assert_eq!(env.proxy("https").unwrap(), "HTTPS_PROXY=http://…@proxy:3128");
        assert_eq!(env.proxy("http"), None);
    }
}
