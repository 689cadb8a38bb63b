//! `config`: see and change `config.toml`.

use serde_json::json;

use super::args::SettingCommand;
use keystile::{App, Config, ConfigFile, Error, ErrorKind, Globals, Paths, ProfileName, Screen};

/// Settings of one profile, which may be named without it.
const PROFILE_SETTINGS: [&str; 3] = ["issuer", "api_base", "org"];
/// Settings of all profiles.
const SETTINGS: [&str; 3] = ["active_profile", "defaults.login_method", "defaults.store"];

pub(super) fn run(app: &App, globals: &Globals, command: &SettingCommand) -> Result<(), Error> {
    let (paths, screen) = (app.paths()?, app.screen(globals));
    let result = match command {
        SettingCommand::Path { credentials } => path(&screen, &paths, *credentials),
        SettingCommand::Show => show(&screen, &paths),
        SettingCommand::Get { key } => {
            let profile = app.profile(globals)?;
            full_name(key, &profile).and_then(|name| get(&screen, &paths, &name))
        }
        SettingCommand::Set { key, value } => {
            let profile = app.profile(globals)?;
            full_name(key, &profile).and_then(|name| set(&screen, &paths, &name, value))
        }
        SettingCommand::Unset { key } => {
            let profile = app.profile(globals)?;
            full_name(key, &profile).and_then(|name| unset(&screen, &paths, &name))
        }
    };
    result.map_err(|kind| app.error(kind))
}

fn path(screen: &Screen, paths: &Paths, credentials: bool) -> Result<(), ErrorKind> {
    let path = if credentials { paths.credentials() } else { paths.config().to_owned() };
    if screen.is_json() {
        screen.json(&json!({ "path": path }))
    } else {
        screen.data(&path.display().to_string())
    }
}

fn show(screen: &Screen, paths: &Paths) -> Result<(), ErrorKind> {
    if screen.is_json() {
        return screen.json(&json!(Config::load(paths.config())?));
    }
    // The text of the file, comments and all; reading it first makes sure that it is good.
    Config::load(paths.config())?;
    screen.data(ConfigFile::open(paths.config())?.text().trim_end())
}

fn get(screen: &Screen, paths: &Paths, name: &str) -> Result<(), ErrorKind> {
    let value = ConfigFile::open(paths.config())?.get(name);
    let value = value.ok_or_else(|| ErrorKind::NotFound {
        message: format!("{name} is not set in {}.", paths.display(paths.config())),
        request_id: None,
    })?;
    if screen.is_json() { screen.json(&json!({ name: value })) } else { screen.data(&value) }
}

fn set(screen: &Screen, paths: &Paths, name: &str, value: &str) -> Result<(), ErrorKind> {
    let mut file = ConfigFile::open(paths.config())?;
    file.set(name, value)?;
    file.save()?;
    if screen.is_json() { screen.json(&json!({ name: value })) } else { Ok(()) }
}

fn unset(screen: &Screen, paths: &Paths, name: &str) -> Result<(), ErrorKind> {
    let mut file = ConfigFile::open(paths.config())?;
    let existed = file.unset(name)?;
    if existed {
        file.save()?;
    }
    if screen.is_json() { screen.json(&json!({ "unset": name, "existed": existed })) } else { Ok(()) }
}

/// The dotted name of a setting; a setting of a profile may leave the profile out.
fn full_name(key: &str, profile: &ProfileName) -> Result<String, ErrorKind> {
    if SETTINGS.contains(&key) {
        return Ok(key.to_owned());
    }
    if PROFILE_SETTINGS.contains(&key) {
        return Ok(format!("profiles.{profile}.{key}"));
    }
    let named = key.strip_prefix("profiles.").and_then(|rest| rest.rsplit_once('.'));
    match named {
        Some((name, setting)) if PROFILE_SETTINGS.contains(&setting) && ProfileName::parse(name).is_ok() => {
            Ok(key.to_owned())
        }
        Some(_) | None => Err(ErrorKind::Usage {
            message: format!("There is no setting `{key}`"),
            hint: Some(format!("There are {} and {}.", PROFILE_SETTINGS.join(", "), SETTINGS.join(", "))),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_setting_may_leave_its_profile_out() {
        let work = ProfileName::parse("work").unwrap();
        assert_eq!(full_name("issuer", &work).unwrap(), "profiles.work.issuer");
        assert_eq!(full_name("profiles.home.org", &work).unwrap(), "profiles.home.org");
        assert_eq!(full_name("defaults.login_method", &work).unwrap(), "defaults.login_method");
        for key in ["issuers", "profiles.home", "profiles.a/b.org", "profiles.home.secret"] {
            assert!(full_name(key, &work).is_err(), "{key}");
        }
    }
}
