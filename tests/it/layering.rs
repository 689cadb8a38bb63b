//! The floors of the server: a module names only what is below it.

use std::fs;

use crate::support::sources;

/// Each module of `src/` and its floor.
const FLOORS: [(&str, u8); 13] = [
    ("domain", 0),
    ("config", 0),
    ("supervise", 0),
    ("keys", 1),
    ("store", 1),
    ("grants", 2),
    ("services", 2),
    ("web", 3),
    ("http", 4),
    ("pages", 4),
    ("routes", 5),
    ("serve", 5),
    ("admin", 5),
];

/// What stands outside the floors, or may look at a neighbor, and which modules it may name.
const ASIDE: [(&str, &[&str]); 6] = [
    ("client", &["domain"]),
    ("cli", &["client", "domain"]),
    ("bin", &["admin", "cli", "config", "serve"]),
    ("config", &["domain"]),
    ("serve", &["routes"]),
    ("admin", &["serve"]),
];

#[test]
fn a_module_names_only_what_is_below_it() {
    let mut faults = Vec::new();
    for path in sources("src") {
        let module = path
            .components()
            .nth(1)
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        let root = if module == "bin" { "keystile::" } else { "crate::" };
        let text = fs::read_to_string(&path).unwrap();
        for (line, other) in named_modules(&text, root) {
            if module != "lib" && !allowed(&module, other) {
                faults.push(format!("{}:{line} {module} names {other}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn allowed(module: &str, other: &str) -> bool {
    let floor = |name| FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor);
    let below = floor(module).zip(floor(other)).is_some_and(|(this, that)| that < this);
    let known = floor(other).is_some() || ASIDE.iter().any(|(known, _)| *known == other);
    let aside = ASIDE.iter().any(|(name, names)| *name == module && names.contains(&other));
    below || aside || module == other || !known
}

/// Every top module that a source names, with its line: `crate::a::b` and each name of `crate::{a, b::c}`.
fn named_modules<'a>(text: &'a str, root: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let in_comment =
        |at: usize| text[..at].lines().next_back().is_some_and(|line| line.trim_start().starts_with("//"));
    text.match_indices(root).filter(move |(at, _)| !in_comment(*at)).flat_map(|(at, found)| {
        let line = text[..at].lines().count();
        names(&text[at + found.len()..]).into_iter().map(move |name| (line, name))
    })
}

/// The first name of a path, or of each path of a group.
fn names(rest: &str) -> Vec<&str> {
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let Some(group) = rest.strip_prefix('{') else { return vec![&rest[..word(rest)]] };
    let (mut depth, mut names, mut start) = (0usize, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let path = group[start..at].trim_start();
                names.push(&path[..word(path)]);
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

#[test]
fn names_in_groups_and_lines_are_found() {
    let text = "use crate::store;\n// crate::pages\nuse crate::{\n    domain::{a, b},\n    http,\n};\nlet x = crate::web::y();";
    let found: Vec<_> = named_modules(text, "crate::").collect();
    assert_eq!(found, [(1, "store"), (3, "domain"), (3, "http"), (3, ""), (7, "web")]);
    assert!(allowed("http", "web") && allowed("config", "domain") && allowed("client", "domain"));
    assert!(!allowed("http", "pages") && !allowed("store", "keys") && !allowed("domain", "config"));
    assert!(!allowed("cli", "store") && !allowed("bin", "store") && !allowed("client", "cli"));
}
