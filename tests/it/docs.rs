//! The documentation matches the sources: quoted texts, variables, commands and links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::cli::companion;
use crate::support::operator::documented_registrations;
use crate::support::{files, sources};

/// The pages for users.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = files("docs", "md");
    pages.extend(files("crates", "md"));
    pages.extend(["README.md", "SECURITY.md", "CONTRIBUTING.md"].map(PathBuf::from));
    pages.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The pages for users of the CLI.
fn cli_pages() -> Vec<(PathBuf, String)> {
    pages().into_iter().filter(|(path, _)| path.components().any(|part| part.as_os_str() == "cli")).collect()
}

/// The code blocks of a page in this language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// The string literals of a Rust file, with a marker for each placeholder.
fn literals(source: &str) -> Vec<String> {
    const HOLE: char = '\0';
    let code: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace("'\"'", "").replace("'\\''", "");
    let mut characters = code.chars();
    let mut found = Vec::new();
    while characters.by_ref().any(|character| character == '"') {
        let mut text = String::new();
        while let Some(character) = characters.next().filter(|character| *character != '"') {
            match character {
                '\\' => match characters.next() {
                    // A string that continues on the next line.
                    Some('\n') => {
                        let rest = characters.as_str().trim_start();
                        characters = rest.chars();
                    }
                    Some(escaped) => text.push(escaped),
                    None => {}
                },
                '{' => {
                    characters.by_ref().find(|character| *character == '}');
                    text.push(HOLE);
                }
                other => text.push(other),
            }
        }
        found.push(text);
    }
    found
}

/// Whether a literal produces this line, once its placeholders are filled.
fn produces(literal: &str, line: &str) -> bool {
    let parts: Vec<_> = literal.split('\0').collect();
    let [first, middle @ .., last] = &parts[..] else { return literal == line };
    // A literal that is almost only placeholders would match anything.
    if parts.iter().map(|part| part.len()).sum::<usize>() < 10 {
        return false;
    }
    let Some(mut rest) = line.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    middle.iter().all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[test]
fn cg_02_every_page_registers_a_tool_with_the_same_command() {
    let examples =
        files("examples", "md").into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap()));
    let registrations: BTreeMap<PathBuf, Vec<String>> = pages()
        .into_iter()
        .chain(examples)
        .map(|(path, text)| (path, documented_registrations(&text)))
        .filter(|(_, registrations)| !registrations.is_empty())
        .collect();
    let expected = &registrations[Path::new("README.md")];
    for page in ["docs/cli/embedding.md", "examples/weather/README.md"] {
        assert!(registrations.contains_key(Path::new(page)), "{page} registers no tool");
    }
    for (page, registrations) in &registrations {
        assert_eq!(registrations, expected, "{}", page.display());
    }
}

#[test]
fn troubleshooting_quotes_texts_of_the_cli() {
    let page = fs::read_to_string("docs/cli/troubleshooting.md").unwrap();
    let texts: Vec<_> =
        sources("crates/keystile/src").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let literals: BTreeSet<_> = texts.iter().flat_map(|text| literals(text)).collect();
    // Long texts have several lines in the sources.
    let words: String = literals.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let mut strange = Vec::new();
    let mut headlines = 0;
    for line in blocks(&page, "text").into_iter().flat_map(str::lines) {
        let said = line.trim_start_matches(['✗', '!']).trim_start();
        headlines += usize::from(said.len() + 2 <= line.len() && !line.starts_with(' '));
        // Text of a rate limit comes from the server; the CLI passes it on after this prefix.
        let is_passed_on = line.starts_with("✗ Rate limited: ");
        if !is_passed_on && !words.contains(said) && !literals.iter().any(|literal| produces(literal, said)) {
            strange.push(line);
        }
    }
    assert!(headlines > 30, "{headlines}");
    assert!(strange.is_empty(), "nothing in crates/keystile says\n{}", strange.join("\n"));
}

#[test]
fn a_quoted_line_is_a_literal_with_its_holes_filled() {
    let found = literals(
        r#"f("Run `{login}` or \"{}\" \
            again", '"', "{cause}.")"#,
    );
    assert_eq!(found, ["Run `\0` or \"\0\" again", "\0."]);
    assert!(produces(&found[0], "Run `keystile auth login` or \"x\" again"));
    assert!(!produces(&found[0], "Run `keystile auth login` or \"x\" again."));
    assert!(!produces(&found[1], "Nobody says this."));
    assert!(produces("Not authenticated", "Not authenticated"));
}

/// The names with this prefix in a text.
fn names<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let is_part = |character: char| character.is_ascii_uppercase() || character == '_';
    text.split(|character| !is_part(character)).filter_map(|word| word.strip_prefix(prefix)).collect()
}

#[test]
fn the_variables_of_the_pages_and_of_the_cli_are_the_same() {
    let page = fs::read_to_string("docs/cli/environment.md").unwrap();
    let (documented, known) = (names(&page, "KEYSTILE_"), names(&page, ""));
    let code: String =
        sources("crates/keystile/src").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let unknown: Vec<_> = documented.iter().filter(|name| !code.contains(&format!("\"{name}\""))).collect();
    assert!(unknown.is_empty(), "nobody reads KEYSTILE_{unknown:?}");
    let elsewhere: Vec<_> = cli_pages()
        .iter()
        .flat_map(|(_, text)| names(text, "KEYSTILE_").into_iter().map(str::to_owned).collect::<Vec<_>>())
        .filter(|name| !documented.contains(name.as_str()))
        .collect();
    assert!(elsewhere.is_empty(), "environment.md has no KEYSTILE_{elsewhere:?}");
    let calls = ["own(", "own_flag(", "url_variable(", "variable("];
    let asked = calls.iter().flat_map(|call| code.split(call).skip(1));
    let read = asked.filter_map(|rest| rest.split(')').next()?.split('"').nth(1));
    let read: BTreeSet<_> = read.filter(|name| names(name, "").contains(name)).collect();
    let missing: Vec<_> =
        read.iter().filter(|name| !documented.contains(*name) && !known.contains(*name)).collect();
    assert!(missing.is_empty(), "environment.md has no {missing:?}");
}

