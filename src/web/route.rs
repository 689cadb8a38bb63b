//! The route pattern of a request, without the path of the public URL.

use std::rc::Rc;

use actix_web::{HttpMessage, HttpRequest};

use super::app::App;

/// The pattern of the route that matched, below the path of the public URL: `/api/v1/keys/{id}`. `None` if no
/// route matched.
///
/// Compare this instead of the request's path, which may include the path of the public URL and can be
/// spelled in many ways.
pub fn of(request: &HttpRequest) -> Option<Rc<str>> {
    // Finding the pattern matches the path against every route again.
    let known = request.extensions().get::<Route>().map(|route| route.0.clone());
    known.unwrap_or_else(|| {
        let found = find(request);
        request.extensions_mut().insert(Route(found.clone()));
        found
    })
}

/// The result of [`of`] for a request.
struct Route(Option<Rc<str>>);

fn find(request: &HttpRequest) -> Option<Rc<str>> {
    let pattern = request.match_pattern()?;
    let app = App::of(request).ok()?;
    Some(app.config.server.public_url.below(&pattern).unwrap_or(&pattern).into())
}
