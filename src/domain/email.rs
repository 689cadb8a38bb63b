//! Email addresses for sign-in.

/// Normalizes an address to the form that is stored and compared: trimmed, ASCII, lowercase. `None` if it is invalid.
///
/// Rejects characters outside ASCII, so that no two addresses differ only in characters that look alike.
pub fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let printable = text.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[]\\,;:\"".contains(&b));
    let domain_holds = domain.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
    });
    let holds = printable && domain_holds && !local.is_empty() && !local.contains('@') && text.len() <= 254;
    holds.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_14_case_and_spaces_do_not_matter_and_look_alikes_are_refused() {
        assert_eq!(canonical(" Ada@Example.COM ").as_deref(), Some("ada@example.com"));
        for bad in [
            "alıce@example.com",
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "a@b@c.de",
            "a@.de",
            "a<b@c.de",
        ] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
    }
}
