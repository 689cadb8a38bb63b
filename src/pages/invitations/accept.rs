//! `/invite/{token}`: the link of an invitation. Opening it changes nothing, because programs that scan messages open
//! links as well.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::ended::{self, EndedWords};
use crate::domain::entropy::Entropy;
use crate::domain::parameters::Parameters;
use crate::domain::password;
use crate::domain::secret::Secret;
use crate::keys::hashing::HasherBusy;
use crate::pages::setup::form::password_hint;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::services::accounts::MAX_NAME;
use crate::services::invitations::{
    self, AcceptRefusal, InvitationKey, NewAccount, OpenInvitation, Standing,
};
use crate::store::{StoreError, TxError};
use crate::web::app::App;
use crate::web::browser::signed_in_cookies;

#[derive(Template)]
#[template(path = "invitations/accept.html")]
pub struct AcceptPage {
    pub shell: Shell,
    pub problems: Problems,
    pub token: Secret,
    pub invitation: ShownInvitation,
    pub how: HowToJoin,
}

#[derive(Debug, Clone)]
pub enum HowToJoin {
    /// Signed in with the invited address.
    Join,
    /// No user is signed in.
    NewAccount {
        name: String,
        /// See [`password_hint`].
        hint: String,
    },
}

#[derive(Template)]
#[template(path = "invitations/other_account.html")]
pub struct OtherAccountPage {
    pub shell: Shell,
    pub token: Secret,
    pub invitation: ShownInvitation,
    /// Address of the user who is signed in.
    pub signed_in: String,
}

/// An invitation as its recipient sees it.
#[derive(Debug, Clone)]
pub struct ShownInvitation {
    pub id: String,
    pub address: String,
    pub organization: String,
    pub role: String,
    pub role_description: String,
    pub inviter: String,
    pub inviter_role: String,
    pub inviter_address: String,
    /// Empty: none.
    pub note: String,
    /// "6 Dec 2026, 09:14 UTC"
    pub until: String,
}

impl ShownInvitation {
    pub(super) fn of(app: &App, open: OpenInvitation) -> Self {
        let OpenInvitation { invitation, organization, inviter, inviter_role } = open;
        let role = app.config.role(&invitation.role);
        Self {
            id: invitation.id,
            address: invitation.address,
            organization: text::name(&organization.name),
            role_description: role.map(|role| role.description.clone()).unwrap_or_default(),
            role: invitation.role,
            inviter: text::name(&inviter.name),
            inviter_role,
            inviter_address: inviter.email,
            note: invitation.note,
            until: text::date_time(invitation.ends_at.utc()),
        }
    }

    pub(super) fn monogram(&self) -> String {
        text::monogram(&self.organization)
    }

    pub(super) fn initials(&self) -> String {
        text::initials(&self.inviter)
    }
}

impl AcceptPage {
    fn path(&self) -> String {
        format!("{}/invite/{}", self.shell.base, self.token.expose())
    }
}

/// `GET /invite/{token}`
pub async fn show(req: PageRequest, token: web::Path<String>) -> PageResult {
    if let Some(refusal) = req.begin_sign_in() {
        return Ok(refusal);
    }
    let link = Link { req: &req, token: Secret::new(token.into_inner()) };
    let standing = link.look().await?;
    Ok(link.page(standing, StatusCode::OK, &Parameters::default(), Problems::default()))
}

/// `POST /invite/{token}`
pub async fn accept(req: PageRequest, token: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "join").await?;
    if let Some(refusal) = req.begin_sign_in() {
        return Ok(refusal);
    }
    let link = Link { req: &req, token: Secret::new(token.into_inner()) };
    match req.person() {
        Some((session, _)) => link.join(session.user_id.clone()).await,
        None => link.create_account(&form).await,
    }
}

/// The request of a link.
struct Link<'a> {
    req: &'a PageRequest,
    token: Secret,
}

