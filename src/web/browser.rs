//! The browser of a request: cookie, session, and form tokens against CSRF.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieBuilder, SameSite};
use actix_web::http::{Method, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::app::App;
use crate::domain::audit::Origin;
use crate::domain::entropy::Entropy;
use crate::domain::secret::{Digest, Secret, equal};
use crate::keys::master::Purpose;
use crate::services::sign_in::{self, NewSession};
use crate::store::StoreError;
use crate::store::users::User;
use crate::store::web_sessions::WebSession;

/// Lifetime of cookies that outlive a session: the maximum of browsers.
const KEPT_DAYS: i64 = 400;

/// A browser, with or without a signed-in user.
pub struct Browser {
    cookie: Secret,
    /// The cookie is new and must be set in the response.
    fresh: bool,
    pub session: Option<(WebSession, User)>,
    pub origin: Origin,
}

/// Why a form is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrfError {
    /// The request's own headers name another site.
    CrossSite,
    /// The browser sent no cookie.
    NoCookie,
    /// The token is for another form or browser, or for an ended session.
    Token,
}

impl Browser {
    /// Reads the browser's cookie and session. A browser without a cookie gets a new one; nothing is stored
    /// for it before a sign-in.
    pub async fn load(app: &App, request: &HttpRequest, origin: Origin) -> Result<Self, StoreError> {
        let Some(cookie) = cookie(request, &app.cookie_names.session) else {
            return Ok(Self { fresh: true, ..Self::unknown(origin) });
        };
        let (digest, now, config) = (cookie.digest(), app.now(), app.clone());
        let session = app.store.read(move |conn| sign_in::current(conn, &config.config, now, digest)).await?;
        if let Some((session, _)) = session.clone()
            && sign_in::is_touch_due(&session, now)
        {
            app.store.write(move |work| sign_in::touch(work, &session)).await?;
        }
        Ok(Self { cookie, fresh: false, session, origin })
    }

    /// Digest of the cookie, which binds requests and forms to this browser.
    pub fn digest(&self) -> Digest {
        self.cookie.digest()
    }

    /// A browser whose cookie and session could not be read. It keeps its cookie.
    pub fn unknown(origin: Origin) -> Self {
        Self { cookie: Secret::random(Entropy), fresh: false, session: None, origin }
    }

    /// The tokens for the forms of a page.
    pub fn tokens(&self, app: &App) -> FormTokens {
        FormTokens(app.master.mac(Purpose::Csrf, &[self.cookie.expose().as_bytes()]))
    }

    /// Checks that a posted form came from this server's page in this browser.
    pub fn check(&self, app: &App, request: &HttpRequest, form: &str, token: &str) -> Result<(), CsrfError> {
        same_origin(request, app.config.server.public_url.origin())?;
        if self.fresh {
            return Err(CsrfError::NoCookie);
        }
        if equal(&self.tokens(app).of(form), token) { Ok(()) } else { Err(CsrfError::Token) }
    }

    /// Whether the browser sent no cookie.
    pub fn is_new(&self) -> bool {
        self.fresh
    }

    /// The cookie to set if the browser has none. Never in response to a form: a cross-site form arrives
    /// without the existing cookie and must not replace it.
    pub fn new_cookie(&self, app: &App, request: &HttpRequest) -> Option<Cookie<'static>> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        (self.fresh && reads).then(|| session_cookie(app, self.cookie.expose()))
    }

    /// The known-device cookie.
    pub fn known_device(app: &App, request: &HttpRequest) -> Option<String> {
        cookie(request, &app.cookie_names.known_device).map(|cookie| cookie.expose().to_owned())
    }
}

/// Form tokens of one browser. Each form has its own, valid only in this browser and until the next sign-in
/// or sign-out.
#[derive(Clone)]
pub struct FormTokens([u8; 32]);

impl FormTokens {
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Token of the form with this name.
    pub fn of(&self, form: &str) -> String {
        let digest = Sha256::new_with_prefix(self.0).chain_update(form).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }
}

impl std::fmt::Debug for FormTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The cookies to set after a sign-in.
pub fn signed_in_cookies(app: &App, session: &NewSession) -> [Cookie<'static>; 2] {
    let known = base(app, &app.cookie_names.known_device, session.known_device.expose());
    let known = known.max_age(Duration::seconds(sign_in::DEVICE_KNOWN_FOR.num_seconds()));
    [session_cookie(app, session.cookie.expose()), known.finish()]
}

/// Removes the session cookie.
pub fn removal_cookie(app: &App) -> Cookie<'static> {
    base(app, &app.cookie_names.session, "").max_age(Duration::ZERO).finish()
}

fn session_cookie(app: &App, value: &str) -> Cookie<'static> {
    base(app, &app.cookie_names.session, value).finish()
}

/// The chosen theme.
pub fn theme_cookie(app: &App, theme: &'static str) -> Cookie<'static> {
    base(app, &app.cookie_names.theme, theme).max_age(Duration::days(KEPT_DAYS)).finish()
}

fn base(app: &App, name: &str, value: &str) -> CookieBuilder<'static> {
    Cookie::build(name.to_owned(), value.to_owned())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config.server.public_url.is_https())
}

/// The cookie of this name; `None` if there are two, because one of them was planted.
fn cookie(request: &HttpRequest, name: &str) -> Option<Secret> {
    let cookies = request.cookies().ok()?;
    let mut values = cookies.iter().filter(|cookie| cookie.name() == name).map(Cookie::value);
    match (values.next(), values.next()) {
        (Some(value), None) if (16..=200).contains(&value.len()) => Some(Secret::new(value)),
        _ => None,
    }
}

/// Checks `Sec-Fetch-Site` and `Origin`, which browsers send. They can only refuse a request.
fn same_origin(request: &HttpRequest, own: &str) -> Result<(), CsrfError> {
    let said = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = said("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = said(header::ORIGIN.as_str()).is_none_or(|origin| origin == own);
    if site && origin { Ok(()) } else { Err(CsrfError::CrossSite) }
}
