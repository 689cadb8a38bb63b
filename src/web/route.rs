//! Which route of this server a request has, wherever the server is mounted.

use std::rc::Rc;

use actix_web::{HttpMessage, HttpRequest};

use super::app::App;

/// The pattern of the route that matched, below the path of the public URL: `/api/v1/keys/{id}`. `None` if none matched.
///
/// Whatever treats some routes in a way of their own compares this, and never the path of the request: a path may begin
/// with that of the public URL and may be spelled in many ways.
pub fn of(request: &HttpRequest) -> Option<Rc<str>> {
    // Finding the pattern matches the path against every route again.
    let known = request.extensions().get::<Route>().map(|route| route.0.clone());
    known.unwrap_or_else(|| {
        let found = find(request);
        request.extensions_mut().insert(Route(found.clone()));
        found
    })
}

/// What [`of`] found for a request.
struct Route(Option<Rc<str>>);

fn find(request: &HttpRequest) -> Option<Rc<str>> {
    let pattern = request.match_pattern()?;
    let app = App::of(request).ok()?;
    Some(app.config.server.public_url.below(&pattern).unwrap_or(&pattern).into())
}
