//! How a person signs in, chosen by looking at where the tool runs.

use crate::client::config::LoginMethod;
use crate::client::context::Context;
use crate::client::error::Fault;

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// The browser comes back to a port of this machine.
    Browser {
        /// Whether the tool opens the browser, or only prints the link.
        opens: bool,
    },
}

/// What the choice depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    /// A flag, a variable or the settings ask for the browser.
    pub(super) asked_for_browser: bool,
    /// Somebody is there.
    pub(super) interactive: bool,
    /// A browser can be shown to that somebody.
    pub(super) can_open: bool,
}

impl Surroundings {
    pub(super) fn look(context: &Context, browser_flag: bool) -> Result<Self, Fault> {
        let (environment, brand) = (&context.environment, context.brand());
        let method = match environment.own(brand, "LOGIN_METHOD") {
            None => context.config.defaults.login_method,
            Some("auto") => Some(LoginMethod::Auto),
            Some("browser") => Some(LoginMethod::Browser),
            Some(other) => {
                return Err(Fault::Usage {
                    message: format!("{} cannot be `{other}`", brand.variable("LOGIN_METHOD")),
                    hint: Some("It is auto or browser.".into()),
                });
            }
        };
        Ok(Self {
            asked_for_browser: browser_flag || method == Some(LoginMethod::Browser),
            interactive: context.interactive,
            can_open: !environment.own_flag(brand, "NO_BROWSER")
                && !environment.is_remote()
                && (environment.has_desktop() || environment.get("BROWSER").is_some()),
        })
    }
}

/// The road to take; without a person, and without being told, none.
pub(super) fn choose(around: Surroundings) -> Result<Road, Fault> {
    if around.asked_for_browser || around.interactive {
        Ok(Road::Browser { opens: around.can_open })
    } else {
        Err(Fault::NobodyThere)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_only_a_flag_starts_a_login() {
        let alone = Surroundings { asked_for_browser: false, interactive: false, can_open: true };
        assert_eq!(choose(alone), Err(Fault::NobodyThere));
        assert_eq!(
            choose(Surroundings { asked_for_browser: true, ..alone }),
            Ok(Road::Browser { opens: true })
        );
    }

    #[test]
    fn over_ssh_the_link_is_printed_and_nothing_is_opened() {
        let ssh = Surroundings { asked_for_browser: false, interactive: true, can_open: false };
        assert_eq!(choose(ssh), Ok(Road::Browser { opens: false }));
    }
}