#[test]
fn every_code_of_an_error_is_in_the_table() {
    let page = fs::read_to_string("docs/cli/exit-codes-and-json.md").unwrap();
    let source = fs::read_to_string("crates/keystile/src/error/json.rs").unwrap();
    let arms = source.lines().filter_map(|line| line.split_once("=> \"")?.1.split('"').next());
    let missing: Vec<_> = arms.filter(|code| !page.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "the page has no {missing:?}");
}

/// The help texts of the CLI, cached by command.
#[derive(Default)]
struct Help(BTreeMap<Vec<String>, String>);

impl Help {
    fn of(&mut self, path: &[String]) -> &str {
        self.0.entry(path.to_vec()).or_insert_with(|| {
            let mut command = Command::new(companion());
            command.args(path).arg("--help").env_clear().env("HOME", "/nonexistent");
            let said = command.output().unwrap();
            assert!(said.status.success(), "{path:?}: {said:?}");
            String::from_utf8(said.stdout).unwrap()
        })
    }

    /// The problem with a line that starts with `keystile `, if there is one.
    fn fault(&mut self, line: &str) -> Option<String> {
        let mut path = Vec::new();
        let line = line.split([';', '|', '>', '<', '#', '`', '(', ')']).next().unwrap_or_default();
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            // Takes commands and topics, which have tests of their own.
            if path == ["help"] {
                return None;
            }
            let help = self.of(&path).to_owned();
            if let Some(flag) = word.strip_prefix("--") {
                let lines = || help.lines().flat_map(|line| line.split("--").skip(1));
                let named = |rest: &str| rest.split([' ', ',', '.']).next() == Some(flag);
                let Some(rest) = lines().find(|rest| named(rest)) else {
                    return Some(format!("{path:?} has no --{flag}"));
                };
                if rest.starts_with(&format!("{flag} <")) {
                    words.next();
                }
                continue;
            }
            let Some((_, commands)) = help.split_once("Commands:\n") else { continue };
            let commands = commands.split("\n\n").next().unwrap_or(commands);
            if !commands.lines().any(|line| line.split_whitespace().next() == Some(word)) {
                return Some(format!("{path:?} has no {word}"));
            }
            path.push(word.to_owned());
        }
        None
    }
}

#[test]
fn the_commands_and_flags_of_the_pages_are_those_of_the_cli() {
    let mut help = Help::default();
    let mut faults = Vec::new();
    let mut seen = 0;
    for (path, text) in cli_pages() {
        let fenced = ["sh", "text", "yaml"].iter().flat_map(|language| blocks(&text, language));
        let lines = fenced.flat_map(str::lines).map(|line| line.trim_start().trim_start_matches("$ "));
        let prose = text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2));
        let quoted = blocks(&text, "text").into_iter().flat_map(|block| block.split('`').skip(1).step_by(2));
        let said = lines.chain(prose).chain(quoted);
        for line in said.filter_map(|line| line.strip_prefix("keystile ")) {
            seen += 1;
            let fault = help.fault(line);
            faults.extend(fault.map(|fault| format!("{}: keystile {line}: {fault}", path.display())));
        }
    }
    assert!(seen > 60, "{seen}");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let is_kept = |character: &char| character.is_alphanumeric() || [' ', '-', '_'].contains(character);
    let heading = heading.to_lowercase();
    let kept = heading.chars().filter(is_kept);
    kept.map(|character| if character == ' ' { '-' } else { character }).collect()
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).unwrap();
    let prose = text.split("```").step_by(2).flat_map(str::lines);
    let headings = prose.filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'));
    headings.map(|heading| anchor(heading.trim())).collect()
}

#[test]
fn every_link_of_the_pages_has_a_target() {
    let mut dead = Vec::new();
    for (page, text) in pages() {
        let prose = text.split("```").step_by(2).flat_map(|prose| prose.split("](").skip(1));
        for link in prose.filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let is_there = target.exists() && (heading.is_empty() || anchors(&target).contains(heading));
            if !is_there {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "\n{}", dead.join("\n"));
}

#[test]
fn the_documented_backoff_honors_retry_after() {
    let page = fs::read_to_string("docs/cli/scripts-ci-agents.md").unwrap();
    let example = blocks(&page, "sh").into_iter().find(|block| block.contains("with_backoff()")).unwrap();
    let (function, _) = example.split_once("\n}\n").unwrap();
    let script = format!(
        r#"set -eu
{function}
}}
sleep() {{ echo "waits $1"; }}
calls=0
busy() {{
    calls=$((calls + 1))
    if ((calls < 3)); then echo '{{"error":{{"retry_after":12,"exit_code":4}}}}' >&2; return 4; fi
    echo done
}}
with_backoff busy
absent() {{ echo absent; return 5; }}
with_backoff absent || echo "ends with $?"
"#
    );
    let ran = Command::new("bash").arg("-c").arg(script).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let error = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(said, "waits 12\nwaits 12\ndone\nabsent\nends with 5\n", "{error}");
}
