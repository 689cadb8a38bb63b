//! Codes typed by people, with the separators and character forms that keyboards and word processors produce.

/// Code point distance from ASCII characters to their full-width forms.
const FULL_WIDTH: u32 = 0xFEE0;

/// The characters of a typed code in uppercase. Drops spaces, punctuation, dashes and invisible characters; converts
/// full-width letters and digits, which Japanese and Chinese keyboards produce, to ASCII.
pub fn normalize(typed: &str) -> impl Iterator<Item = char> {
    typed.chars().map(narrow).filter(|c| !is_separator(*c)).map(|c| c.to_ascii_uppercase())
}

fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - FULL_WIDTH).unwrap_or(c),
        _ => c,
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || c.is_ascii_punctuation()
        || matches!(
            c,
            // Dashes, hyphens and the minus sign, and what Japanese keyboards produce for them.
            '\u{058a}' | '\u{05be}' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{2e3a}' | '\u{2e3b}'
            | '\u{301c}' | '\u{30fb}' | '\u{30fc}' | '\u{fe58}' | '\u{fe63}' | '\u{ff65}' | '\u{ff70}'
            // The middle dot, quotation marks, and zero-width characters.
            | '\u{00b7}' | '\u{2018}'..='\u{201f}' | '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_letter_forms_do_not_matter() {
        for typed in [
            "WDJB-MJHT",
            " wdjb mjht\u{a0}",
            "WDJB–MJHT",
            "WDJB—MJHT",
            "WDJB\u{2011}MJHT",
            "WDJB−MJHT",
            "ＷＤＪＢ－ＭＪＨＴ",
            "ｗｄｊｂ　ｍｊｈｔ",
            "ＷＤＪＢーＭＪＨＴ",
            "“WDJB·MJHT”",
            "WDJB\u{200b}\u{ad}MJHT\u{feff}\r\n",
        ] {
            assert_eq!(normalize(typed).collect::<String>(), "WDJBMJHT", "{typed}");
        }
    }

    #[test]
    fn other_letters_stay_what_they_are() {
        assert_eq!(normalize("ＷÄ١Ж7").collect::<String>(), "WÄ١Ж7");
    }
}
