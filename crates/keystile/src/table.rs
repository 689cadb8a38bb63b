//! Tables for the terminal, cut to its width.

use std::iter;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that are never cut, because users copy what is in them.
const WHOLE: [&str; 7] = ["", "KEY", "TOKEN", "SESSION", "ID", "SCOPE", "BUNDLE"];
/// The width below which no column is cut.
const NARROWEST: usize = 8;
const GAP: usize = 2;
const INDENT: &str = "    ";

/// The lines of a table whose first row is its heading, with two spaces between columns and none at the end of a line. A
/// table wider than `width` has its widest columns cut; if that is not enough, each cell gets a line.
pub(crate) fn lines(rows: &[Vec<String>], width: Option<usize>) -> Vec<String> {
    let Some(heading) = rows.first() else { return Vec::new() };
    let cell = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |cell| cell.width());
    let needed = |column| rows.iter().map(|row| cell(row, column)).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..heading.len()).map(needed).collect();
    if let Some(width) = width
        && !narrow(&mut widths, heading, width)
    {
        return records(rows);
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(text, width)| {
            let shown = cut(text, *width);
            let padding = width.saturating_sub(shown.width());
            shown + &" ".repeat(padding)
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Narrows the widest columns until the table fits; `false` if it cannot.
fn narrow(widths: &mut [usize], heading: &[String], width: usize) -> bool {
    loop {
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        if total <= width {
            return true;
        }
        let may_be_cut = |(column, width): &(usize, &mut usize)| {
            let whole = heading.get(*column).is_none_or(|name| WHOLE.contains(&name.as_str()));
            !whole && **width > NARROWEST
        };
        let widest = widths.iter_mut().enumerate().filter(may_be_cut).max_by_key(|(_, width)| **width);
        match widest {
            Some((_, width)) => *width -= 1,
            None => return false,
        }
    }
}

/// One line for each cell that is not empty, with an empty line between rows.
fn records(rows: &[Vec<String>]) -> Vec<String> {
    let Some((heading, rows)) = rows.split_first() else { return Vec::new() };
    let record = |row: &Vec<String>| {
        let cells = heading.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let lines =
            cells.map(|(name, cell)| if name.is_empty() { cell.clone() } else { format!("{name} {cell}") });
        lines.chain(iter::once(String::new())).collect::<Vec<_>>()
    };
    let mut lines: Vec<_> = rows.iter().flat_map(record).collect();
    lines.pop();
    lines
}

/// The text in lines of this width, broken at spaces and with all but the first indented. A word that is wider than a line
/// stays whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines
            .last_mut()
            .filter(|line| line.trim_start().is_empty() || line.width() + 1 + word.width() <= width);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(format!("{INDENT}{word}")),
        }
    }
    lines
}

/// The text, or as much of it as fits into this many columns of the terminal, ending with `…`.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |character: &char| match left.checked_sub(character.width().unwrap_or(0)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let kept: String = text.chars().take_while(fits).collect();
    if width == 0 { kept } else { kept + "…" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn columns_line_up_and_lines_end_with_text() {
        let rows = table(&[&["*", "default", "ada@example.com"], &["", "ci", ""]]);
        assert_eq!(lines(&rows, None), ["*  default  ada@example.com", "   ci"]);
        let wide = table(&[&["NAME", "ID"], &["工作站", "1"], &["lab", "2"]]);
        assert_eq!(lines(&wide, None), ["NAME    ID", "工作站  1", "lab     2"]);
    }

    #[test]
    fn ch_12_a_table_is_cut_to_the_width_of_the_terminal_but_not_what_is_copied() {
        let rows = table(&[
            &["KEY", "NAME", "SCOPES"],
            &["key_0123456789abcdef", "the key of the build", "deployments:read deployments:write"],
        ]);
        for width in [78, 60, 40] {
            let shown = lines(&rows, Some(width));
            assert!(shown.iter().all(|line| line.width() <= width), "{shown:?}");
            assert!(shown[1].starts_with("key_0123456789abcdef  "), "{shown:?}");
        }
        assert_eq!(lines(&rows, Some(78)), lines(&rows, None));
        let narrow = [
            "KEY key_0123456789abcdef",
            "NAME the key of the build",
            "SCOPES deployments:read deployments:write",
        ];
        assert_eq!(lines(&rows, Some(30)), narrow);
    }

    #[test]
    fn a_long_line_is_broken_at_spaces() {
        assert_eq!(wrap("one two three", 80), ["one two three"]);
        assert_eq!(wrap("one two three", 8), ["one two", "    three"]);
        assert_eq!(
            wrap("at https://auth.example.com now", 10),
            ["at", "    https://auth.example.com", "    now"]
        );
    }

    #[test]
    fn ch_12_text_is_cut_at_the_columns_that_it_takes() {
        assert_eq!(cut("waiting", 7), "waiting");
        assert_eq!(cut("waiting", 6), "waiti…");
        assert_eq!(cut("工作站", 4), "工…");
        assert_eq!(cut("waiting", 0), "");
    }
}
