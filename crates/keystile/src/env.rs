//! Environment variables, read once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::brand::Brand;

/// Environment variables. An empty variable counts as unset. `Debug` shows the names without the values, which may be
/// secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The environment of this process.
    pub(crate) fn from_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
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

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self { variables: variables.into_iter().collect() }
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
    fn a_proxy_is_shown_without_its_password() {
        let env = Environment::from([("HTTPS_PROXY", "http://ada:hunter2@proxy:3128")]);
        assert_eq!(env.proxy("https").unwrap(), "HTTPS_PROXY=http://…@proxy:3128");
        assert_eq!(env.proxy("http"), None);
    }
}
