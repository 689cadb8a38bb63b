//! Migrations, which run at startup.

use std::collections::HashSet;
use std::error::Error;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::migration::{CREATE_MIGRATIONS_TABLE, Migration, MigrationSource};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::{Conn, DatabaseLocation};
use super::error::StoreError;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// An arbitrary constant that no other program locks on the same PostgreSQL database.
const ADVISORY_LOCK: i64 = 0x6b65_7973_7469_6c65;

type Boxed = Box<dyn Error + Send + Sync>;

/// Runs pending migrations and returns their names. Nodes that start at the same time take turns; each waits at most
/// `patience` for its turn, or for a table that another session has locked.
pub fn migrate(place: &DatabaseLocation, patience: Duration) -> Result<Vec<String>, StoreError> {
    match place.open()? {
        Conn::Postgres(mut conn) => {
            check_encoding(&mut conn)?;
            check_sessions(&mut conn, place)?;
            postgres(&mut conn, patience)
        }
        Conn::Sqlite(mut conn) => {
            conn.batch_execute("BEGIN EXCLUSIVE; COMMIT")?;
            let versions =
                conn.run_pending_migrations(SQLITE).map_err(|error| StoreError::Failed(error.to_string()))?;
            Ok(versions.iter().map(ToString::to_string).collect())
        }
    }
}

/// Each migration is a transaction that holds the advisory lock: a session-level lock would stay on a pooler's
/// connection. If nothing is pending, only reads, for which any role of the server has the privileges.
fn postgres(conn: &mut PgConnection, patience: Duration) -> Result<Vec<String>, StoreError> {
    let mut migrations = MigrationSource::<Pg>::migrations(&POSTGRES)
        .map_err(|error| StoreError::Failed(error.to_string()))?;
    migrations.sort_by_key(|migration| migration.name().version().as_owned());
    let applied = applied(conn)?;
    migrations.retain(|migration| !applied.contains(&version(migration)));
    if !migrations.is_empty() {
        check_privileges(conn, migrations.len())?;
    }
    let mut done = Vec::new();
    for migration in &migrations {
        let ran = conn.build_transaction().read_committed().run(|conn| {
            lock(conn, patience)?;
            conn.batch_execute(CREATE_MIGRATIONS_TABLE)?;
            if self::applied(conn)?.contains(&version(migration)) {
                return Ok(false);
            }
            conn.run_migration(migration)?;
            Ok::<bool, Boxed>(true)
        });
        match ran {
            Ok(true) => done.push(version(migration)),
            Ok(false) => {}
            Err(error) => return Err(explain(conn, &version(migration), &error)),
        }
    }
    Ok(done)
}

fn version(migration: &dyn Migration<Pg>) -> String {
    migration.name().version().to_string()
}

fn lock(conn: &mut PgConnection, patience: Duration) -> Result<(), Boxed> {
    conn.batch_execute(&format!("SET LOCAL lock_timeout = '{}ms'", patience.as_millis()))?;
    let free =
        diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS value").bind::<BigInt, _>(ADVISORY_LOCK);
    if !free.get_result::<Flag>(conn)?.value {
        tracing::info!("waiting for another node to finish its database migrations");
        conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = Bool)]
    value: bool,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct Pid {
    #[diesel(sql_type = Integer)]
    value: i32,
}

/// Versions of applied migrations; empty for a new database.
fn applied(conn: &mut PgConnection) -> QueryResult<HashSet<String>> {
    let there = diesel::sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS value");
    if !there.get_result::<Flag>(conn)?.value {
        return Ok(HashSet::new());
    }
    let versions = diesel::sql_query("SELECT version::text AS value FROM __diesel_schema_migrations");
    Ok(versions.load::<Name>(conn)?.into_iter().map(|row| row.value).collect())
}

/// Names may be in any script, which needs UTF-8.
fn check_encoding(conn: &mut PgConnection) -> Result<(), StoreError> {
    let encoding = diesel::sql_query("SELECT current_setting('server_encoding') AS value");
    let encoding = encoding.get_result::<Name>(conn)?.value;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(StoreError::Failed(format!(
        "the database has the encoding {encoding}, which cannot hold every name. Create one with CREATE DATABASE \
         keystile ENCODING 'UTF8' TEMPLATE template0, and use it in the database URL"
    )))
}

/// Detects a transaction pooler that is not configured: two connections share one server session.
fn check_sessions(conn: &mut PgConnection, place: &DatabaseLocation) -> Result<(), StoreError> {
    if !place.keeps_sessions() {
        return Ok(());
    }
    let Conn::Postgres(mut other) = place.open()? else { return Ok(()) };
    let mut pids = [0; 2];
    for (pid, conn) in pids.iter_mut().zip([conn, &mut other]) {
        *pid = diesel::sql_query("SELECT pg_backend_pid() AS value").get_result::<Pid>(conn)?.value;
    }
    if pids[0] != pids[1] {
        return Ok(());
    }
    Err(StoreError::Failed(
        "a pooler in transaction mode is in front of PostgreSQL. Set database.pooler to \"transaction\" \
         (KEYSTILE_DATABASE__POOLER=transaction), or use a pool in session mode"
            .to_owned(),
    ))
}

fn check_privileges(conn: &mut PgConnection, missing: usize) -> Result<(), StoreError> {
    let may = "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS value";
    if diesel::sql_query(may).get_result::<Flag>(conn)?.value {
        return Ok(());
    }
    let role = diesel::sql_query("SELECT current_user::text AS value").get_result::<Name>(conn)?.value;
    Err(StoreError::Failed(format!(
        "the database schema lacks {missing} migrations, and the role {role} may not create tables. Run `keystiled \
         migrate` with the URL of the role that owns the tables, and restart the server"
    )))
}

/// The error of a failed migration. Names the session that blocks it, if there is one.
fn explain(conn: &mut PgConnection, version: &str, error: &Boxed) -> StoreError {
    #[derive(QueryableByName)]
    struct Holder {
        #[diesel(sql_type = Nullable<Integer>)]
        pid: Option<i32>,
    }
    let holder = diesel::sql_query(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid() \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND ((classid::bigint << 32) | objid::bigint) = $1",
    );
    let holder = holder.bind::<BigInt, _>(ADVISORY_LOCK).get_result::<Holder>(conn).ok();
    let waited = error.to_string().contains("lock timeout");
    match holder.and_then(|holder| holder.pid).filter(|_| waited) {
        Some(pid) => StoreError::Failed(format!(
            "migration {version}: the database session {pid} still holds the lock for migrations. If no other node is \
             migrating, end it with SELECT pg_terminate_backend({pid}), and restart the server"
        )),
        None => StoreError::Failed(format!("migration {version}: {error}")),
    }
}
