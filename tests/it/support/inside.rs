//! What a test finds in the database.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use keystile::store::credentials::{self, Credential};
use keystile::store::{Conn, audit};

use super::app::TestApp;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl TestApp {
    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) AS n FROM {table}");
        let counted = self.inside().store.read(move |conn| {
            let query = diesel::sql_query(query);
            let count: Count = match conn {
                Conn::Postgres(conn) => query.get_result(conn)?,
                Conn::Sqlite(conn) => query.get_result(conn)?,
            };
            Ok(count.n)
        });
        counted.await.unwrap()
    }

    /// Runs a statement, as somebody with the database in hands could.
    pub(crate) async fn execute(&self, statement: &str) -> Result<usize, String> {
        let statement = statement.to_owned();
        let done = self.inside().store.write(move |work| {
            let query = diesel::sql_query(statement);
            Ok(match work.conn {
                Conn::Postgres(conn) => query.execute(conn)?,
                Conn::Sqlite(conn) => query.execute(conn)?,
            })
        });
        done.await.map_err(|error| error.to_string())
    }

    /// A CLI session as it is stored.
    pub(crate) async fn stored(&self, session_id: &str) -> Credential {
        let id = session_id.to_owned();
        self.inside().store.read(move |conn| credentials::find(conn, &id)).await.unwrap().unwrap()
    }

    /// What was recorded in an organization, in its order.
    pub(crate) async fn audit_of(&self, chain: &str) -> Vec<String> {
        let chain = chain.to_owned();
        let events = self.inside().store.read(move |conn| audit::chain(conn, &chain)).await.unwrap();
        events.into_iter().map(|event| event.action).collect()
    }

    /// How often something was recorded in the first organization.
    pub(crate) async fn audited(&self, action: &str) -> usize {
        let organization = self.owner().await.organization;
        self.audit_of(&organization.id).await.iter().filter(|known| *known == action).count()
    }
}
