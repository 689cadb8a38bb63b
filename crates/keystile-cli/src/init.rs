//! `config init`: a settings file to begin with, then the sign-in.

use serde_json::json;

use keystile::{App, AuthCommand, BaseUrl, ConfigFile, Error, ErrorKind, Globals, LoginArgs};

pub(super) async fn run(app: &App, globals: &Globals, args: Box<LoginArgs>) -> Result<(), Error> {
    let (paths, screen) = (app.paths()?, app.screen(globals));
    let is_new = write(app, globals, &args).map_err(|kind| app.error(kind))?;
    let shown = paths.display(paths.config());
    screen.tell(&if is_new { format!("Wrote {shown}.") } else { format!("{shown} is there already.") });
    match app.run(AuthCommand::Login(args), globals).await {
        // The file was asked for and is there; the rest needs a person.
        Err(error) if matches!(error.kind(), ErrorKind::NotInteractive) => {
            if screen.is_json() {
                let document = json!({ "path": paths.config(), "created": is_new });
                return screen.json(&document).map_err(|kind| app.error(kind));
            }
            screen.tell(&format!("Sign in with `{}`.", app.brand().command("auth login")));
            Ok(())
        }
        ended => ended,
    }
}

/// Writes what the arguments say; a file that is there keeps everything else.
fn write(app: &App, globals: &Globals, args: &LoginArgs) -> Result<bool, ErrorKind> {
    let (paths, profile) = (app.paths(), app.profile(globals));
    let (paths, profile) = (paths.map_err(Error::into_kind)?, profile.map_err(Error::into_kind)?);
    let is_new = !paths.config().exists();
    let mut file = ConfigFile::open(paths.config())?;
    if is_new {
        file.set("active_profile", profile.as_str())?;
    }
    let settings = [
        ("issuer", args.issuer.as_ref().map(BaseUrl::as_str)),
        ("api_base", globals.api_base.as_ref().map(BaseUrl::as_str)),
        ("org", globals.org.as_deref()),
    ];
    for (setting, value) in settings {
        if let Some(value) = value {
            file.set(&format!("profiles.{profile}.{setting}"), value)?;
        }
    }
    file.save()?;
    Ok(is_new)
}
