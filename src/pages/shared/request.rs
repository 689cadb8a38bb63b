//! Page requests: browser, forms and responses.

use std::cell::RefCell;
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{Payload, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, Resource, ResponseError, web,
};
use askama::Template;

use crate::domain::parameters::Parameters;
use crate::pages::shared::refusal::{Refusal, RefusalPage};
use crate::pages::shared::shell::{FootLinks, Person, Shell, Theme};
use crate::store::StoreError;
use crate::store::users::User;
use crate::store::web_sessions::WebSession;
use crate::web::app::App;
use crate::web::browser::{Browser, CsrfError, FormTokens};
use crate::web::client_address::client_address;
use crate::web::form::{self, FormError};
use crate::web::limits;
use crate::web::{origin, request_id};

/// Content-Security-Policy of every page. There is no inline code, so it needs no exception.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
const FEATURES: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), \
    clipboard-write=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=()";

/// Headers of every page.
pub fn security_headers() -> [(HeaderName, &'static str); 8] {
    [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Under no-referrer, browsers send `Origin: null` with our own forms.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), FEATURES),
        (header::CACHE_CONTROL, "no-store"),
    ]
}

/// A page request with its browser; the first argument of page handlers.
pub struct PageRequest {
    pub app: App,
    pub browser: Rc<Browser>,
    pub address: Option<IpAddr>,
    pub http: HttpRequest,
    theme: Theme,
}

/// Result of a page handler.
pub type PageResult = Result<HttpResponse, PageError>;

/// Early end of a page handler.
#[derive(Debug)]
pub enum PageError {
    /// A complete response, taken once.
    Answer(Box<RefCell<Option<HttpResponse>>>),
    /// A store error; `render_failures` renders the page.
    Failed(StoreError),
}

impl FromRequest for PageRequest {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = App::clone(App::of(&request)?);
            let browser = Rc::new(Browser::load(&app, &request, origin::of(&app, &request)).await?);
            request.extensions_mut().insert(browser.clone());
            Ok(Self::new(app, request, browser))
        })
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(_) => f.write_str("answered early"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl ResponseError for PageError {
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Answer(answer) => {
                answer.take().unwrap_or_else(|| HttpResponse::InternalServerError().finish())
            }
            Self::Failed(_) => HttpResponse::InternalServerError().finish(),
        }
    }
}

