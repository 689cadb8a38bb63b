//! Comma-separated values: RFC 4180, and safe to open in a spreadsheet.

/// Characters with which a spreadsheet takes a cell for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One line with its end.
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

/// What begins like a formula gets an apostrophe before it, which spreadsheets take for "this is text".
fn cell(line: &mut String, text: &str) {
    let formula = text.trim_start_matches(' ').starts_with(FORMULA);
    let quoted = formula || text.contains([',', '"', '\r', '\n']);
    if quoted {
        line.push('"');
    }
    if formula {
        line.push('\'');
    }
    for character in text.chars() {
        if character == '"' {
            line.push('"');
        }
        line.push(character);
    }
    if quoted {
        line.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(line(["a", "", "b c", "ä"]), "a,,b c,ä\r\n");
        assert_eq!(
            line(["a,b", "say \"no\"", "two\nlines"]),
            "\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\r\n"
        );
        assert_eq!(line([]), "\r\n");
    }

    #[test]
    fn lo_02_a_cell_never_becomes_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "=cmd|' /C calc'!A0", "  =1"] {
            let line = line(["ok", evil]);
            assert!(line.starts_with("ok,\"'"), "{line:?}");
            assert!(line.ends_with("\"\r\n"));
        }
        assert_eq!(line(["=\"a\""]), "\"'=\"\"a\"\"\"\r\n");
    }
}
