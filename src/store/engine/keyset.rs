//! Conditions of lists: where a page begins, and which index finds it.

/// The rows after a place in a list that is sorted downwards (or upwards, with `after`) by `columns`: one comparison of
/// whole rows, which an index on the columns answers from the place on. `a < x OR (a = x AND b < y)` says the same, and
/// walks the index from its end on both engines.
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

/// The rows of a list sorted downwards by `columns` that come no later than a place.
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

/// `column = value`, where few rows have that value. SQLite has no statistics, and for a period of time takes an index by
/// time alone for as good as one by the column and the time.
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
