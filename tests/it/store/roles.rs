//! Roles, encodings and defaults of PostgreSQL.

use keystiled::domain::client::ClientKind;
use keystiled::services::janitor;
use keystiled::store::{Conn, StoreError};

use crate::support::app::Builder;
use crate::support::at_once::at_once;
use crate::support::database::Database;
use crate::support::oauth::Tokens;
use crate::support::postgres::OwnDatabase;

/// The SQL statements in the documentation, with these names.
fn documented_grants(owner: &str, role: &str) -> Vec<String> {
    let page = include_str!("../../../docs/configuration.md");
    let (_, rest) = page.split_once("```sql\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let block = block.replace("keystile_owner", owner).replace("keystile_app", role);
    let block: String = block.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    let is_grant = |statement: &&str| !statement.starts_with("CREATE ");
    block
        .split(';')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .filter(is_grant)
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn cc_03_a_role_that_only_reads_and_writes_rows_runs_a_migrated_server() {
    let mut database = OwnDatabase::new("");
    let (owner, owners_url) = database.role();
    let (role, url) = database.role();
    database.execute(&[
        &format!("ALTER DATABASE {} OWNER TO {owner}", database.name),
        &format!("ALTER SCHEMA public OWNER TO {owner}"),
    ]);
    let early = OwnDatabase::migrate(&url, &[]).unwrap_err();
    assert!(early.contains(&format!("the role {role} may not create tables")), "{early}");
    assert!(early.contains("`keystiled migrate`"), "{early}");

    let grants = documented_grants(&owner, &role);
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    assert!(grants.len() >= 4, "{grants:?}");
    OwnDatabase::migrate(&owners_url, &[]).unwrap();
    crate::support::postgres::execute(&owners_url, &grants);
    assert!(OwnDatabase::migrate(&url, &[]).unwrap().contains("applied nothing"));

    let app = Builder::on(Database::sqlite()).with("KEYSTILE_DATABASE_URL", &url).start().await;
    let session = app.session().await;
    assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 200);
    janitor::sweep(&app.inside().store, &app.config).await;
    assert_eq!(
        app.client_post(&session.client, "/oauth/revoke", &[("token", &session.tokens.refresh)]).await.status,
        200
    );
    assert_eq!(app.audited("session.started").await, 1);
    for forbidden in [
        "DROP TABLE audit_events",
        "DROP TRIGGER audit_events_append_only ON audit_events",
        "DELETE FROM audit_events",
        "UPDATE audit_events SET details = '{}'",
        "TRUNCATE audit_events",
    ] {
        let error = app.execute(forbidden).await.unwrap_err();
        assert!(
            error.contains("permission denied") || error.contains("must be owner"),
            "{forbidden}: {error}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn cc_07_a_database_that_cannot_hold_every_name_is_refused() {
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let database = OwnDatabase::new(&format!("ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"));
        let error = OwnDatabase::migrate(&database.url(), &[]).unwrap_err();
        assert!(error.contains(&format!("the database has the encoding {encoding}")), "{error}");
        assert!(error.contains("ENCODING 'UTF8' TEMPLATE template0"), "{error}");
    }
}

#[tokio::test]
async fn cc_07_transactions_are_read_committed_whatever_the_database_defaults_to() {
    let database = OwnDatabase::new("");
    let name = &database.name;
    database.execute(&[&format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")]);
    let app = Builder::on(Database::sqlite()).with("KEYSTILE_DATABASE_URL", &database.url()).start().await;
    let store = &app.inside().store;
    let inside = |conn: &mut Conn| -> Result<String, StoreError> {
        use diesel::prelude::*;
        let Conn::Postgres(conn) = conn else { unreachable!("it was made on PostgreSQL") };
        let level = diesel::dsl::sql::<diesel::sql_types::Text>("current_setting('transaction_isolation')");
        Ok(diesel::select(level).get_result(conn)?)
    };
    assert_eq!(store.read(inside).await.unwrap(), "read committed");
    assert_eq!(store.write(move |work| inside(work.conn)).await.unwrap(), "read committed");
    // If each transaction may run in another session, it sets the level itself.
    let other = app.another_node().with("KEYSTILE_DATABASE_URL", &database.url());
    let other = other.with("KEYSTILE_DATABASE__POOLER", "transaction").start().await;
    let level = other.inside().store.write(move |work| inside(work.conn)).await.unwrap();
    assert_eq!(level, "read committed");
    other.stop().await;
    let client = app.client(ClientKind::Native).await;
    let owner = app.owner().await;
    let browser = app.browser_of(&owner).await;
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(app.session_in(&browser, &client, &owner).await);
    }
    at_once(8, async |number| {
        let mut refresh_token = sessions[number].tokens.refresh.clone();
        for _ in 0..5 {
            refresh_token = Tokens::of(&app.refresh(&client, &refresh_token).await).refresh;
            assert_eq!(app.browser_of(&owner).await.get("/cli-sessions").await.status, 200);
        }
    });
    app.stop().await;
}
