//! `config`: the settings file, `config.toml`.

use std::sync::Arc;

use serde_json::json;

use super::{Output, auth};
use crate::app::App;
use crate::args::{AuthCommand, LoginArgs, SettingCommand};
use crate::base_url::BaseUrl;
use crate::config::{Config, ConfigFile};
use crate::context::Context;
use crate::error::{Error, ErrorKind};
use crate::globals::Globals;
use crate::paths::Paths;
use crate::profile::ProfileName;

/// Settings of a profile. The names may leave the profile out.
const PROFILE_SETTINGS: [&str; 3] = ["issuer", "api_base", "org"];
/// Settings of all profiles.
const SETTINGS: [&str; 3] = ["active_profile", "defaults.login_method", "defaults.store"];

/// Runs without a [`Context`] where possible, so that an invalid settings file can be found and corrected.
pub(crate) fn run(app: &App, globals: &Globals, command: &SettingCommand) -> Result<(), ErrorKind> {
    let environment = app.environment();
    environment.check(&app.brand)?;
    let paths = Paths::find(&app.brand, &environment);
    let output = &app.output(globals);
    let profile = || app.context(globals).map(|context| context.profile).map_err(Error::into_kind);
    match command {
        SettingCommand::Path { credentials } => path(output, &paths, *credentials),
        SettingCommand::Show => show(output, &paths),
        SettingCommand::Get { key } => get(output, &paths, &full_name(key, &profile()?)?),
        SettingCommand::Set { key, value } => set(output, &paths, &full_name(key, &profile()?)?, value),
        SettingCommand::Unset { key } => unset(output, &paths, &full_name(key, &profile()?)?),
    }
}

/// `config init`: creates or completes the settings file, then signs in.
pub(super) async fn init(context: &Arc<Context>, args: Box<LoginArgs>) -> Result<(), ErrorKind> {
    let (path, output) = (context.paths.config()?, &context.output);
    let is_new = write(context)?;
    let shown = context.paths.display(path);
    output.tell(&if is_new { format!("Wrote {shown}.") } else { format!("{shown} already exists.") });
    // The login reads the settings that were just written.
    let updated = Arc::new(Context::new(&context.app, &context.globals)?);
    match auth(&updated, AuthCommand::Login(args)).await {
        // Only the login needs a terminal; the file is written.
        Err(ErrorKind::NotInteractive) if output.is_json() => {
            output.json(&json!({ "path": path, "created": is_new }))
        }
        Err(ErrorKind::NotInteractive) => {
            output.tell(&format!("Sign in with `{}`.", context.brand().command("auth login")));
            Ok(())
        }
        ended => ended,
    }
}

/// Writes the settings of the arguments and keeps all others. Returns whether the file is new.
fn write(context: &Context) -> Result<bool, ErrorKind> {
    let (path, profile, globals) = (context.paths.config()?, &context.profile, &context.globals);
    let settings = [
        ("issuer", globals.issuer.as_ref().map(BaseUrl::as_str)),
        ("api_base", globals.api_base.as_ref().map(BaseUrl::as_str)),
        ("org", globals.org.as_deref()),
    ];
    ConfigFile::edit(&context.paths, |file| {
        let is_new = !path.exists();
        if is_new {
            file.set("active_profile", profile.as_str())?;
        }
        for (setting, value) in settings {
            if let Some(value) = value {
                file.set(&format!("profiles.{profile}.{setting}"), value)?;
            }
        }
        Ok(is_new)
    })
}

fn path(output: &Output, paths: &Paths, credentials: bool) -> Result<(), ErrorKind> {
    let path = if credentials {
        paths.check()?;
        paths.credentials()
    } else {
        paths.config()?.to_owned()
    };
    if output.is_json() {
        output.json(&json!({ "path": path }))
    } else {
        output.data(&path.display().to_string())
    }
}

fn show(output: &Output, paths: &Paths) -> Result<(), ErrorKind> {
    if output.is_json() {
        return output.json(&json!(Config::load(paths.config()?)?));
    }
    // The text of the file with its comments. Loading it first finds errors.
    Config::load(paths.config()?)?;
    output.data_lines(ConfigFile::open(paths.config()?)?.text().trim_end())
}

fn get(output: &Output, paths: &Paths, name: &str) -> Result<(), ErrorKind> {
    let value = ConfigFile::open(paths.config()?)?.get(name);
    let shown = paths.display(paths.config()?);
    let value = value.ok_or_else(|| ErrorKind::NotFound {
        message: format!("{name} is not set in {shown}."),
        request_id: None,
    })?;
    if output.is_json() { output.json(&json!({ name: value })) } else { output.data(&value) }
}

fn set(output: &Output, paths: &Paths, name: &str, value: &str) -> Result<(), ErrorKind> {
    ConfigFile::edit(paths, |file| file.set(name, value))?;
    if output.is_json() { output.json(&json!({ name: value })) } else { Ok(()) }
}

fn unset(output: &Output, paths: &Paths, name: &str) -> Result<(), ErrorKind> {
    let existed = ConfigFile::edit(paths, |file| file.unset(name))?;
    if output.is_json() { output.json(&json!({ "unset": name, "existed": existed })) } else { Ok(()) }
}

/// The full dotted name of a setting, whose profile may be left out.
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
            hint: Some(format!(
                "The settings are {} and {}.",
                PROFILE_SETTINGS.join(", "),
                SETTINGS.join(", ")
            )),
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
