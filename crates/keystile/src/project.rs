//! `.acme.toml` in a project selects the profile and nothing else, so that the author of a project cannot decide where
//! credentials are sent.

use std::path::Path;

use serde::Deserialize;

use super::brand::Brand;
use super::error::ErrorKind;
use super::profile::ProfileName;

#[derive(Deserialize)]
struct Project {
    profile: Option<ProfileName>,
}

/// The profile of the nearest project file in the working directory and those above it.
pub(super) fn profile(brand: &Brand) -> Result<Option<ProfileName>, ErrorKind> {
    match std::env::current_dir() {
        Ok(folder) => profile_above(&folder, brand),
        // Without a working directory there is no project.
        Err(_) => Ok(None),
    }
}

fn profile_above(folder: &Path, brand: &Brand) -> Result<Option<ProfileName>, ErrorKind> {
    let name = format!(".{}.toml", brand.name());
    for folder in folder.ancestors() {
        let path = folder.join(&name);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let project: Project = toml::from_str(&text)
            .map_err(|error| ErrorKind::InvalidConfig { path, message: error.message().to_owned() })?;
        return Ok(project.profile);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TempFolder, brand};

    #[test]
    fn the_nearest_file_selects_the_profile() {
        let temp = TempFolder::new();
        let inner = temp.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(temp.path().join(".acme.toml"), "profile = \"work\"\nissuer = \"https://evil\"")
            .unwrap();
        assert_eq!(profile_above(&inner, &brand()).unwrap(), Some(ProfileName::parse("work").unwrap()));
        std::fs::write(temp.path().join("a/.acme.toml"), "profile = \"../x\"").unwrap();
        assert!(profile_above(&inner, &brand()).is_err());
    }
}
