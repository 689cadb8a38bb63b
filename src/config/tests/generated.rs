//! config/example.toml and the tables of docs/configuration.md, which `make docs` makes from the sections.

use std::fmt::Write as _;
use std::fs;

use crate::config::document::Value;
use crate::config::key::{Key, Section};
use crate::config::{DEFAULT_LISTS, sections};

const EXAMPLE: &str = "config/example.toml";
const PAGE: &str = "docs/configuration.md";

/// The width of a line of the example.
const WIDTH: usize = 120;

const HEAD: &str = "\
# Every setting of the server with its default. To change one, remove the # before it and before its [section].
#
#   keystiled --config keystile.toml
#
# The environment overrides this file: KEYSTILE_TOKENS__ACCESS=1h is access in [tokens]. Lists are separated by
# commas there. A duration is an integer and a unit: s, min, h or d. `keystiled check-config` lists every fault with
# its line.
";

/// Writes both files. `make docs` runs it.
#[test]
#[ignore = "writes files; `make docs` runs it"]
fn make_docs() {
    fs::write(EXAMPLE, example()).unwrap();
    fs::write(PAGE, page(&fs::read_to_string(PAGE).unwrap())).unwrap();
}

#[test]
fn the_example_and_the_page_are_what_make_docs_writes() {
    let written = |path| fs::read_to_string(path).unwrap();
    assert!(
        written(EXAMPLE) == example(),
        "{EXAMPLE} differs from src/config/sections/ or config/default.toml: run `make docs`"
    );
    let on_disk = written(PAGE);
    assert!(page(&on_disk) == on_disk, "{PAGE} differs from src/config/sections/: run `make docs`");
}

fn example() -> String {
    let mut text = HEAD.to_owned();
    for section in sections::all() {
        text.push('\n');
        push_comment(&mut text, &first_paragraph(section.about));
        let _ = writeln!(text, "#[{}]", section.name);
        for key in section.keys {
            push_comment(&mut text, &brief(&key));
            if let Some(variable) = key.short_name {
                push_comment(&mut text, &format!("Environment: {variable}."));
            }
            let _ = writeln!(text, "#{} = {}", key.name, toml(&key.default));
        }
    }
    text.push('\n');
    // The heading of config/default.toml is not for users; its entries are defaults, and so commented out here.
    let (_, lists) = DEFAULT_LISTS.split_once("\n\n").unwrap();
    for line in lists.lines() {
        let mark = if line.is_empty() || line.starts_with('#') { "" } else { "#" };
        let _ = writeln!(text, "{mark}{line}");
    }
    text
}

/// The page with each generated part replaced. The rest is written by hand.
fn page(written: &str) -> String {
    let mut page = replace(written, "*", &short_names());
    for section in sections::all() {
        page = replace(&page, section.name, &table(&section));
    }
    page
}

fn replace(page: &str, source: &str, part: &str) -> String {
    let begin = format!("<!-- `make docs` writes this from src/config/sections/{source}.rs -->\n");
    let end = "<!-- end -->\n";
    let split = page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = split.unwrap_or_else(|| panic!("{PAGE} lacks {begin}{end}"));
    format!("{before}{begin}\n{part}\n{end}{after}")
}

fn short_names() -> String {
    let mut table = "| variable | key |\n| --- | --- |\n".to_owned();
    for section in sections::all() {
        for key in &section.keys {
            if let Some(variable) = key.short_name {
                let _ = writeln!(table, "| `{variable}` | `{}.{}` |", section.name, key.name);
            }
        }
    }
    table
}

fn table(section: &Section) -> String {
    let mut table =
        format!("{}\n\n| key | default | meaning |\n| --- | --- | --- |\n", join(&paragraphs(section.about)));
    for key in &section.keys {
        let default = match &key.default {
            Value::Text(text) if !text.is_empty() => text.clone(),
            other => toml(other),
        };
        let details = paragraphs(key.about).split_off(1);
        let meaning = join(&[vec![brief(key)], details].concat());
        assert!(!meaning.contains('|'), "{}.{}: a | ends a cell of the table", section.name, key.name);
        let _ = writeln!(table, "| `{}` | `{default}` | {} |", key.name, meaning.trim_end_matches('.'));
    }
    table
}

/// What a key means, and its range.
fn brief(key: &Key) -> String {
    join(&[first_paragraph(key.about)].into_iter().chain(key.range.clone()).collect::<Vec<_>>())
}

fn join(sentences: &[String]) -> String {
    sentences.join(" ")
}

fn first_paragraph(comment: &[&str]) -> String {
    paragraphs(comment).swap_remove(0)
}

fn paragraphs(comment: &[&str]) -> Vec<String> {
    let text: Vec<_> = comment.iter().map(|line| line.trim()).collect();
    text.split(|line| line.is_empty()).map(|lines| lines.join(" ")).collect()
}

/// Adds a text as lines of a comment, where it is not Markdown.
fn push_comment(file: &mut String, text: &str) {
    let mut line = "#".to_owned();
    for word in text.replace('`', "").split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(file, "{line}");
            "#".clone_into(&mut line);
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(file, "{line}");
}

fn toml(value: &Value) -> String {
    match value {
        Value::Text(text) => toml::Value::from(text.as_str()).to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Texts(texts) => toml::Value::from(texts.clone()).to_string(),
        Value::Untyped(_) | Value::Other(_) => panic!("{value:?} is the default of no key"),
    }
}
