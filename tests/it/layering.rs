//! The floors of the server: a module names only what is below it.

use std::fs;
use std::path::Path;

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
const ASIDE: [(&str, &[&str]); 4] = [
    ("main", &["admin", "config", "serve"]),
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
        let root = if module == "main" { "keystiled::" } else { "crate::" };
        let text = fs::read_to_string(&path).unwrap();
        let above = above(&text, depth(&path));
        for (line, other) in named_modules(&text, root).chain(above) {
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

/// How many modules deep a file is: 1 for `src/http.rs` and `src/http/mod.rs`.
fn depth(path: &Path) -> usize {
    let names = path.components().count() - 1;
    if path.ends_with("mod.rs") { names - 1 } else { names }
}

/// Every top module that a source of this depth names by `super::`, with its line.
fn above(text: &str, depth: usize) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    // The indents of the inline modules that are open; formatted code closes each with a brace at the same indent.
    let mut inline: Vec<usize> = Vec::new();
    let mut at = 0;
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if code.starts_with('}') && inline.last() == Some(&indent) {
            inline.pop();
        }
        if !code.starts_with("//") {
            for (place, _) in line.match_indices("super::") {
                let begins = !line[..place].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
                if begins {
                    let names = top_names(&text[at + place..], depth + inline.len());
                    found.extend(names.into_iter().map(|name| (number + 1, name)));
                }
            }
        }
        let opens = code.trim_start_matches("pub ").starts_with("mod ") && code.ends_with('{');
        if opens {
            inline.push(indent);
        }
        at += line.len() + 1;
    }
    found
}

/// The top modules that a path names which begins in a module of this depth.
fn top_names(path: &str, depth: usize) -> Vec<&str> {
    match path.strip_prefix("super::") {
        Some(rest) if depth > 1 => top_names(rest, depth - 1),
        Some(rest) => names(rest),
        None => paths_of_group(path).into_iter().flat_map(|path| top_names(path, depth)).collect(),
    }
}

/// The paths of a group, `{a, b::c}`; none if there is no group.
fn paths_of_group(rest: &str) -> Vec<&str> {
    let Some(group) = rest.strip_prefix('{') else { return Vec::new() };
    let (mut level, mut paths, mut start) = (0usize, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => level += 1,
            '}' if level > 0 => level -= 1,
            ',' | '}' if level == 0 => {
                paths.push(group[start..at].trim());
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    paths
}

/// The first name of a path, or of each path of a group.
fn names(rest: &str) -> Vec<&str> {
    let word = |path: &'_ str| path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    let paths = if rest.starts_with('{') { paths_of_group(rest) } else { vec![rest] };
    paths.into_iter().map(|path| &path[..word(path)]).collect()
}

#[test]
fn names_in_groups_and_lines_are_found() {
    let text = "use crate::store;\n// crate::pages\nuse crate::{\n    domain::{a, b},\n    http,\n};\nlet x = crate::web::y();";
    let found: Vec<_> = named_modules(text, "crate::").collect();
    assert_eq!(found, [(1, "store"), (3, "domain"), (3, "http"), (3, ""), (7, "web")]);
    assert!(allowed("http", "web") && allowed("config", "domain"));
    assert!(!allowed("http", "pages") && !allowed("store", "keys") && !allowed("domain", "config"));
    assert!(allowed("main", "serve") && !allowed("main", "store"));
}

#[test]
fn names_by_way_of_the_parent_are_found() {
    let text = "use super::super::{pages, store::{Store, Work}};\nuse super::answer;\n// super::super::keys\n\
        mod tests {\n    use super::super::super::admin;\n    use super::super::other;\n}\n\
        let x = super::super::web::y();\nuse super::{a, super::serve};\n";
    let path = Path::new("src/http/token.rs");
    assert_eq!(
        above(text, depth(path)),
        [(1, "pages"), (1, "store"), (5, "admin"), (8, "web"), (9, "serve")]
    );
    assert_eq!(depth(Path::new("src/http/mod.rs")), 1);
    assert_eq!(above("use super::keys;\n", depth(Path::new("src/http/mod.rs"))), [(1, "keys")]);
}
