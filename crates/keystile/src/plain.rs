//! Text of a server, without the characters that control a terminal or change how a line is read.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_general_category::{GeneralCategory, get_general_category};

/// A control character (Unicode `Cc`), a format character (`Cf`: invisible, or changes the direction of text), or a line
/// or paragraph separator (`Zl`, `Zp`).
fn is_control(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    !matches!(c, ' '..='~')
        && matches!(get_general_category(c), Control | Format | LineSeparator | ParagraphSeparator)
}

/// The text without these characters, except for line feeds.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| c != '\n' && is_control(c)) {
        Cow::Owned(text.chars().filter(|c| *c == '\n' || !is_control(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The text as one line: line breaks and tabs become spaces, and the other characters are removed.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace("\r\n", " ");
    let visible = spaced.chars().filter_map(|c| match c {
        c if !is_control(c) => Some(c),
        c if c.is_whitespace() => Some(' '),
        _ => None,
    });
    Cow::Owned(visible.collect())
}

/// Serialized JSON with these characters as `\u` escapes, except for line feeds, which occur between tokens only.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && is_control(c)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !is_control(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` never fails.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C0, C1, bidirectional override, zero-width space, tag character, line and paragraph separator.
    const HOSTILE: &str = "a\u{1b}[2Jb\u{9b}c\u{202e}d\u{200b}e\u{e0041}f\u{2028}g\u{2029}h\r\ni\tj";

    #[test]
    fn ch_03_text_of_a_server_is_one_line_without_control_and_format_characters() {
        assert_eq!(line(HOSTILE), "a[2Jbcdef g h i j");
        assert_eq!(lines("a\u{1b}[2J\u{2028}b\nc"), "a[2Jb\nc");
        assert!(matches!(line("Zoë ❤ 日本"), Cow::Borrowed("Zoë ❤ 日本")));
    }

    #[test]
    fn ch_03_json_has_those_characters_as_escapes() {
        let document = serde_json::json!({ "name": HOSTILE });
        let text = document.to_string();
        let escaped = json(&text);
        assert!(escaped.contains("\\u202e") && escaped.contains("\\udb40\\udc41"), "{escaped}");
        assert!(!escaped.chars().any(is_control), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), document);
    }
}