impl From<HttpResponse> for PageError {
    fn from(answer: HttpResponse) -> Self {
        Self::Answer(Box::new(RefCell::new(Some(answer))))
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// A resource of which a browser sees a page even where the database fails.
pub fn page_resource(
    path: &str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    web::resource(path).wrap(from_fn(render_failures))
}

/// Renders errors of page handlers as pages. A middleware, because an error does not know its request.
async fn render_failures(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let response = next.call(request).await?;
    let failure = match response.response().error().and_then(|error| error.as_error()) {
        Some(PageError::Failed(error)) => error.clone(),
        Some(PageError::Answer(_)) | None => return Ok(response.map_into_left_body()),
    };
    let Ok(answer) = failure_page(response.request(), &failure) else {
        return Ok(response.map_into_left_body());
    };
    Ok(response.into_response(answer).map_into_right_body())
}

/// The page that says that the database failed.
pub(super) fn failure_page(request: &HttpRequest, failure: &StoreError) -> PageResult {
    let app = App::clone(App::of(request)?);
    let known = request.extensions().get::<Rc<Browser>>().cloned();
    let browser = known.unwrap_or_else(|| Rc::new(Browser::unknown(origin::of(&app, request))));
    Ok(PageRequest::new(app, request.clone(), browser).failed(failure))
}

/// A posted form of this server.
pub(in crate::pages) enum Posted {
    Ours(Parameters),
    /// The token does not belong to this browser's session, so the form must not change anything.
    Stale(Parameters),
}

impl PageRequest {
    fn new(app: App, http: HttpRequest, browser: Rc<Browser>) -> Self {
        Self {
            address: client_address(&http, &app.config.server.trusted_proxies),
            theme: theme(&app, &http),
            app,
            browser,
            http,
        }
    }

    /// Who is signed in.
    pub(in crate::pages) fn person(&self) -> Option<&(WebSession, User)> {
        self.browser.session.as_ref()
    }

    /// The browser's address, if it can be compared with a tool's. Behind an untrusted proxy both would be
    /// the proxy's, and a wrong "same network" is worse than none.
    pub(in crate::pages) fn comparable_address(&self) -> Option<IpAddr> {
        let forwarded = self.http.headers().contains_key("x-forwarded-for");
        let peer = self.http.peer_addr()?.ip().to_canonical();
        self.address.filter(|address| !forwarded || *address != peer)
    }

    /// Counts a sign-in start; the refusal page if there are too many from this network.
    pub(in crate::pages) fn begin_sign_in(&self) -> Option<HttpResponse> {
        let exceeded = limits::begin_sign_in(&self.app, &self.http).err()?;
        Some(self.refuse(Refusal::TooManyTries { seconds: exceeded.retry_after }))
    }

    pub(in crate::pages) fn base(&self) -> &str {
        self.app.config.server.public_url.path()
    }

    pub(in crate::pages) fn shell(&self) -> Shell {
        let path = self.http.uri().path_and_query().map_or("/", |path| path.as_str());
        let brand = &self.app.config.brand;
        Shell {
            brand: brand.name.clone(),
            host: self.app.config.server.public_url.host_label().to_owned(),
            base: self.base().to_owned(),
            person: self
                .person()
                .map(|(_, user)| Person { name: user.name.clone(), email: user.email.clone() }),
            theme: self.theme,
            tokens: self.tokens(),
            flash: flash(self.http.query_string()).map(str::to_owned),
            links: FootLinks {
                help: brand.help_url.clone(),
                support: brand.support_url.clone(),
                status: brand.status_url.clone(),
            },
            here: path.to_owned(),
        }
    }

    fn tokens(&self) -> FormTokens {
        self.browser.tokens(&self.app)
    }

    /// A page.
    pub(in crate::pages) fn page<T: Template>(&self, status: StatusCode, page: &T) -> HttpResponse {
        match page.render() {
            Ok(html) => self.html(status, html),
            Err(error) => {
                tracing::error!(%error, "a page could not be drawn");
                HttpResponse::InternalServerError().finish()
            }
        }
    }

    fn html(&self, status: StatusCode, html: String) -> HttpResponse {
        let mut answer = HttpResponse::build(status);
        for (name, value) in security_headers() {
            answer.insert_header((name, HeaderValue::from_static(value)));
        }
        if let Some(cookie) = self.browser.new_cookie(&self.app, &self.http) {
            answer.cookie(cookie);
        }
        answer.content_type("text/html; charset=utf-8").body(html)
    }

    /// A refusal page.
    pub(in crate::pages) fn refuse(&self, refusal: Refusal) -> HttpResponse {
        let seconds = match refusal {
            Refusal::TooManyTries { seconds } => Some(seconds),
            Refusal::Restarting => Some(5),
            _ => None,
        };
        let page = RefusalPage::new(self.shell(), refusal, request_id::current());
        let mut answer = self.page(page.status(), &page);
        if let Some(seconds) = seconds {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }

    fn failed(&self, error: &StoreError) -> HttpResponse {
        match error {
            StoreError::Unavailable(reason) => {
                tracing::warn!(%reason, "the database is away");
                self.refuse(Refusal::Restarting)
            }
            StoreError::Conflict(_) | StoreError::Failed(_) => {
                tracing::error!(%error, "a page failed");
                self.refuse(Refusal::Broken)
            }
        }
    }

    /// Redirects to another page; always with 303, so that no form is submitted twice.
    pub(in crate::pages) fn redirect(&self, path: &str) -> HttpResponse {
        self.redirect_with(path, [])
    }

    /// Leads a request for a former address on to the current one, with its method and body.
    pub(in crate::pages) fn lead_on(&self, path: &str) -> HttpResponse {
        let mut answer = HttpResponse::PermanentRedirect();
        answer.insert_header((header::LOCATION, location(self.base(), path)));
        // Browsers would keep it for longer than the name leads on.
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        answer.finish()
    }

    pub(in crate::pages) fn redirect_with<const N: usize>(
        &self,
        path: &str,
        cookies: [Cookie<'static>; N],
    ) -> HttpResponse {
        let mut answer = HttpResponse::SeeOther();
        answer.insert_header((header::LOCATION, location(self.base(), path)));
        let fresh = if N == 0 { self.browser.new_cookie(&self.app, &self.http) } else { None };
        for cookie in cookies.into_iter().chain(fresh) {
            answer.cookie(cookie);
        }
        answer.finish()
    }

    /// Reads the body of a form from any site.
    pub(in crate::pages) async fn foreign_form(
        &self,
        payload: web::Payload,
    ) -> Result<web::Bytes, HttpResponse> {
        form::body(&self.http, payload.into_inner()).await.map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &FormError) -> HttpResponse {
        match error {
            FormError::TooLarge => HttpResponse::PayloadTooLarge().finish(),
            FormError::ContentType => HttpResponse::UnsupportedMediaType().finish(),
            FormError::Incomplete | FormError::Parameters(_) => {
                self.refuse(Refusal::MalformedRequest { detail: error.to_string() })
            }
        }
    }

    /// Reads a form and checks its token. `form` is the name that the token was made for.
    pub(in crate::pages) async fn form(
        &self,
        payload: web::Payload,
        form: &str,
    ) -> Result<Parameters, HttpResponse> {
        match self.posted(payload, form).await? {
            Posted::Ours(fields) => Ok(fields),
            Posted::Stale(_) => Err(self.too_old(&self.form_page())),
        }
    }

    /// Reads a form that may have been loaded before a sign-in or sign-out.
    pub(in crate::pages) async fn posted(
        &self,
        payload: web::Payload,
        form: &str,
    ) -> Result<Posted, HttpResponse> {
        let fields = form::fields(&self.http, payload.into_inner()).await;
        let fields = fields.map_err(|error| self.unreadable(&error))?;
        let token = fields.get("csrf").unwrap_or_default();
        match self.browser.check(&self.app, &self.http, form, token) {
            Ok(()) => Ok(Posted::Ours(fields)),
            Err(CsrfError::NoCookie) => Err(self.refuse(Refusal::CookiesOff)),
            Err(CsrfError::Token) => Ok(Posted::Stale(fields)),
            Err(CsrfError::CrossSite) => Err(self.too_old(&self.form_page())),
        }
    }

    /// Refusal for a form of another session; `page` is the path that shows the form again.
    pub(in crate::pages) fn too_old(&self, page: &str) -> HttpResponse {
        self.refuse(Refusal::FormTooOld { reload: format!("{}{page}", self.base()) })
    }

    /// Path of the page with the form, relative to the issuer's path: the referrer, else the form's target.
    fn form_page(&self) -> String {
        let referrer = self.http.headers().get(header::REFERER).and_then(|value| value.to_str().ok());
        let own = referrer.and_then(|url| url.strip_prefix(self.app.config.server.public_url.as_str()));
        let plain = |path: &&str| path.starts_with('/') && !path.starts_with("//");
        let path = self.http.path();
        own.filter(plain).unwrap_or_else(|| path.strip_prefix(self.base()).unwrap_or(path)).to_owned()
    }
}

/// Percent-encodes a `Location` header.
fn location(base: &str, path: &str) -> String {
    let mut location = base.to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_graphic() {
            location.push(char::from(byte));
        } else {
            location.push('%');
            for digit in [byte >> 4, byte & 0xF] {
                let digit = char::from_digit(u32::from(digit), 16).unwrap_or_default();
                location.push(digit.to_ascii_uppercase());
            }
        }
    }
    location
}

fn theme(app: &App, request: &HttpRequest) -> Theme {
    request
        .cookie(&app.cookie_names.theme)
        .and_then(|cookie| Theme::from_value(cookie.value()))
        .unwrap_or_default()
}

/// The flash message. The query only has its name.
fn flash(query: &str) -> Option<&'static str> {
    let done = query.split('&').find_map(|pair| pair.strip_prefix("done="))?;
    Some(match done {
        "renamed" => "Session renamed.",
        "signed-out" => "Session signed out.",
        "signed-out-everywhere" => "All sessions signed out.",
        "personal-tokens-off" => "Personal tokens are off.",
        "personal-tokens-on" => "Personal tokens are on.",
        "key-revoked" => "API key revoked. It no longer works.",
        "key-permissions" => "Permissions saved. They apply from the next request.",
        "token-revoked" => "Personal token revoked. It no longer works.",
        "service-account-created" => "Service account created. Create a key to use it.",
        "service-account-disabled" => "Service account disabled. Its keys no longer work.",
        "service-account-enabled" => "Service account enabled. Its keys work again.",
        "invitation-canceled" => "Invitation canceled. Its link no longer works.",
        "organization-created" => "Organization created. You are its owner.",
        "organization-renamed" => "Saved. Links with an old short name lead on for 90 days.",
        "organization-deleted" => {
            "Organization deleted. The operator of this server can undo it for 30 days."
        }
        "join-links-on" => "Join links are on. Make one to use them.",
        "join-links-off" => "Join links are off. Those that were open no longer work.",
        "join-link-ended" => "Join link ended. It no longer works.",
        "joined" => "You joined. The organization is in your list.",
        "role-saved" => "Role saved. It applies from the next request.",
        "member-removed" => "Member removed. Nothing of theirs works here any more.",
        "left" => "You left the organization.",
        "password-changed" => "Password changed. Every other browser is signed out.",
        "password-changed-tools" => "Password changed. Every other browser and your tools are signed out.",
        "browser-signed-out" => "Browser signed out.",
        "other-browsers-signed-out" => "Every other browser signed out.",
        "api-keys-off" => "API keys are off.",
        "api-keys-on" => "API keys are on.",
        "limits" => "Limits saved.",
        "sign-in-methods" => "Sign-in settings saved.",
        "revoked-all" => "All sessions and personal tokens of the organization revoked.",
        _ => return None,
    })
}
