//! Tests of all pages.

use crate::pages::samples::{Sample, every_page};

mod consent;

mod hostile;

mod refusals;

mod structure;

mod words;

fn as_written(text: &str) -> String {
    text.to_owned()
}

fn pages() -> Vec<Sample> {
    every_page(&as_written)
}

/// The text of a page without its tags, with single spaces.
fn visible(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (spaced, mark) in [(" ,", ","), (" .", "."), (" ?", "?"), (" ;", ";")] {
        text = text.replace(spaced, mark);
    }
    text
}

/// Visible text of a page.
fn words_of(name: &str) -> String {
    visible(&page(name))
}

/// The page of this name.
fn page(wanted: &str) -> String {
    let found = pages().into_iter().find(|(name, _)| *name == wanted);
    found.unwrap_or_else(|| panic!("there is no page {wanted}")).1
}
