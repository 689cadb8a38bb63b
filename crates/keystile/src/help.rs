//! The parts of `--help` that are not in the definition of the command line: examples, the page of the documentation,
//! and topics that belong to no command.

use clap::Command;

use super::app::App;
use super::brand::Brand;

/// Examples for the commands of the library, by the words of the command.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("auth", &["auth login", "auth status"]),
    ("auth login", &["auth login", "auth login --device", "auth login --with-token <key.txt"]),
    ("auth logout", &["auth logout", "auth logout --all"]),
    ("auth status", &["auth status", "auth status --json"]),
    ("auth whoami", &["auth whoami"]),
    ("auth token", &["auth token --format header", "auth token --min-ttl 10m"]),
    ("auth refresh", &["auth refresh --scopes keys:manage"]),
    ("auth switch", &["auth switch work"]),
    ("auth sessions", &["auth sessions", "auth sessions revoke ses_9fK2"]),
    ("auth sessions list", &["auth sessions list --json"]),
    ("auth sessions revoke", &["auth sessions revoke ses_9fK2"]),
    ("auth doctor", &["auth doctor --fix"]),
    ("profile", &["profile list", "profile use work"]),
    ("profile list", &["profile list"]),
    ("profile use", &["profile use work"]),
    ("profile create", &["profile create work --issuer https://auth.example.com"]),
    ("profile rename", &["profile rename work job"]),
    ("profile delete", &["profile delete job"]),
    ("org", &["org list", "org switch northwind-labs"]),
    ("org list", &["org list"]),
    ("org switch", &["org switch northwind-labs"]),
    ("org current", &["org current"]),
    ("org members", &["org members", "org members --search ada --role admin"]),
    ("org invite", &["org invite ben@example.com --role member"]),
    ("org role", &["org role ben@example.com viewer"]),
    ("org remove", &["org remove ben@example.com"]),
    ("org leave", &["org leave"]),
    ("key", &["key create ci --scopes org:read --expires 90d", "key list"]),
    ("key list", &["key list --all"]),
    (
        "key create",
        &["key create ci --scopes org:read --expires 90d", "key create ci --all-scopes --expires never"],
    ),
    ("key rotate", &["key rotate key_9fK2 --overlap 24h"]),
    ("key revoke", &["key revoke key_9fK2"]),
    ("key scopes", &["key scopes key_9fK2", "key scopes key_9fK2 org:read,keys:read"]),
    ("pat", &["pat create backup --scopes org:read --expires 30d", "pat list"]),
    ("pat list", &["pat list --all"]),
    ("pat create", &["pat create backup --scopes org:read --expires 30d"]),
    ("pat revoke", &["pat revoke tok_9fK2"]),
    ("scope", &["scope list"]),
    ("scope list", &["scope list"]),
    ("scope bundles", &["scope bundles"]),
    ("audit", &["audit list --since 7d"]),
    ("audit list", &["audit list --since 7d --key key_9fK2", "audit list --follow --json"]),
    ("credential-helper", &["credential-helper kube"]),
    ("credential-helper git", &["credential-helper git get <request"]),
    (
        "credential-helper docker",
        &["credential-helper docker version", "credential-helper docker get <registry"],
    ),
    ("credential-helper kube", &["credential-helper kube"]),
    ("credential-helper aws", &["credential-helper aws --role-arn arn:aws:iam::123456789012:role/deploy"]),
    ("config", &["config show", "config set issuer https://auth.example.com"]),
    ("config init", &["config init --issuer https://auth.example.com"]),
    ("config login", &["config login"]),
    ("config logout", &["config logout"]),
    ("config path", &["config path --credentials"]),
    ("config show", &["config show --json"]),
    ("config get", &["config get issuer"]),
    (
        "config set",
        &["config set issuer https://auth.example.com", "config set defaults.login_method device"],
    ),
    ("config unset", &["config unset org"]),
];

/// The topics of `help`, with a summary.
const TOPICS: [(&str, &str); 3] = [
    ("environment", "Environment variables"),
    ("exit-codes", "Exit codes"),
    ("scripting", "Scripts, CI and agents"),
];

impl App {
    /// A command line of the tool, with examples in the help of the library's commands, and in the help of every command
    /// the [page](crate::AppBuilder::documentation) of its documentation. [`App::parse`] prints this help; shell
    /// completions and manual pages can be generated from it.
    pub fn describe(&self, command: Command) -> Command {
        let help = self.brand.command("help");
        let topics = TOPICS.map(|(name, summary)| format!("\n  {help} {name:<13}{summary}"));
        let root = format!("More help:{}", topics.concat());
        self.described(command, &[], Some(root))
    }

    fn described(&self, command: Command, path: &[String], first: Option<String>) -> Command {
        let words = path.join(" ");
        let examples = EXAMPLES.iter().find(|(name, _)| *name == words && !words.is_empty());
        let examples = examples.map(|(_, lines)| {
            let lines = lines.iter().map(|line| format!("\n  {}", self.brand.command(line)));
            let heading = if lines.len() == 1 { "Example:" } else { "Examples:" };
            lines.fold(heading.to_owned(), |text, line| text + &line)
        });
        // The author of a command knows it best.
        let own = command.get_after_help().map(ToString::to_string);
        let page = self.documentation.as_ref().map(|page| format!("Documentation: {}", page(&words)));
        let parts: Vec<String> = own.or(examples).into_iter().chain(first).chain(page).collect();
        let command = if parts.is_empty() { command } else { command.after_help(parts.join("\n\n")) };
        command.mut_subcommands(|subcommand| {
            let path = [path, &[subcommand.get_name().to_owned()]].concat();
            self.described(subcommand, &path, None)
        })
    }
}

