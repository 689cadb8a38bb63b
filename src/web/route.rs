//! Which route of this server a request has, wherever the server is mounted.

use actix_web::HttpRequest;

use super::app::App;

/// The pattern of the route that matched, below the path of the public URL: `/api/v1/keys/{id}`. `None` if none matched.
///
/// Whatever treats some routes in a way of their own compares this, and never the path of the request: a path may begin
/// with that of the public URL and may be spelled in many ways.
pub fn of(request: &HttpRequest) -> Option<String> {
    let pattern = request.match_pattern()?;
    let app = App::of(request).ok()?;
    Some(app.config.server.public_url.below(&pattern).map(str::to_owned).unwrap_or(pattern))
}
