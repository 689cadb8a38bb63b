//! The fast and the slow path of a grant: both refuse for the same reasons.

use std::sync::Arc;

use chrono::TimeDelta;
use keystiled::domain::audit::Origin;
use keystiled::domain::client::{Client, ClientKind};
use keystiled::domain::entropy::Entropy;
use keystiled::domain::id::IdKind;
use keystiled::domain::oauth_error::OAuthError;
use keystiled::domain::policy::PASTE_PATH;
use keystiled::domain::secret::Secret;
use keystiled::grants::authorization_code::{self, CodeRefusal, CodeRequest};
use keystiled::grants::refresh::{self, RefreshRefusal, RefreshRequest};
use keystiled::grants::{ApprovedGrant, TokenSet};
use keystiled::keys::refresh_token;
use keystiled::store::{StoreError, TxError, clients, memberships};
use tokio::sync::oneshot;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::oauth::{Ask, Session, Tokens};
use crate::support::people::Person;

type Slow = Result<TokenSet, TxError<OAuthError>>;

/// A request with its client, and a statement that undoes changes to shared rows.
struct Case<R> {
    client: Client,
    request: R,
    undo: Option<&'static str>,
}

async fn registered(app: &TestApp, id: &str) -> Client {
    let id = id.to_owned();
    app.inside().store.read(move |conn| clients::find(conn, &id)).await.unwrap().unwrap()
}

async fn remove(app: &TestApp, person: &Person) {
    let (organization, id) = (person.organization.id.clone(), person.id.clone());
    let removed = app.inside().store.write(move |work| memberships::remove(work.conn, &organization, &id));
    assert!(removed.await.unwrap());
}

/// Runs one of the two paths, whose outcome arrives over a channel.
async fn outcome<T>(
    start: impl FnOnce(Box<dyn FnOnce(Result<Option<T>, StoreError>) + Send>) -> Result<(), StoreError>,
) -> Option<T>
where
    T: Send + 'static,
{
    let (done, answered) = oneshot::channel();
    start(Box::new(move |outcome| drop(done.send(outcome)))).unwrap();
    answered.await.unwrap().unwrap()
}

async fn fast_refresh(app: &TestApp, client: &Client, request: &RefreshRequest) -> Option<ApprovedGrant> {
    let (app, client) = (app.inside(), Arc::new(client.clone()));
    let path = refresh::FastPath::of(&app.config, &app.master, client, request)?;
    outcome(|deliver| path.rotate(&app.store, &app.config, &app.master, deliver)).await
}

async fn slow_refresh(app: &TestApp, client: &Client, request: &RefreshRequest) -> Slow {
    let (client, request) = (client.clone(), request.clone());
    app.inside()
        .write_or_refuse(move |app, work| {
            refresh::exchange(work, &app.config, &app.master, &client, &request)
        })
        .await
}

async fn fast_code(app: &TestApp, client: &Client, request: &CodeRequest) -> Option<ApprovedGrant> {
    let (app, client) = (app.inside(), Arc::new(client.clone()));
    let path = authorization_code::FastPath::of(client, request)?;
    outcome(|deliver| path.redeem(&app.store, &app.config, &app.master, deliver)).await
}

async fn slow_code(app: &TestApp, client: &Client, request: &CodeRequest) -> Slow {
    let (client, request) = (client.clone(), request.clone());
    app.inside()
        .write_or_refuse(move |app, work| {
            authorization_code::exchange(work, &app.config, &app.master, &client, &request)
        })
        .await
}

/// The logged reason of a refusal.
fn reason(outcome: Slow) -> String {
    match outcome {
        Ok(_) => "given".to_owned(),
        Err(TxError::Refused(refusal)) => refusal.reason.into_owned(),
        Err(TxError::Store(error)) => error.to_string(),
    }
}

fn refresh_request(token: &str) -> RefreshRequest {
    let refresh_token = Secret::new(token);
    RefreshRequest { refresh_token, scope: None, installation: None, origin: Origin::default() }
}

