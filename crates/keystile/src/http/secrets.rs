//! Secrets in requests and responses.

use oauth2::http::HeaderMap;
use oauth2::{HttpRequest, HttpResponse};
use serde_json::Value;
use url::form_urlencoded;

/// Members of a token response or device authorization response with secrets. Not `user_code`, which is shown.
const MEMBERS: [&str; 4] = ["access_token", "refresh_token", "id_token", "device_code"];
/// Further parameters with secrets. In JSON, their names also stand for other things: the code of an error.
const PARAMETERS: [&str; 6] = ["token", "subject_token", "code", "code_verifier", "client_secret", "state"];

/// Calls `found` with each secret of a request: in its headers and its form.
pub(super) fn of_request(request: &HttpRequest, mut found: impl FnMut(&str)) {
    let headers = request.headers();
    if let Some(credential) = text(headers, "authorization") {
        found(credential.split_once(' ').map_or(credential, |(_, credential)| credential));
    }
    text(headers, "x-api-key").into_iter().for_each(&mut found);
    if text(headers, "content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    {
        of_pairs(request.body(), &mut found);
    }
}

/// Calls `found` with each secret of a response: in its JSON, and in the query and fragment of its `Location`.
pub(super) fn of_response(response: &HttpResponse, mut found: impl FnMut(&str)) {
    if let Some(location) = text(response.headers(), "location") {
        location.split(['?', '#']).skip(1).for_each(|pairs| of_pairs(pairs.as_bytes(), &mut found));
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(response.body()) else { return };
    for name in MEMBERS {
        if let Some(Value::String(secret)) = members.get(name) {
            found(secret);
        }
    }
}

fn of_pairs(pairs: &[u8], found: &mut impl FnMut(&str)) {
    // The raw values too: not every server encodes them.
    let raw = std::str::from_utf8(pairs).unwrap_or_default();
    let raw = raw.split('&').filter_map(|pair| pair.split_once('='));
    raw.filter(|(name, _)| is_secret(name)).for_each(|(_, secret)| found(secret));
    form_urlencoded::parse(pairs).filter(|(name, _)| is_secret(name)).for_each(|(_, secret)| found(&secret));
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_secret(name: &str) -> bool {
    MEMBERS.contains(&name) || PARAMETERS.contains(&name)
}