impl Link<'_> {
    /// Takes the same time for every link that is not known.
    async fn look(&self) -> Result<Standing, StoreError> {
        let (app, token, now) = (self.req.app.clone(), self.token.digest(), self.req.app.now());
        self.req.app.store.read(move |conn| invitations::by_token(conn, &app.config, token, now)).await
    }

    /// The page of the invitation for the signed-in user, or for none. `status` is for an invitation that can be accepted.
    fn page(
        &self,
        standing: Standing,
        status: StatusCode,
        typed: &Parameters,
        problems: Problems,
    ) -> HttpResponse {
        let req = self.req;
        let person = req.person().map(|(_, user)| user);
        let open = match standing {
            Standing::Open(open) => open,
            Standing::Ended(found) => {
                let own = person.is_some_and(|user| found.accepted_by.as_deref() == Some(user.id.as_str()));
                let words = if own {
                    EndedWords::already_member(&found.organization)
                } else {
                    EndedWords::of(&found)
                };
                return ended::page(req, words);
            }
            Standing::Unknown => return ended::page(req, EndedWords::unknown()),
        };
        let (shell, token) = (req.shell(), self.token.clone());
        let invitation = ShownInvitation::of(&req.app, *open);
        let how = match person {
            Some(user) if user.email != invitation.address => {
                let signed_in = user.email.clone();
                return req.page(status, &OtherAccountPage { shell, token, invitation, signed_in });
            }
            Some(_) => HowToJoin::Join,
            None => HowToJoin::NewAccount {
                name: typed.get("name").unwrap_or_default().to_owned(),
                hint: password_hint(req.app.config.sign_in.password_min),
            },
        };
        req.page(status, &AcceptPage { shell, problems, token, invitation, how })
    }

    async fn join(&self, user_id: String) -> PageResult {
        let (key, origin) = (InvitationKey::Token(self.token.digest()), self.req.browser.origin.clone());
        let joined = self.req.app.write_or_refuse(move |app, work| {
            invitations::accept(work, &app.config, &key, &user_id, &origin)
        });
        match TxError::settle(joined.await)? {
            Ok(organization) => Ok(self.req.redirect(&joined_path(&organization.slug))),
            Err(refusal) => self.refused(&refusal, &Parameters::default()).await,
        }
    }

    async fn create_account(&self, form: &Parameters) -> PageResult {
        let req = self.req;
        // Before the password is checked and hashed, which is expensive; anyone can send this form.
        let standing = self.look().await?;
        let (address, organization) = match &standing {
            Standing::Open(open) => (open.invitation.address.clone(), open.organization.name.clone()),
            Standing::Ended(_) | Standing::Unknown => {
                return Ok(self.page(standing, StatusCode::OK, form, Problems::default()));
            }
        };
        let again =
            |standing, problems| Ok(self.page(standing, StatusCode::UNPROCESSABLE_ENTITY, form, problems));
        let name = form.get("name").unwrap_or_default().trim().to_owned();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            let problem = Problems::default().with("name", "Enter your name, at most 100 characters");
            return again(standing, problem);
        }
        let settings = &req.app.config;
        let context = [address, name.clone(), organization, settings.brand.name.clone()];
        let least = settings.sign_in.password_min;
        let vet = move |password: &Secret| {
            password::check_new(password.expose(), least, &context.each_ref().map(String::as_str))
        };
        let password = Secret::new(form.get("password").unwrap_or_default());
        let hashed = match req.app.passwords.reserve(req.address) {
            Ok(place) => place.vet_and_hash(password, vet, Entropy).await,
            Err(busy) => Err(busy),
        };
        let password_hash = match hashed {
            Ok(Ok(hash)) => hash,
            Ok(Err(unfit)) => {
                return again(standing, Problems::default().with("password", unfit.to_string()));
            }
            Err(HasherBusy) => return Ok(req.refuse(Refusal::TooManyTries { seconds: 2 })),
        };
        self.create(NewAccount { name, password_hash }, form).await
    }

    async fn create(&self, new: NewAccount, form: &Parameters) -> PageResult {
        let req = self.req;
        let (token, browser) = (self.token.digest(), req.browser.digest());
        let origin = req.browser.origin.clone();
        let made = req.app.write_or_refuse(move |app, work| {
            invitations::create_account(work, &app.config, &app.master, token, new, browser, &origin)
        });
        let refusal = match TxError::settle(made.await) {
            Ok(Ok((session, organization))) => {
                let cookies = signed_in_cookies(&req.app, &session);
                return Ok(req.redirect_with(&joined_path(&organization.slug), cookies));
            }
            Ok(Err(refusal)) => refusal,
            // Another invitation for the same address made the account at the same moment.
            Err(StoreError::Conflict(_)) => AcceptRefusal::AccountExists,
            Err(error @ (StoreError::Unavailable(_) | StoreError::Failed(_))) => return Err(error.into()),
        };
        self.refused(&refusal, form).await
    }

    async fn refused(&self, refusal: &AcceptRefusal, form: &Parameters) -> PageResult {
        if let Some(words) = EndedWords::of_refusal(refusal) {
            return Ok(ended::page(self.req, words));
        }
        let (status, problems) = match refusal {
            AcceptRefusal::AccountExists => {
                let text = "There is an account with this address. Sign in to join";
                (StatusCode::UNPROCESSABLE_ENTITY, Problems::default().with("email", text))
            }
            AcceptRefusal::OtherAddress
            | AcceptRefusal::Unknown
            | AcceptRefusal::AlreadyMember(_)
            | AcceptRefusal::Ended(_) => (StatusCode::FORBIDDEN, Problems::default()),
        };
        Ok(self.page(self.look().await?, status, form, problems))
    }
}

/// The organizations of the user, who has just joined this one.
pub(super) fn joined_path(slug: &str) -> String {
    format!("/organizations?org={slug}&done=joined")
}
