//! Untrusted text is never markup.

use std::fs;
use std::path::{Path, PathBuf};

use crate::pages::samples::every_page;
use crate::pages::tests::pages;

const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title></textarea></pre><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}<!--",
];
const BIDI: &str = "abc\u{202e}gnp.exe\u{2066}\u{200f}";

/// The tags of a page in order, without the quoted values of their attributes.
fn skeleton(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut tag: Option<String> = None;
    let mut quoted = false;
    for c in html.chars() {
        match (&mut tag, c) {
            (None, '<') => tag = Some(String::new()),
            (Some(name), '>') if !quoted => {
                tags.push(std::mem::take(name));
                tag = None;
            }
            (Some(_), '"') => quoted = !quoted,
            (Some(name), c) if !quoted => name.push(c),
            _ => {}
        }
    }
    tags
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn hostile_text_changes_no_tag() {
    for hostile in HOSTILE {
        let attacked = every_page(&|_| hostile.to_owned());
        for ((name, plain), (_, attacked)) in pages().into_iter().zip(attacked) {
            assert_eq!(skeleton(&plain), skeleton(&attacked), "{name}: {hostile}");
        }
    }
}

#[test]
fn hostile_text_of_any_length_renders() {
    for (name, page) in every_page(&|_| "W".repeat(300)) {
        assert!(page.ends_with("</html>"), "{name}");
    }
}

#[test]
fn foreign_direction_marks_are_isolated() {
    for (name, page) in every_page(&|_| BIDI.to_owned()) {
        for (at, _) in page.match_indices(BIDI) {
            let before = &page[..at];
            let in_bdi = before
                .rfind("<bdi")
                .is_some_and(|open| !before[open..].contains("</bdi>") && page[at..].contains("</bdi>"));
            let in_value = before.rfind('<') > before.rfind('>');
            assert!(in_bdi || in_value, "{name}: {}", &page[before.floor_char_boundary(at - 60)..at]);
        }
    }
}

#[test]
fn no_foreign_text_is_in_a_title() {
    for (name, page) in every_page(&|_| "FOREIGN".to_owned()) {
        let title = page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        assert!(!title.contains("FOREIGN"), "{name}: {title}");
    }
}

#[test]
fn templates_hold_no_inline_code_and_trust_no_value() {
    let banned =
        [" style=", "<style", "<script>", "javascript:", "|safe", "| safe", "{% filter", "autofocus"];
    for path in files("templates").into_iter().chain(files("static")) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for banned in banned {
            assert!(!text.contains(banned), "{}: {banned}", path.display());
        }
        let handler = text.split(" on").skip(1).any(|rest| {
            let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            !name.is_empty() && rest[name.len()..].starts_with("=\"")
        });
        assert!(!handler, "{}: an inline event handler", path.display());
    }
}
