//! Prints the response of `api`.

use keystile::{ApiStream, Error, Screen, Session};

/// JSON of up to this size, in bytes, is indented on a terminal. A larger response is printed as it arrives.
const INDENTED: usize = 1 << 20;

/// Prints a response and returns its error. The body of a refusal is printed as well: it tells the caller more than the
/// error does. A 5xx has no useful body.
pub(super) async fn print(session: &Session, screen: &Screen, mut response: ApiStream) -> Result<(), Error> {
    let status = response.status();
    // A redirect is a failure too: a credential follows none.
    if status >= 300 {
        let response = response.into_response().await?;
        if status < 500 {
            print_whole(screen, status, response.bytes())?;
        }
        return session.error_for(&response).await.map_or(Ok(()), Err);
    }
    let mut begin = Vec::new();
    while screen.is_terminal() && begin.len() <= INDENTED {
        match response.chunk().await? {
            Some(part) => begin.extend(part),
            None => return print_whole(screen, status, &begin),
        }
    }
    let mut writer = screen.body_writer();
    writer.write(&begin)?;
    while let Some(part) = response.chunk().await? {
        writer.write(&part)?;
    }
    writer.finish()
}

pub(super) fn print_whole(screen: &Screen, status: u16, bytes: &[u8]) -> Result<(), Error> {
    let bytes = with_line_end(bytes);
    let shown = if screen.is_terminal() { indented(&bytes).unwrap_or(bytes) } else { bytes };
    screen.body(status, &shown)
}

fn with_line_end(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    bytes
}

/// Indented JSON; `None` if the bytes are not one JSON document.
fn indented(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut document = serde_json::Deserializer::from_slice(bytes);
    let mut indented = Vec::with_capacity(bytes.len() * 2);
    // A `serde_json::Value` would not keep the order of the members.
    serde_transcode::transcode(&mut document, &mut serde_json::Serializer::pretty(&mut indented)).ok()?;
    document.end().ok()?;
    indented.push(b'\n');
    Some(indented)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_json_document_is_indented_without_reordering_its_members() {
        let shown = indented(br#"{"b":1,"a":[true,"\u00e9"]}"#).unwrap();
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    \"\u{e9}\"\n  ]\n}\n"
        );
        assert_eq!(indented(b"not JSON"), None);
        assert_eq!(indented(b"1 2"), None);
    }
}
