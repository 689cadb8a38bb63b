//! Query strings and path segments.

use crate::domain::parameters::Parameters;
use crate::pages::shared::request::PageRequest;

pub(in crate::pages) fn query(req: &PageRequest) -> Parameters {
    Parameters::parse(req.http.query_string().as_bytes()).unwrap_or_default()
}

/// An id as a path segment; `unknown` if it is not a valid id.
pub(in crate::pages) fn path_segment(id: &str) -> &str {
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { id } else { "unknown" }
}