/// The text of a topic; `None` if there is no such topic.
pub(super) fn topic(name: &str, brand: &Brand) -> Option<String> {
    match name {
        "environment" => Some(environment(brand)),
        "exit-codes" => Some(EXIT_CODES.to_owned()),
        "scripting" => Some(scripting(brand)),
        _ => None,
    }
}

const EXIT_CODES: &str = "\
Exit codes. Their meanings never change.

  0    Success
  1    Invalid usage or value, malformed key, invalid config.toml
  2    Not signed in, rejected, missing scope, failed sign-in, unreadable credentials
  3    Server error after retries, unreachable, or a redirect
  4    Rate limited after retries
  5    Not found
  130  Ctrl-C
  141  The reader of standard output is gone

`auth status` exits with 0 if you are signed in, 2 if not, 3 if it could not check.
";

fn environment(brand: &Brand) -> String {
    let own = [
        ("API_KEY", "The key to use, instead of any profile (--api-key)"),
        ("API_TOKEN", "Alias of API_KEY"),
        ("PROFILE", "The profile to use (--profile)"),
        ("ORG", "The organization to act for (--org)"),
        ("ISSUER", "The authorization server (--issuer)"),
        ("API_BASE", "The base URL of the API (--api-base)"),
        ("BASE_URL", "Alias of API_BASE"),
        ("HOME", "The directory of all files"),
        ("CONFIG", "The settings file"),
        ("CREDENTIAL_STORE", "file or keyring"),
        ("LOGIN_METHOD", "auto, browser, device or paste"),
        ("LOGIN_TIMEOUT", "Timeout of a sign-in, for example 10m (--timeout)"),
        ("NO_BROWSER", "1: never open a browser"),
        ("NO_INPUT", "1: never prompt (--no-input)"),
        ("NO_ANIMATION", "1: one line that stays instead of a moving one, for screen readers"),
        ("DEBUG", "1: show each request (-v)"),
        ("CA_BUNDLE", "A PEM file with additional certificates to trust"),
        ("DANGEROUSLY_ALLOW_HTTP", "1: allow plain http to other hosts, for tests"),
    ];
    let shared = [
        ("BROWSER", "The program that opens URLs"),
        ("CI", "Set: no prompts"),
        ("NO_COLOR", "Set: no colors"),
        ("TERM", "dumb: no colors, and nothing moves"),
        ("HTTPS_PROXY", "The proxy; also HTTP_PROXY, ALL_PROXY, NO_PROXY, and in lower case"),
        ("SSL_CERT_FILE", "A PEM file with certificates to trust instead of those of the system"),
    ];
    let own = own.map(|(name, meaning)| (brand.variable(name), meaning));
    let shared = shared.map(|(name, meaning)| (name.to_owned(), meaning));
    let width = own.iter().chain(&shared).map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = |variables: &[(String, &str)]| {
        let lines = variables.iter().map(|(name, meaning)| format!("  {name:<width$}  {meaning}\n"));
        lines.collect::<Vec<_>>().concat()
    };
    format!(
        "Environment variables. An empty one counts as unset, and one that is not UTF-8 is an error.\n\n{}\n\
         Of the system:\n\n{}\n\
         Flags come first, then variables, then the profile.\n",
        lines(&own),
        lines(&shared)
    )
}

fn scripting(brand: &Brand) -> String {
    let (key, status, token) =
        (brand.variable("API_KEY"), brand.command("auth status --json"), brand.command("auth token"));
    format!(
        "Scripts, CI and agents.\n\n\
         - Set {key} from the secret store of the CI. Nothing has to be stored or cleaned up.\n\
         - Without a terminal, with --no-input or with CI set, nothing prompts and nothing waits: not being signed in\n  \
         is exit code 2 at once.\n\
         - With --json, standard output is one JSON document, and an error or a warning is one line of JSON\n  \
         on standard error.\n\
         - Messages go to standard error; -q suppresses them.\n\
         - Global flags work before and after the command.\n\
         - Processes that run at the same time share one refresh.\n\n\
         Examples:\n  {status}\n  {}\n  {token} --format json\n",
        brand.command("auth login --start --json")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::brand;

    #[test]
    fn topics_are_worded_for_the_tool() {
        for (name, _) in TOPICS {
            let text = topic(name, &brand()).unwrap();
            assert!(!text.contains("keystile") && text.ends_with('\n'), "{text}");
        }
        assert!(topic("environment", &brand()).unwrap().contains("  ACME_API_KEY "));
        assert_eq!(topic("nothing", &brand()), None);
    }

    #[test]
    fn every_example_is_of_its_command() {
        for (name, lines) in EXAMPLES {
            assert!(lines.iter().all(|line| line.starts_with(name)), "{name}: {lines:?}");
        }
    }
}
