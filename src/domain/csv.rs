//! Comma-separated values (RFC 4180) that are safe to open in a spreadsheet.
//!
//! A spreadsheet that separates cells by semicolons or tabs does not see the quotes around a cell: to it, only a quote
//! at the beginning of one of *its* cells counts. So formulas are also escaped at the beginning of what such a reader
//! takes for a cell, including after a line break.

/// Characters that start a formula in a spreadsheet.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Characters within a cell after which some reader starts another one. Not the comma: a reader that separates by
/// commas honors the quotes.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];

/// Characters that readers strip before they look for a formula.
const DROPPED: [char; 2] = [' ', '"'];

/// One line, with its line break.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (number, text) in cells.into_iter().enumerate() {
        if number > 0 {
            line.push(',');
        }
        cell(&mut line, text);
    }
    line.push_str("\r\n");
    line
}

/// Prefixes anything that looks like a formula with an apostrophe, which makes spreadsheets treat the cell as text.
fn cell(line: &mut String, text: &str) {
    line.push('"');
    let (mut begins, mut last) = (true, None);
    for (place, character) in text.char_indices() {
        // CR LF is one line break.
        let broken = (last, character) == (Some('\r'), '\n');
        if begins && !broken && text[place..].trim_start_matches(DROPPED).starts_with(FORMULA) {
            line.push('\'');
        }
        if character == '"' {
            line.push('"');
        }
        line.push(character);
        begins = SEPARATORS.contains(&character);
        last = Some(character);
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_quoted() {
        assert_eq!(line(["a", "", "b c", "ä"]), "\"a\",\"\",\"b c\",\"ä\"\r\n");
        assert_eq!(
            line(["a,b", "say \"no\"", "two\nlines"]),
            "\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\r\n"
        );
        assert_eq!(line([]), "\r\n");
    }

    #[test]
    fn lo_02_a_cell_never_becomes_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "=cmd|' /C calc'!A0", "  =1", "＝1"] {
            let line = line(["ok", evil]);
            assert!(line.starts_with("\"ok\",\"'"), "{line:?}");
            assert!(line.ends_with("\"\r\n"));
        }
        assert_eq!(line(["=\"a\""]), "\"'=\"\"a\"\"\"\r\n");
    }

    /// Parses cells like a reader that separates by `separator`: a quote counts at the beginning of a cell, up to the
    /// next one that is not doubled; what follows it belongs to the cell.
    fn read(text: &str, separator: char) -> Vec<String> {
        let mut cells = vec![String::new()];
        let mut rest = text.chars().peekable();
        let mut begins = true;
        while let Some(next) = rest.next() {
            let cell = cells.last_mut().unwrap();
            match next {
                '"' if begins => {
                    while let Some(quoted) = rest.next() {
                        match quoted {
                            '"' if rest.peek() == Some(&'"') => cell.extend(rest.next()),
                            '"' => break,
                            other => cell.push(other),
                        }
                    }
                    begins = false;
                }
                '\r' | '\n' => (cells, begins) = ([cells, vec![String::new()]].concat(), true),
                next if next == separator => (cells, begins) = ([cells, vec![String::new()]].concat(), true),
                next => {
                    cell.push(next);
                    begins = false;
                }
            }
        }
        cells
    }

    #[test]
    fn ce_04_no_reader_finds_a_formula_whichever_separator_it_takes() {
        let openings = ["", " ", "\"", "\" ", "''", "'"];
        for formula in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            for between in ["", "x;", "x;;", "x\t", "x\n", "x\r\n", "x\";", "x;\"", "x\"\t\"", "x\";\""] {
                for opening in openings {
                    let evil = format!("{between}{opening}{formula}");
                    let text = line(["ok", &evil, "a;b", &evil]);
                    for separator in [',', ';', '\t'] {
                        for cell in read(&text, separator) {
                            let seen = cell.trim_start_matches([' ', '"']);
                            assert!(
                                !seen.starts_with(FORMULA),
                                "{evil:?} by {separator:?}: {cell:?} in {text:?}"
                            );
                        }
                    }
                    let kept = formula.trim_start_matches('\t');
                    assert!(read(&text, ',').iter().any(|cell| cell.ends_with(kept)));
                }
            }
        }
    }
}
