//! Where a page of a list begins.

/// The rows after a place in a list that is sorted downwards (or upwards, with `after`) by `columns`: one comparison of
/// whole rows, which an index on the columns answers from the place on. `a < x OR (a = x AND b < y)` says the same, and
/// walks the index from its end on both engines.
macro_rules! before {
    ($columns:literal, $($sql_type:ty: $value:expr),+ $(,)?) => {
        $crate::store::keyset::compare!($columns, " < (", $($sql_type: $value),+)
    };
}

macro_rules! after {
    ($columns:literal, $($sql_type:ty: $value:expr),+ $(,)?) => {
        $crate::store::keyset::compare!($columns, " > (", $($sql_type: $value),+)
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

pub(in crate::store) use {after, before, compare};
