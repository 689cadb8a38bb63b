//! Help: every command has examples and a page, and topics that no command has.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::cli::Cli;

const DOCUMENTATION: &str = "\nDocumentation: https://github.com/keystile/keystile/blob/main/";

/// The commands in a help text.
fn commands(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let list = list.split("\n\n").next().unwrap();
    let names = list
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()));
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_help_has_an_example_and_the_address_of_its_page() {
    let cli = Cli::at("http://127.0.0.1:9");
    let mut open = vec![Vec::<String>::new()];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let help = cli.run(&[&words[..], &["--help"]].concat()).await.good().out;
        let name = ["keystile", &words.join(" ")].join(" ");
        let (_, examples) =
            help.split_once("\nExample").unwrap_or_else(|| panic!("{name} has no example: {help}"));
        let first = examples.lines().nth(1).unwrap();
        let is_own = first.starts_with(&format!("  {}", name.trim_end()));
        assert!(is_own, "{name}: {first}");
        let page = help.split_once(DOCUMENTATION).unwrap_or_else(|| panic!("{name} has no page: {help}")).1;
        assert!(Path::new(page.trim_end()).is_file(), "{name}: {page}");
        assert!(help.contains("--issuer <URL>"), "{name} knows no --issuer");
        seen += 1;
        for command in commands(&help) {
            open.push([&path[..], &[command]].concat());
        }
    }
    assert!(seen > 50, "{seen}");
}

#[tokio::test]
async fn topics_that_no_command_has_are_explained() {
    let cli = Cli::at("http://127.0.0.1:9");
    for topic in ["environment", "exit-codes", "scripting"] {
        let ran = cli.run(&["help", topic]).await.good();
        assert!(ran.err.is_empty() && ran.out.lines().count() > 8, "{ran:#?}");
        assert!(cli.run(&["--help"]).await.good().out.contains(&format!("help {topic}")));
    }
    cli.run(&["help", "nothing"]).await.failed(1, "unrecognized subcommand 'nothing'\n");
    assert!(cli.run(&["help", "auth", "login"]).await.good().out.contains("Usage: keystile auth login"));
}

#[tokio::test]
async fn the_topic_names_the_variables_of_the_documentation() {
    let page = std::fs::read_to_string("docs/cli/environment.md").unwrap();
    let names = |text: &str| -> BTreeSet<String> {
        let is_part = |character: char| character.is_ascii_uppercase() || character == '_';
        let words = text.split(|character| !is_part(character));
        words.filter(|word| word.starts_with("KEYSTILE_")).map(str::to_owned).collect()
    };
    let told = names(&Cli::at("http://127.0.0.1:9").run(&["help", "environment"]).await.good().out);
    let mut documented = names(&page);
    // For other programs.
    documented.remove("KEYSTILE_ACCESS_TOKEN");
    assert_eq!(told, documented);
}

#[tokio::test]
async fn exit_codes_are_those_of_the_documentation() {
    let page = std::fs::read_to_string("docs/cli/exit-codes-and-json.md").unwrap();
    let told = Cli::at("http://127.0.0.1:9").run(&["help", "exit-codes"]).await.good().out;
    let numbers = |text: &str, start: &str| -> BTreeSet<u32> {
        let lines =
            text.lines().filter_map(|line| line.strip_prefix(start)?.split([' ', '|']).next()?.parse().ok());
        lines.collect()
    };
    assert_eq!(numbers(&told, "  "), numbers(&page, "| "));
}