/// A session whose refresh is refused for this reason.
async fn refused_refresh(app: &TestApp, refusal: RefreshRefusal) -> Case<RefreshRequest> {
    let member = app.member("member").await;
    let client = app.client(ClientKind::Native).await;
    let Session { tokens, .. } = app.session_of(&client, &member).await;
    let session = tokens.session();
    let mut case = Case {
        client: registered(app, &client.id).await,
        request: refresh_request(&tokens.refresh),
        undo: None,
    };
    let made = |id: &str, seed: &[u8]| {
        let prefix = &app.config.brand.token_prefix;
        refresh_token::make(&app.inside().master, prefix, id, 1, seed)
    };
    match refusal {
        RefreshRefusal::GrantNotAllowed => case.client.grants.clear(),
        RefreshRefusal::UnknownToken => case.request.refresh_token = Secret::new("keystile_rt_x"),
        RefreshRefusal::UnknownSession => {
            case.request.refresh_token = made(&IdKind::CliSession.new_id(Entropy), &[1; 32]);
        }
        RefreshRefusal::WrongTag => case.request.refresh_token = made(&session, &[1; 32]),
        RefreshRefusal::ForeignClient => {
            case.client = registered(app, &app.client(ClientKind::Native).await.id).await;
        }
        RefreshRefusal::ScopeNotGranted => case.request.scope = Some("deployments:delete".to_owned()),
        RefreshRefusal::Ended => {
            let sql = format!("UPDATE credentials SET revoked_at = created_at WHERE id = '{session}'");
            app.execute(&sql).await.unwrap();
        }
        RefreshRefusal::MembershipEnded => {
            let ended = "revoked_at = created_at, revoked_reason = 'membership_ended'";
            app.execute(&format!("UPDATE credentials SET {ended} WHERE id = '{session}'")).await.unwrap();
        }
        RefreshRefusal::OrganizationDisabled => {
            app.execute("UPDATE organizations SET disabled_at = created_at").await.unwrap();
            case.undo = Some("UPDATE organizations SET disabled_at = NULL");
        }
        RefreshRefusal::NotMember => remove(app, &member).await,
        RefreshRefusal::PersonalTokensOff => {
            app.execute("UPDATE organizations SET personal_tokens = FALSE").await.unwrap();
            case.undo = Some("UPDATE organizations SET personal_tokens = TRUE");
        }
        RefreshRefusal::Misdated => {
            app.advance(TimeDelta::hours(1));
            Tokens::of(&app.refresh(&client, &tokens.refresh).await);
            app.advance(TimeDelta::hours(-1));
        }
        RefreshRefusal::Reused => {
            let next = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
            Tokens::of(&app.refresh(&client, &next.refresh).await);
        }
        RefreshRefusal::Ahead => {
            let next = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
            let sql = format!("UPDATE credentials SET generation = 1 WHERE id = '{session}'");
            app.execute(&sql).await.unwrap();
            case.request.refresh_token = Secret::new(next.refresh);
        }
    }
    case
}

/// A code of this member, with its request and client.
async fn approved(app: &TestApp, member: &Person) -> (Ask, CodeRequest) {
    let ask = Ask::of(&app.client(ClientKind::Native).await);
    let returned = app.authorize(&app.browser_of(member).await, &ask).await;
    let request = CodeRequest {
        code: Secret::new(returned.code()),
        code_verifier: Some(Secret::new(ask.verifier.clone())),
        redirect_uri: None,
        origin: Origin::default(),
    };
    (ask, request)
}

/// A code that is refused for this reason.
async fn refused_code(app: &TestApp, refusal: CodeRefusal) -> Case<CodeRequest> {
    let member = app.member("member").await;
    let (ask, request) = approved(app, &member).await;
    let mut case = Case { client: registered(app, &ask.client.id).await, request, undo: None };
    let unused = "consumed_at IS NULL";
    match refusal {
        CodeRefusal::GrantNotAllowed => case.client.grants.clear(),
        CodeRefusal::UnknownCode => case.request.code = Secret::random(Entropy),
        CodeRefusal::ForeignClient => {
            case.client = registered(app, &app.client(ClientKind::Native).await.id).await;
        }
        CodeRefusal::OtherRedirectUri => {
            case.request.redirect_uri = Some("https://elsewhere.example/".to_owned());
        }
        CodeRefusal::PkceMismatch => case.request.code_verifier = Some(Secret::random(Entropy)),
        CodeRefusal::Reused => {
            Tokens::of(&app.exchange(&ask, case.request.code.expose()).await);
        }
        CodeRefusal::TooManyTries => {
            let sql = format!("UPDATE authorization_codes SET wrong_tries = 3 WHERE {unused}");
            app.execute(&sql).await.unwrap();
        }
        CodeRefusal::Expired => {
            let sql = format!("UPDATE authorization_codes SET expires_at = created_at WHERE {unused}");
            app.execute(&sql).await.unwrap();
        }
        CodeRefusal::NotMember => remove(app, &member).await,
        CodeRefusal::PersonalTokensOff => {
            app.execute("UPDATE organizations SET personal_tokens = FALSE").await.unwrap();
            case.undo = Some("UPDATE organizations SET personal_tokens = TRUE");
        }
        CodeRefusal::CopiedCodesOff => {
            let paste = app.config.server.public_url.join(PASTE_PATH);
            let sql = format!("UPDATE authorization_requests SET redirect_uri = '{paste}'");
            app.execute(&sql).await.unwrap();
            app.execute("UPDATE organizations SET copy_code = FALSE").await.unwrap();
            case.undo = Some("UPDATE organizations SET copy_code = NULL");
        }
    }
    case
}

