//! Parses the command line. Its errors have the format and exit codes of all other errors.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind as ClapErrorKind};

use super::app::App;
use super::error::{ErrorKind, Exit};
use super::globals::Globals;
use super::help;
use super::invoke::main_exit;

impl App {
    /// Parses a command line, which begins with the name of the binary. On `Err` the help or the error has been printed,
    /// and the process should end with this exit code: 0 for `--help`, `--version` and a missing subcommand, 1 for an
    /// invalid command line.
    pub fn parse<P: Parser>(&self, arguments: &[OsString]) -> Result<P, ExitCode> {
        P::try_parse_from(arguments).map_err(|error| match error.kind() {
            ClapErrorKind::DisplayVersion => print(&error.render().to_string()),
            ClapErrorKind::DisplayHelp | ClapErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                // Parsed again, because the examples would make each command start later.
                let described = self.describe(P::command()).try_get_matches_from(arguments);
                print(&described.err().unwrap_or(error).render().to_string())
            }
            _ if self.topic(arguments).is_some() => print(&self.topic(arguments).unwrap_or_default()),
            _ => {
                // The global options were not parsed, so looks for this one in the arguments.
                let is_flag = |argument: &OsString| argument == "--json";
                let json = arguments.iter().take_while(|argument| *argument != "--").any(is_flag);
                let screen = self.screen(&Globals { json, ..Globals::default() });
                main_exit(Err(self.error(usage_error(&error))), &screen)
            }
        })
    }
}

impl App {
    /// The topic that `help NAME` asks for; `None` if the arguments ask for something else.
    fn topic(&self, arguments: &[OsString]) -> Option<String> {
        let mut words =
            arguments.iter().skip(1).filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-'));
        match (words.next(), words.next(), words.next()) {
            (Some("help"), Some(name), None) => help::topic(name, &self.brand),
            _ => None,
        }
    }
}

/// Prints help on standard output.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the help is gone.
        Err(_) => Exit::ClosedPipe.into(),
    }
}

fn usage_error(error: &clap::Error) -> ErrorKind {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or("bad command line");
    let message = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    let suggestion =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
            .into_iter()
            .find_map(|kind| suggested(error.get(kind)?));
    let (message, hint) = match error.kind() {
        ClapErrorKind::UnknownArgument => {
            let named = text_of(error.get(ContextKind::InvalidArg));
            let message = named.map_or(message, |name| format!("unexpected argument '{name}'"));
            let known = suggestion.map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
            (message, Some(format!("{known}Global flags work before or after the command.")))
        }
        ClapErrorKind::MissingSubcommand => ("a command is missing".into(), Some("Try --help.".into())),
        ClapErrorKind::MissingRequiredArgument => {
            let names = text_of(error.get(ContextKind::InvalidArg)).unwrap_or_default();
            (format!("missing argument {names}"), Some("Try --help.".into()))
        }
        ClapErrorKind::InvalidSubcommand => {
            let known =
                suggestion.map_or_else(|| "Try --help.".into(), |name| format!("Did you mean {name}?"));
            (message, Some(known))
        }
        _ => (message, suggestion.map(|name| format!("Did you mean {name}?"))),
    };
    ErrorKind::Usage { message, hint }
}

fn suggested(value: &ContextValue) -> Option<String> {
    let text = match value {
        ContextValue::Strings(texts) => texts.join(" or "),
        other => text_of(Some(other))?,
    };
    (!text.is_empty()).then_some(text)
}

fn text_of(value: Option<&ContextValue>) -> Option<String> {
    match value? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(" ")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ToolCommand;

    #[derive(Parser, Debug)]
    struct Arguments {
        #[command(flatten)]
        _globals: Globals,
        #[command(subcommand)]
        _command: ToolCommand,
    }

    fn usage(line: &str) -> (String, Option<String>) {
        match usage_error(&Arguments::try_parse_from(line.split(' ')).unwrap_err()) {
            ErrorKind::Usage { message, hint } => (message, hint),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_mistyped_flag_is_answered_with_the_closest_one() {
        let (message, hint) = usage("acme auth status --jsn");
        assert_eq!(message, "unexpected argument '--jsn'");
        assert_eq!(hint.unwrap(), "Did you mean --json? Global flags work before or after the command.");
    }

    #[test]
    fn missing_and_mistyped_arguments_are_named() {
        assert_eq!(usage("acme profile use").0, "missing argument <NAME>");
        assert_eq!(usage("acme --json").0, "a command is missing");
        assert_eq!(usage("acme auth staus").1.unwrap(), "Did you mean status?");
        assert_eq!(usage("acme auth logot").1.unwrap(), "Did you mean login or logout?");
        assert_eq!(usage("acme sessions").1.unwrap(), "Try --help.");
    }
}
