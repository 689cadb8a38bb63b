//! Conditions for keyset pagination.

/// The rows after a position in a list sorted by `columns`, descending (`before`) or ascending (`after`). Compares rows
/// as tuples, for which both engines seek in an index on the columns. `a < x OR (a = x AND b < y)` is equivalent, but
/// they scan the index from its end.
macro_rules! before {
    ($columns:literal, $($sql_type:ty: $value:expr),+ $(,)?) => {
        $crate::store::engine::keyset::compare!($columns, " < (", $($sql_type: $value),+)
    };
}

macro_rules! after {
    ($columns:literal, $($sql_type:ty: $value:expr),+ $(,)?) => {
        $crate::store::engine::keyset::compare!($columns, " > (", $($sql_type: $value),+)
    };
}

/// The rows down to a position, included, in a list sorted descending by `columns`.
macro_rules! down_to {
    ($columns:literal, $($sql_type:ty: $value:expr),+ $(,)?) => {
        $crate::store::engine::keyset::compare!($columns, " >= (", $($sql_type: $value),+)
    };
}

macro_rules! compare {
    ($columns:literal, $open:literal, $first_type:ty: $first:expr $(, $sql_type:ty: $value:expr)*) => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(concat!("(", $columns, ")", $open))
            .bind::<$first_type, _>($first)
            $(.sql(", ").bind::<$sql_type, _>($value))*
            .sql(")")
    };
}

/// `column = value`, with the hint that few rows match. SQLite has no statistics here, and given a time range prefers
/// an index by time alone to one by column and time.
macro_rules! rare {
    ($conn:expr, $column:literal, $value:expr) => {{
        let (open, close) = match $conn {
            $crate::store::engine::conn::Conn::Postgres(_) => (concat!("(", $column, " = "), ")"),
            $crate::store::engine::conn::Conn::Sqlite(_) => {
                (concat!("likelihood(", $column, " = "), ", 0.001)")
            }
        };
        diesel::dsl::sql::<diesel::sql_types::Bool>(open)
            .bind::<diesel::sql_types::Text, _>($value)
            .sql(close)
    }};
}

pub(in crate::store) use {after, before, compare, down_to, rare};
