//! Chooses the sign-in method.

use std::path::Path;

use crate::context::Context;
use crate::error::ErrorKind;
use crate::login_method::LoginMethod;

/// A sign-in method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignInMethod {
    /// A browser that is redirected to a loopback port.
    Browser {
        /// Whether the tool opens the browser. The link is printed in any case.
        opens: bool,
    },
    /// A device code.
    Device {
        /// Whether the tool also opens the page.
        opens: bool,
        /// What to do if the server issues no device codes.
        without_codes: WithoutDeviceCodes,
    },
    /// A copied code.
    Paste,
}

/// What to do if the server issues no device codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithoutDeviceCodes {
    /// Fail, because the user asked for a device code.
    Fail,
    /// Change to a copied code, because the tool chose the device code.
    Paste,
}

/// The inputs to the choice of the method.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoginEnvironment {
    /// The method set by flag, variable or settings.
    method: LoginMethod,
    /// Whether prompts can be answered.
    interactive: bool,
    /// Whether `--no-input` was given.
    silent: bool,
    /// Whether a browser can be opened.
    browser: BrowserAvailability,
}

/// Whether a browser can be opened on the user's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BrowserAvailability {
    No,
    /// Perhaps; not without a request.
    OnRequest,
    Yes,
}

impl LoginEnvironment {
    pub(super) fn detect(context: &Context, asked: Option<LoginMethod>) -> Result<Self, ErrorKind> {
        let (environment, brand) = (&context.environment, context.brand());
        let method = match (asked, environment.own(brand, "LOGIN_METHOD")) {
            (Some(asked), _) => asked,
            (None, None) => context.config.defaults.login_method.unwrap_or(LoginMethod::Auto),
            (None, Some("auto")) => LoginMethod::Auto,
            (None, Some("browser")) => LoginMethod::Browser,
            (None, Some("device")) => LoginMethod::Device,
            (None, Some("paste")) => LoginMethod::Paste,
            (None, Some(other)) => {
                return Err(ErrorKind::Usage {
                    message: format!("{} cannot be `{other}`", brand.variable("LOGIN_METHOD")),
                    hint: Some("Use auto, browser, device or paste.".into()),
                });
            }
        };
        // An explicit BROWSER overrides the detection.
        let is_named = environment.get("BROWSER").is_some();
        let can_open = !environment.own_flag(brand, "NO_BROWSER")
            && !environment.is_remote()
            && (is_named || environment.has_desktop());
        Ok(Self {
            method,
            interactive: context.interactive,
            silent: context.globals.no_input || environment.own_flag(brand, "NO_INPUT"),
            browser: match can_open {
                false => BrowserAvailability::No,
                true if is_named || !is_container() => BrowserAvailability::Yes,
                true => BrowserAvailability::OnRequest,
            },
        })
    }
}

/// Whether this is a container, by the files that container runtimes create.
fn is_container() -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists())
}

/// The method to use. Without a terminal, `Auto` is [`NotInteractive`](ErrorKind::NotInteractive).
pub(super) fn choose(environment: LoginEnvironment) -> Result<SignInMethod, ErrorKind> {
    let LoginEnvironment { method, interactive, silent, browser } = environment;
    let at_desk = browser == BrowserAvailability::Yes;
    match method {
        LoginMethod::Browser => Ok(SignInMethod::Browser { opens: browser != BrowserAvailability::No }),
        LoginMethod::Device => Ok(SignInMethod::Device {
            opens: at_desk && interactive,
            without_codes: WithoutDeviceCodes::Fail,
        }),
        LoginMethod::Paste if silent => Err(ErrorKind::NotInteractive),
        LoginMethod::Paste => Ok(SignInMethod::Paste),
        LoginMethod::Auto if !interactive => Err(ErrorKind::NotInteractive),
        LoginMethod::Auto if at_desk => Ok(SignInMethod::Browser { opens: true }),
        LoginMethod::Auto => {
            Ok(SignInMethod::Device { opens: false, without_codes: WithoutDeviceCodes::Paste })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESK: LoginEnvironment = LoginEnvironment {
        method: LoginMethod::Auto,
        interactive: true,
        silent: false,
        browser: BrowserAvailability::Yes,
    };

    fn asked(method: LoginMethod, around: LoginEnvironment) -> Result<SignInMethod, ErrorKind> {
        choose(LoginEnvironment { method, ..around })
    }

    #[test]
    fn without_a_terminal_only_an_explicit_method_starts_a_login() {
        let alone = LoginEnvironment { interactive: false, ..DESK };
        assert_eq!(choose(alone), Err(ErrorKind::NotInteractive));
        assert_eq!(asked(LoginMethod::Browser, alone), Ok(SignInMethod::Browser { opens: true }));
        let device = SignInMethod::Device { opens: false, without_codes: WithoutDeviceCodes::Fail };
        assert_eq!(asked(LoginMethod::Device, alone), Ok(device));
        assert_eq!(asked(LoginMethod::Paste, alone), Ok(SignInMethod::Paste));
        assert_eq!(
            asked(LoginMethod::Paste, LoginEnvironment { silent: true, ..alone }),
            Err(ErrorKind::NotInteractive)
        );
    }

    #[test]
    fn at_a_desk_the_browser_opens() {
        assert_eq!(choose(DESK), Ok(SignInMethod::Browser { opens: true }));
    }

    #[test]
    fn without_a_browser_it_is_a_device_code_or_else_a_pasted_code() {
        let ssh = LoginEnvironment { browser: BrowserAvailability::No, ..DESK };
        assert_eq!(
            choose(ssh),
            Ok(SignInMethod::Device { opens: false, without_codes: WithoutDeviceCodes::Paste })
        );
        assert_eq!(asked(LoginMethod::Browser, ssh), Ok(SignInMethod::Browser { opens: false }));
    }

    #[test]
    fn in_a_container_the_browser_opens_only_on_request() {
        let container = LoginEnvironment { browser: BrowserAvailability::OnRequest, ..DESK };
        assert_eq!(
            choose(container),
            Ok(SignInMethod::Device { opens: false, without_codes: WithoutDeviceCodes::Paste })
        );
        assert_eq!(asked(LoginMethod::Browser, container), Ok(SignInMethod::Browser { opens: true }));
    }

    #[test]
    fn a_requested_device_code_does_not_fall_back_to_a_pasted_code() {
        assert_eq!(
            asked(LoginMethod::Device, DESK),
            Ok(SignInMethod::Device { opens: true, without_codes: WithoutDeviceCodes::Fail })
        );
    }
}