both_engines! {
    async fn both_paths_refuse_a_refresh_for_the_same_reason(app, |app| app.manual_clock()) {
        app.owner().await;
        for refusal in RefreshRefusal::ALL.iter().copied() {
            let Case { client, request, undo } = refused_refresh(app, refusal).await;
            assert!(fast_refresh(app, &client, &request).await.is_none(), "the fast path succeeded: {refusal:?}");
            assert_eq!(reason(slow_refresh(app, &client, &request).await), refusal.as_str());
            if let Some(undo) = undo {
                app.execute(undo).await.unwrap();
            }
        }
        let Session { client, tokens, .. } = app.session().await;
        let client = registered(app, &client.id).await;
        let given = fast_refresh(app, &client, &refresh_request(&tokens.refresh)).await.unwrap();
        let given = given.issue(&app.config, &app.inside().master, app.inside().now());
        let token = given.refresh_token.unwrap();
        let next = slow_refresh(app, &client, &refresh_request(token.expose())).await.unwrap();
        assert_ne!(next.refresh_token.unwrap().expose(), token.expose());
        assert_eq!(app.stored(&tokens.session()).await.generation, 3, "each path rotated once");
    }

    async fn both_paths_refuse_a_code_for_the_same_reason(app) {
        app.owner().await;
        for refusal in CodeRefusal::ALL.iter().copied() {
            let Case { client, request, undo } = refused_code(app, refusal).await;
            let sessions = app.count("credentials").await;
            assert!(fast_code(app, &client, &request).await.is_none(), "the fast path succeeded: {refusal:?}");
            assert_eq!(reason(slow_code(app, &client, &request).await), refusal.as_str());
            assert_eq!(app.count("credentials").await, sessions, "{refusal:?}");
            if let Some(undo) = undo {
                app.execute(undo).await.unwrap();
            }
        }
        let owner = app.owner().await;
        let (ask, request) = approved(app, &owner).await;
        let client = registered(app, &ask.client.id).await;
        assert!(fast_code(app, &client, &request).await.is_some());
        assert_eq!(reason(slow_code(app, &client, &request).await), CodeRefusal::Reused.as_str());
        let (ask, request) = approved(app, &owner).await;
        let client = registered(app, &ask.client.id).await;
        assert!(slow_code(app, &client, &request).await.is_ok());
        assert!(fast_code(app, &client, &request).await.is_none());
    }

    async fn a_person_or_an_organization_that_is_disabled_gets_nothing_on_either_path(app) {
        app.owner().await;
        for table in ["users", "organizations"] {
            let member = app.member("member").await;
            let (ask, code) = approved(app, &member).await;
            let coder = registered(app, &ask.client.id).await;
            let Session { client, tokens, .. } =
                app.session_of(&app.client(ClientKind::Native).await, &member).await;
            let (client, refresh) = (registered(app, &client.id).await, refresh_request(&tokens.refresh));
            app.execute(&format!("UPDATE {table} SET disabled_at = created_at")).await.unwrap();
            assert!(fast_code(app, &coder, &code).await.is_none());
            assert_eq!(reason(slow_code(app, &coder, &code).await), CodeRefusal::NotMember.as_str());
            let expected = match table {
                "users" => RefreshRefusal::NotMember,
                _ => RefreshRefusal::OrganizationDisabled,
            };
            assert!(fast_refresh(app, &client, &refresh).await.is_none());
            assert_eq!(reason(slow_refresh(app, &client, &refresh).await), expected.as_str());
            app.execute(&format!("UPDATE {table} SET disabled_at = NULL")).await.unwrap();
        }
    }

    async fn a_cached_client_that_is_out_of_date_takes_the_slow_path(app) {
        let Session { client, tokens, .. } = app.session().await;
        let (ask, code) = approved(app, &app.owner().await).await;
        let (mut client, mut coder) =
            (registered(app, &client.id).await, registered(app, &ask.client.id).await);
        client.version -= 1;
        coder.version -= 1;
        assert!(fast_refresh(app, &client, &refresh_request(&tokens.refresh)).await.is_none());
        assert!(fast_code(app, &coder, &code).await.is_none());
        assert_eq!(app.stored(&tokens.session()).await.generation, 1);
    }
}
