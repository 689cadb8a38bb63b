//! Personal values, which lie beside the events.

use std::collections::HashMap;

use diesel::prelude::*;

use super::MAX_ROWS;
use super::row::Row;
use crate::domain::audit::chain::ChainLink;
use crate::domain::audit::values::SaltedValue;
use crate::store::engine::conn::Conn;
use crate::store::engine::error::StoreError;
use crate::store::engine::query::Prepared;
use crate::store::engine::schema::person_values;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = person_values)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct ValueRow {
    event_id: String,
    field: String,
    user_id: Option<String>,
    salt: Vec<u8>,
    value: String,
}

impl ValueRow {
    pub(super) fn new(event_id: &str, value: SaltedValue) -> Self {
        let SaltedValue { field, user_id, salt, value } = value;
        Self { event_id: event_id.to_owned(), field, user_id, salt, value }
    }
}

pub(super) fn insert(conn: &mut Conn, rows: &[ValueRow]) -> Result<(), StoreError> {
    insert_all!(conn, person_values, rows);
    Ok(())
}

/// Events of one read, with their values: one more query for all of them.
pub(super) fn with_values(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<ChainLink>, StoreError> {
    let mut values: HashMap<String, Vec<SaltedValue>> = HashMap::new();
    let ids: Vec<&str> = rows.iter().filter_map(Row::outside).collect();
    for ids in ids.chunks(MAX_ROWS) {
        let found: Vec<ValueRow> = person_values::table
            .filter(person_values::event_id.eq_any(ids))
            .select(ValueRow::as_select())
            .load(conn)?;
        for ValueRow { event_id, field, user_id, salt, value } in found {
            values.entry(event_id).or_default().push(SaltedValue { field, user_id, salt, value });
        }
    }
    let link = |row: Row| {
        let beside = row.outside().and_then(|id| values.remove(id)).unwrap_or_default();
        row.into_link(beside)
    };
    Ok(rows.into_iter().map(link).collect())
}

/// Erases all values of a user and returns their number.
pub fn erase_of_user(conn: &mut Conn, user_id: &str) -> Result<usize, StoreError> {
    Ok(diesel::delete(person_values::table.filter(person_values::user_id.eq(user_id))).execute(conn)?)
}
