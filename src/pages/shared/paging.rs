//! Paging of card lists.

use crate::domain::time::Time;
use crate::web::cursor;

/// Cards per page; small enough to need no compression.
pub(in crate::pages) const PAGE: usize = 10;

/// Rows to read: one extra row shows whether there is another page.
pub(in crate::pages) fn limit() -> i64 {
    rows_of(PAGE)
}

/// For another page size than [`PAGE`].
pub(in crate::pages) fn rows_of(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1)
}

/// Truncates rows to one page. Returns the cursor of the next, if there is one.
pub(in crate::pages) fn cut<T>(rows: &mut Vec<T>, place: impl Fn(&T) -> (Time, &str)) -> Option<String> {
    cut_to(PAGE, rows, place)
}

/// For another page size than [`PAGE`].
pub(in crate::pages) fn cut_to<T>(
    size: usize,
    rows: &mut Vec<T>,
    place: impl Fn(&T) -> (Time, &str),
) -> Option<String> {
    let more = rows.len() > size;
    rows.truncate(size);
    let (at, id) = rows.last().filter(|_| more).map(place)?;
    Some(cursor::write(at, id))
}
