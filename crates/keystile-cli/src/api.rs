//! `api METHOD PATH`: a raw API call with the credential in use.

use std::io::Read;

use super::args::ApiArgs;
use keystile::header::{AUTHORIZATION, CONTENT_TYPE};
use keystile::{App, Error, ErrorKind, Globals, HeaderName, HeaderValue, Method};

pub(super) async fn run(app: &App, globals: &Globals, args: ApiArgs) -> Result<(), Error> {
    let method = args.method.to_uppercase();
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
    let method = known
        .contains(&method.as_str())
        .then(|| Method::from_bytes(method.as_bytes()).ok())
        .flatten()
        .ok_or_else(|| {
            app.error(usage(
                format!("`{}` is not a method", args.method),
                "Use GET, POST, PUT, PATCH, DELETE or HEAD.",
            ))
        })?;
    let headers = args.headers.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>();
    let headers = headers.map_err(|kind| app.error(kind))?;
    let body = args.data.as_deref().map(body).transpose().map_err(|kind| app.error(kind))?;
    let session = app.session(globals).await?;
    let mut request = session.client().request(method, args.path);
    if let Some(body) = body {
        request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some(bytes) = args.max_size {
        request = request.limit(bytes);
    }
    let response = request.send_unchecked().await?;
    let screen = app.screen(globals);
    // Also prints the body of a 4xx, which tells the caller more than the error does. A 5xx has no useful body.
    if response.status() < 500 {
        let bytes = with_line_end(response.bytes());
        let shown = if screen.is_terminal() { indented(&bytes).unwrap_or(bytes) } else { bytes };
        screen.body(response.status(), &shown)?;
    }
    session.error_for(&response).await.map_or(Ok(()), Err)
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), ErrorKind> {
    let bad = || usage(format!("`{text}` is not a header"), "Write NAME:VALUE.");
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    let name: HeaderName = name.trim().parse().map_err(|_| bad())?;
    if name == AUTHORIZATION || name == "x-api-key" {
        return Err(usage(
            format!("{name} is set by the tool"),
            "Choose the credential with --profile, --api-key or the environment.",
        ));
    }
    Ok((name, value.trim().parse().map_err(|_| bad())?))
}

fn body(text: &str) -> Result<Vec<u8>, ErrorKind> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_vec()) };
    let mut bytes = Vec::new();
    let read = if path == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    read.map_err(|error| {
        usage(format!("Cannot read {path}: {error}"), "Write -d @FILE, or @- for standard input.")
    })?;
    Ok(bytes)
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

fn usage(message: String, hint: &str) -> ErrorKind {
    ErrorKind::Usage { message, hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_split_at_its_first_colon() {
        let (name, value) = header("X-Note: a:b").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-note", "a:b"));
        assert!(header("nothing").is_err());
    }

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

    #[test]
    fn credential_headers_are_refused() {
        assert!(header("Authorization: Bearer x").is_err());
        assert!(header("X-API-Key: x").is_err());
    }
}
