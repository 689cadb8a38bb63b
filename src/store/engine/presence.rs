//! Inspects a database without creating or migrating it.

use std::fs;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::conn::{Conn, DatabaseLocation};
use super::error::StoreError;

#[derive(QueryableByName)]
struct Present {
    #[diesel(sql_type = Bool)]
    present: bool,
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Whether at least one migration has been applied. Does not create a missing SQLite file.
pub fn has_schema(place: &DatabaseLocation) -> Result<bool, StoreError> {
    if let DatabaseLocation::File(path) = place
        && fs::metadata(path).map_or(true, |file| file.len() == 0)
    {
        return Ok(false);
    }
    let mut conn = place.open()?;
    let table = match conn {
        Conn::Postgres(_) => "to_regclass('__diesel_schema_migrations') IS NOT NULL",
        Conn::Sqlite(_) => "EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations')",
    };
    let Present { present } = one(&mut conn, &format!("SELECT {table} AS present"))?;
    if !present {
        return Ok(false);
    }
    let Rows { rows } = one(&mut conn, "SELECT count(*) AS rows FROM __diesel_schema_migrations")?;
    Ok(rows > 0)
}

/// Runs a query on a new connection, before there is a [`Store`](crate::store::Store).
pub fn inspect<T>(
    place: &DatabaseLocation,
    query: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    query(&mut place.open()?)
}

fn one<R>(conn: &mut Conn, query: &str) -> Result<R, StoreError>
where
    R: QueryableByName<diesel::pg::Pg> + QueryableByName<diesel::sqlite::Sqlite> + 'static,
{
    let query = diesel::sql_query(query);
    Ok(match conn {
        Conn::Postgres(conn) => query.get_result(conn)?,
        Conn::Sqlite(conn) => query.get_result(conn)?,
    })
}
