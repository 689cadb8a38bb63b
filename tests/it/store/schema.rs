//! The schemas of both engines are the same.

use crate::support::app::TestApp;
use crate::support::database::Database;

/// Tables, columns, types and nullability, one line per column. Times are text on SQLite.
const SQLITE_COLUMNS: &str = "
    SELECT t.name || '.' || c.name || ' ' ||
        CASE WHEN c.type = 'TEXT' AND (c.name LIKE '%\\_at' ESCAPE '\\' OR c.name IN ('at', 'auth_time'))
            THEN 'TIME' ELSE c.type END ||
        CASE WHEN c.\"notnull\" OR c.pk THEN '' ELSE ' NULL' END AS name
    FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'
    ORDER BY 1";
const POSTGRES_COLUMNS: &str = "
    SELECT table_name || '.' || column_name || ' ' ||
        CASE data_type WHEN 'bytea' THEN 'BLOB' WHEN 'timestamp with time zone' THEN 'TIME' ELSE upper(data_type) END ||
        CASE is_nullable WHEN 'YES' THEN ' NULL' ELSE '' END AS name
    FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_diesel%'
    ORDER BY 1";
/// Named indexes with their table, and whether they are unique.
const SQLITE_INDEXES: &str = "
    SELECT t.name || '.' || i.name || CASE WHEN i.\"unique\" THEN ' UNIQUE' ELSE '' END AS name
    FROM sqlite_schema t, pragma_index_list(t.name) i
    WHERE t.type = 'table' AND i.origin = 'c' ORDER BY 1";
const POSTGRES_INDEXES: &str = "
    SELECT tablename || '.' || indexname || CASE WHEN indexdef LIKE 'CREATE UNIQUE%' THEN ' UNIQUE' ELSE '' END AS name
    FROM pg_indexes
    WHERE schemaname = current_schema() AND indexname NOT LIKE '%\\_pkey' AND indexname NOT LIKE '%\\_key'
    ORDER BY 1";
/// Foreign keys.
const SQLITE_REFERENCES: &str = "
    SELECT t.name || '.' || f.\"from\" || ' ' || f.\"table\" || ' ' || f.on_delete AS name
    FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY 1";
const POSTGRES_REFERENCES: &str = "
    SELECT c.conrelid::regclass || '.' || a.attname || ' ' || c.confrelid::regclass || ' ' ||
        CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE 'NO ACTION' END AS name
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace ORDER BY 1";

#[tokio::test]
async fn both_schemas_agree_table_by_table_and_column_by_column() {
    let sqlite = TestApp::on(Database::sqlite()).await;
    let postgres = TestApp::on(Database::postgres()).await;
    for (one, other) in [
        (SQLITE_COLUMNS, POSTGRES_COLUMNS),
        (SQLITE_INDEXES, POSTGRES_INDEXES),
        (SQLITE_REFERENCES, POSTGRES_REFERENCES),
    ] {
        let (mut one, mut other) = (sqlite.names(one).await, postgres.names(other).await);
        assert!(one.len() > 5, "{one:?}");
        one.sort();
        other.sort();
        assert_eq!(one, other);
    }
    postgres.stop().await;
    sqlite.stop().await;
}
