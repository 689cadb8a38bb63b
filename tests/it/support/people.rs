//! Organizations, users and clients.

use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::client::{Client, ClientKind, Grant};
use keystiled::domain::entropy::Entropy;
use keystiled::domain::id::IdKind;
use keystiled::domain::redirect_uri::RedirectUri;
use keystiled::domain::secret::Secret;
use keystiled::services::accounts::{self, NewUser};
use keystiled::services::setup;
use keystiled::store::organizations::Organization;
use keystiled::store::users::{self, User};

use super::app::TestApp;
use super::http::{Answer, BrowserCaller};
use super::ready_made::{PASSWORD, password_hash};

/// A user with a password.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) password: &'static str,
    pub(crate) organization: Organization,
}

/// A registered client, with its secret if it has one.
#[derive(Debug, Clone)]
pub(crate) struct TestClient {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    /// The redirect URI that it uses.
    pub(crate) redirect_uri: String,
}

fn new_user(name: &str) -> NewUser {
    let email = format!("{}@example.com", name.to_lowercase());
    NewUser { email, name: name.to_owned(), password_hash: password_hash() }
}

fn person(user: User, organization: Organization) -> Person {
    Person { id: user.id, email: user.email, password: PASSWORD, organization }
}

impl TestApp {
    /// The owner of the first organization, created by the first call.
    pub(crate) async fn owner(&self) -> Person {
        let set_up = async || {
            let made = self.inside().store.write_or_refuse(|work| {
                setup::create_first_owner(work, new_user("Olivia"), "Northwind Labs", &Origin::default())
            });
            let (user, organization) = made.await.unwrap();
            person(user, organization)
        };
        self.owner.get_or_init(set_up).await.clone()
    }

    /// A new user in the first organization.
    pub(crate) async fn member(&self, role: &str) -> Person {
        let organization = self.owner().await.organization;
        self.member_of(&organization, role).await
    }

    /// The user with this name, created by the first call, who is in no organization. `organization` is the first one.
    pub(crate) async fn user(&self, name: &str) -> Person {
        let (organization, new) = (self.owner().await.organization, new_user(name));
        let made = self.inside().store.write(move |work| {
            let user = match users::find_by_email(work.conn, &new.email)? {
                Some(user) => user,
                None => accounts::create_user(work, new, &Actor::Operator, &Origin::default())?,
            };
            Ok(person(user, organization))
        });
        made.await.unwrap()
    }

    /// A new user in this organization.
    pub(crate) async fn member_of(&self, organization: &Organization, role: &str) -> Person {
        let (organization, role) = (organization.clone(), role.to_owned());
        let added = self.inside().store.write(move |work| {
            let new = new_user(&IdKind::User.new_id(work.entropy));
            let user = accounts::create_user(work, new, &Actor::Operator, &Origin::default())?;
            accounts::add_member(work, &organization, &user, &role, &Actor::Operator, &Origin::default())?;
            Ok(person(user, organization))
        });
        added.await.unwrap()
    }

    /// Adds a user to another organization.
    pub(crate) async fn join(&self, person: &Person, organization: &Organization, role: &str) {
        let (user_id, organization, role) = (person.id.clone(), organization.clone(), role.to_owned());
        let joined = self.inside().store.write(move |work| {
            let user = users::find(work.conn, &user_id)?.unwrap();
            accounts::add_member(work, &organization, &user, &role, &Actor::Operator, &Origin::default())
        });
        joined.await.unwrap();
    }

    /// A new organization without members.
    pub(crate) async fn organization(&self, name: &str) -> Organization {
        self.owner().await;
        let name = name.to_owned();
        let made = self.inside().store.write(move |work| {
            accounts::create_organization(work, &name, &Actor::Operator, &Origin::default())
        });
        made.await.unwrap()
    }

    /// A new client. Native ones have the three loopback addresses, the others a website.
    pub(crate) async fn client(&self, kind: ClientKind) -> TestClient {
        self.client_with(kind, |_| {}).await
    }

    /// A new client, changed before registration.
    pub(crate) async fn client_with(&self, kind: ClientKind, change: impl FnOnce(&mut Client)) -> TestClient {
        let (uris, redirect_uri) = match kind {
            ClientKind::Native => (
                vec!["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback"],
                "http://127.0.0.1:54321/callback",
            ),
            ClientKind::Browser | ClientKind::Confidential | ClientKind::Metadata => {
                (vec!["https://app.example/callback"], "https://app.example/callback")
            }
        };
        let secret = (kind == ClientKind::Confidential).then(|| Secret::random(Entropy));
        let mut client = Client {
            id: format!("client-{}", IdKind::Request.new_id(Entropy)),
            name: "Fred".to_owned(),
            kind,
            secret: secret.as_ref().map(Secret::digest),
            old_secret: None,
            redirect_uris: uris.into_iter().map(|uri| RedirectUri::register(uri).unwrap()).collect(),
            scopes: None,
            grants: vec![Grant::AuthorizationCode, Grant::RefreshToken],
            command: Some("fred login".to_owned()),
            access: None,
            created_at: self.clock.now(),
            disabled_at: None,
            version: 1,
        };
        change(&mut client);
        let made = TestClient {
            id: client.id.clone(),
            secret: secret.map(|secret| secret.expose().to_owned()),
            redirect_uri: redirect_uri.to_owned(),
        };
        let registered = self
            .inside()
            .store
            .write(move |work| accounts::create_client(work, &client, &Actor::Operator, &Origin::default()));
        registered.await.unwrap();
        made
    }

    /// Signs a browser in, through the page.
    pub(crate) async fn sign_in(&self, browser: &BrowserCaller, person: &Person) -> Answer {
        let page = browser.get("/sign-in").await;
        let form = page
            .form(&format!("{}/sign-in", self.config.server.public_url.path()))
            .with("email", &person.email)
            .with("password", person.password);
        let answer = browser.submit(&form).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer
    }

    /// A browser signed in as this user.
    pub(crate) async fn browser_of(&self, person: &Person) -> BrowserCaller {
        let browser = self.browser();
        self.sign_in(&browser, person).await;
        browser
    }
}
