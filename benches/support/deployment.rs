//! A deployment that holds sessions before its server starts.

use std::error::Error;
use std::net::{SocketAddr, TcpListener};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystile::config::{Config, Env};
use keystile::domain::audit::{Actor, Origin};
use keystile::domain::client::COMPANION;
use keystile::domain::credential::CredentialKind;
use keystile::domain::entropy::Entropy;
use keystile::domain::id::Kind;
use keystile::domain::role;
use keystile::domain::secret::Secret;
use keystile::domain::time::Clock;
use keystile::keys::refresh_token;
use keystile::services::accounts::{self, NewUser};
use keystile::services::instance::{self, Instance};
use keystile::store::credentials::{self, Credential};
use keystile::store::organizations::Organization;
use keystile::store::users::User;
use keystile::store::{StoreError, Work};
use tempfile::TempDir;

use super::database::Database;

/// The settings of a server with all defaults, its data directory and its address.
pub(crate) struct Deployment {
    env: Vec<(&'static str, String)>,
    address: SocketAddr,
    _data: TempDir,
}

impl Deployment {
    pub(crate) fn new(database: &Database) -> std::io::Result<Self> {
        let data = TempDir::new()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let env = vec![
            ("KEYSTILE_PUBLIC_URL", format!("http://{address}")),
            ("KEYSTILE_LISTEN", address.to_string()),
            ("KEYSTILE_DATA_DIR", data.path().display().to_string()),
            ("KEYSTILE_DATABASE_URL", database.url()),
            ("KEYSTILE_MASTER_KEY", STANDARD.encode(Entropy.bytes::<32>())),
        ];
        Ok(Self { env, address, _data: data })
    }

    pub(crate) fn env(&self) -> &[(&'static str, String)] {
        &self.env
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Signs one person in to `count` tools and returns their refresh tokens.
    pub(crate) async fn fill(&self, count: usize) -> Result<Vec<Secret>, Box<dyn Error>> {
        let env: Env = self.env.iter().cloned().collect();
        let config = Config::load(None, &env).map_err(|faults| faults.to_string())?;
        let Instance { store, master } = instance::open(&config, Clock::System)?;
        let prefix = config.brand.token_prefix.clone();
        let sessions = store.write(move |work| people_and_sessions(work, &config, count)).await?;
        let token = |session: &Credential| {
            let seed = session.seed.as_deref().unwrap_or_default();
            refresh_token::make(&master, &prefix, &session.id, session.generation, seed)
        };
        Ok(sessions.iter().map(token).collect())
    }
}

fn people_and_sessions(
    work: &mut Work<'_>,
    config: &Config,
    count: usize,
) -> Result<Vec<Credential>, StoreError> {
    let (actor, origin) = (Actor::Operator, Origin::default());
    accounts::ensure_companion(work, config)?;
    let ada = NewUser {
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        // Nobody signs in here, so no password has to match.
        password_hash: String::new(),
    };
    let user = accounts::create_user(work, ada, &actor, &origin)?;
    let organization = accounts::create_organization(work, "Analytical", &actor, &origin)?;
    accounts::add_member(work, &organization, &user, role::OWNER, &actor, &origin)?;
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        let session = session(work, config, &organization, &user);
        credentials::insert(work.conn, &session)?;
        sessions.push(session);
    }
    Ok(sessions)
}

fn session(work: &Work<'_>, config: &Config, organization: &Organization, user: &User) -> Credential {
    Credential {
        id: Kind::CliSession.new_id(work.entropy),
        kind: CredentialKind::CliSession,
        org_id: organization.id.clone(),
        user_id: Some(user.id.clone()),
        client_id: Some(COMPANION.to_owned()),
        name: "benchmark".to_owned(),
        scopes: config.catalog.defaults().to_string(),
        seed: Some(work.entropy.bytes::<32>().to_vec()),
        generation: 1,
        rotated_at: None,
        idle_ends_at: Some(work.now + config.tokens.session_idle),
        ends_at: Some(work.now + config.tokens.session_max),
        auth_time: Some(work.now),
        created_at: work.now,
        created_ip: None,
        device_name: None,
        device_os: None,
        tool_version: None,
        last_used_at: None,
        last_used_ip: None,
        revoked_at: None,
        revoked_reason: None,
    }
}
