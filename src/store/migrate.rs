//! The schema, brought up to date when the server starts.

use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::{Conn, Place};
use super::error::StoreError;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Any constant that no other program on the same PostgreSQL database would lock by.
const ADVISORY_LOCK: i64 = 0x6b65_7973_7469_6c65;

/// Runs the migrations that are missing and returns their names. Nodes that start together wait for one another.
pub fn migrate(place: &Place) -> Result<Vec<String>, StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Failed(error.to_string());
    let applied = match place.open()? {
        Conn::Postgres(mut conn) => {
            conn.batch_execute(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})"))?;
            // The lock ends with the connection.
            let versions = conn.run_pending_migrations(POSTGRES).map_err(failed)?;
            versions.iter().map(ToString::to_string).collect()
        }
        Conn::Sqlite(mut conn) => {
            conn.batch_execute("BEGIN EXCLUSIVE; COMMIT")?;
            let versions = conn.run_pending_migrations(SQLITE).map_err(failed)?;
            versions.iter().map(ToString::to_string).collect()
        }
    };
    Ok(applied)
}
