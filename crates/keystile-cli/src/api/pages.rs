//! `--paginate`: all pages of a list as one document.

use keystile::{ApiResponse, App, Error, ErrorKind, Session};
use serde_json::Value;

use super::Call;
use super::fields::with_parameter;

/// The largest document of all pages together, in bytes, unless `--max-size` is given.
const LIMIT: usize = 64 << 20;

/// Follows the `nextCursor` of a list, or the `Link` header (RFC 8288) with `rel="next"`. Returns the last response, and
/// the document of all pages; `None` if a page is an error.
pub(super) async fn all(
    app: &App,
    session: &Session,
    call: &Call,
) -> Result<(ApiResponse, Option<Vec<u8>>), Error> {
    let failed = |cause: String| app.error(ErrorKind::LocalFailure { what: "fetch all pages".into(), cause });
    let limit = call.max_size.unwrap_or(LIMIT);
    let (mut path, mut size) = (call.path.clone(), 0);
    let mut whole: Option<Value> = None;
    loop {
        let response = call.send(session, &path).await?;
        if response.status() >= 300 {
            return Ok((response, None));
        }
        size += response.bytes().len();
        if size > limit {
            return Err(failed(format!("together they are larger than {limit} bytes. Raise --max-size")));
        }
        let page: Value = serde_json::from_slice(response.bytes())
            .map_err(|error| failed(format!("a page is not JSON: {error}")))?;
        let next = next_path(call, &response, &page);
        let document = match whole {
            None => page,
            Some(whole) => joined(whole, page).ok_or_else(|| failed("a page is not a list".into()))?,
        };
        match next {
            None => return Ok((response, Some(without_cursor(document).to_string().into_bytes()))),
            Some(next) if next == path => {
                return Err(failed("the server names the same page again and again".into()));
            }
            Some(next) => path = next,
        }
        whole = Some(document);
    }
}

/// The path or URL of the next page.
fn next_path(call: &Call, response: &ApiResponse, page: &Value) -> Option<String> {
    if let Some(cursor) = page.get("nextCursor").and_then(Value::as_str) {
        return Some(with_parameter(&call.path, "cursor", cursor));
    }
    let links = response.headers().get_all("link").iter().filter_map(|value| value.to_str().ok());
    links.flat_map(|value| value.split(',')).find_map(next_link)
}

/// The target of a link whose relation is `next`.
fn next_link(link: &str) -> Option<String> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = parameters.split(';').any(|parameter| {
        let value = parameter.trim().strip_prefix("rel=").map(|value| value.trim_matches('"'));
        value.is_some_and(|value| value.split(' ').any(|relation| relation == "next"))
    });
    is_next.then(|| target.to_owned())
}

/// The list with the items of one more page: a page is an array, or an object with the array `data`.
fn joined(mut whole: Value, mut page: Value) -> Option<Value> {
    match (&mut whole, &mut page) {
        (Value::Array(items), Value::Array(more)) => items.append(more),
        (Value::Object(list), Value::Object(page)) => {
            let (Some(Value::Array(items)), Some(Value::Array(more))) =
                (list.get_mut("data"), page.get_mut("data"))
            else {
                return None;
            };
            items.append(more);
        }
        _ => return None,
    }
    Some(whole)
}

/// The document without the cursor of its first page.
fn without_cursor(mut document: Value) -> Value {
    if let Some(list) = document.as_object_mut()
        && list.contains_key("nextCursor")
    {
        list.insert("nextCursor".into(), Value::Null);
    }
    document
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_are_joined_and_the_cursor_ends() {
        let first = json!({ "data": [1], "nextCursor": "a" });
        let whole = joined(first, json!({ "data": [2, 3] })).unwrap();
        assert_eq!(without_cursor(whole), json!({ "data": [1, 2, 3], "nextCursor": null }));
        assert_eq!(joined(json!([1]), json!([2])), Some(json!([1, 2])));
        assert_eq!(joined(json!({ "data": 1 }), json!({ "data": [2] })), None);
    }

    #[test]
    fn the_link_header_names_the_next_page() {
        assert_eq!(next_link(r#"<https://a/x?page=2>; rel="next""#).as_deref(), Some("https://a/x?page=2"));
        assert_eq!(next_link(r#" <https://a/x>; title="b"; rel=next"#).as_deref(), Some("https://a/x"));
        assert_eq!(next_link(r#"<https://a/x>; rel="prev""#), None);
    }
}
