//! `/security`: the password, and the browsers that are signed in.

use actix_web::http::StatusCode;
use askama::Template;

use crate::pages::security::browser_label::browser_label;
use crate::pages::shared::member::{OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::request::{PageError, PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::services::browser_sessions;
use crate::store::memberships;
use crate::store::web_sessions::WebSession;

#[derive(Template)]
#[template(path = "security/overview.html")]
pub struct SecurityPage {
    pub shell: Shell,
    pub nav: Nav,
    pub password_changed: Option<DisplayTime>,
    pub browsers: Vec<BrowserCard>,
    /// Whether only the first browsers are listed.
    pub more: bool,
}

/// A browser session.
#[derive(Debug, Clone)]
pub struct BrowserCard {
    /// See [`browser_sessions::id`].
    pub id: String,
    /// "Firefox on macOS", as the browser says.
    pub name: String,
    pub address: Option<String>,
    pub since: DisplayTime,
    /// "4 minutes ago"
    pub seen: String,
    /// Whether it is the browser of this request.
    pub is_this: bool,
}

impl SecurityPage {
    fn has_others(&self) -> bool {
        self.browsers.iter().any(|browser| !browser.is_this)
    }
}

/// `GET /security`
pub async fn page(req: PageRequest) -> PageResult {
    let nav = security_nav(&req).await?;
    let Some((current, user)) = req.person().cloned() else { return Ok(req.redirect("/sign-in")) };
    let (app, user_id, now) = (req.app.clone(), user.id, req.app.now());
    let read = move |conn: &mut _| browser_sessions::list(conn, &app.config, &user_id, now);
    let listed = req.app.store.read(read).await?;
    let card = |session: &WebSession| BrowserCard {
        id: browser_sessions::id(session),
        name: browser_label(session.user_agent.as_deref()),
        address: session.ip.clone(),
        since: DisplayTime::minute(session.created_at.utc()),
        seen: text::ago(session.seen_at.utc(), now.utc()),
        is_this: session.hash == current.hash,
    };
    let page = SecurityPage {
        shell: req.shell(),
        nav,
        password_changed: user.password_changed_at.map(|at| DisplayTime::minute(at.utc())),
        more: listed.len() >= browser_sessions::LISTED,
        browsers: listed.iter().map(card).collect(),
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// The navigation. A user in no organization has one without any, because the password is theirs all the same.
pub(super) async fn security_nav(req: &PageRequest) -> Result<Nav, PageError> {
    let Some((session, _)) = req.person() else {
        return Err(req.redirect("/sign-in?because=ended").into());
    };
    let user_id = session.user_id.clone();
    let read = move |conn: &mut _| memberships::of_user(conn, &user_id, None, 1);
    if req.app.store.read(read).await?.is_empty() {
        return Ok(Nav {
            current: NavItem::Security,
            organization: String::new(),
            slug: String::new(),
            organizations: Vec::new(),
            active_sessions: 0,
            sees_keys: false,
            administers: false,
            owns: false,
        });
    }
    let member = member(req, OrganizationSelector::Asked).await?;
    let active = active_sessions(req, &member).await?;
    Ok(nav(req, &member, NavItem::Security, active))
}
