//! The origin of a request, for audit events.

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;

use super::app::App;
use super::client_address::client_address;
use super::request_id;
use crate::domain::audit::Origin;

/// Maximum length of a stored user agent, in characters.
const USER_AGENT_LENGTH: usize = 256;

/// The origin of a request.
pub fn of(app: &App, request: &HttpRequest) -> Origin {
    let address = client_address(request, &app.config.server.trusted_proxies);
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        ip: address.map(|address| address.to_string()),
        user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_LENGTH).collect()),
        request_id: Some(request_id::current()),
    }
}
