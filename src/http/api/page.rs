//! Lists, page by page.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::domain::parameters::Parameters;
use crate::domain::time::Time;
use crate::web::cursor;

/// Things on a page, unless the request says otherwise.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;

/// Which part of a list is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Where the page before it ended.
    pub after: Option<(Time, String)>,
    size: usize,
}

impl Page {
    pub fn read(query: &str) -> Result<Self, ApiError> {
        let query = Parameters::parse(query.as_bytes())
            .map_err(|_| ApiError::bad_request("The query is malformed."))?;
        let after = query.get("cursor").map(place).transpose()?;
        let size = match query.get("limit").map(str::parse) {
            None => PAGE,
            Some(Ok(size)) if (1..=LARGEST_PAGE).contains(&size) => size,
            Some(_) => return Err(ApiError::bad_request("limit is not a number from 1 to 100.")),
        };
        Ok(Self { after, size })
    }

    /// Rows to read: one more than asked for says whether there is another page.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size + 1).unwrap_or(i64::MAX)
    }

    /// The answer: the page as it is shown, and the way to the next.
    pub fn answer<'a, T>(
        &self,
        rows: &'a [T],
        show: impl Fn(&T) -> Value,
        place: impl Fn(&'a T) -> (Time, &'a String),
    ) -> HttpResponse {
        let page = &rows[..rows.len().min(self.size)];
        let last = page.last().filter(|_| rows.len() > self.size);
        let next_cursor = last.map(|row| {
            let (at, id) = place(row);
            cursor::write(at, id)
        });
        let data: Vec<Value> = page.iter().map(show).collect();
        HttpResponse::Ok().json(json!({ "data": data, "nextCursor": next_cursor }))
    }
}

fn place(text: &str) -> Result<(Time, String), ApiError> {
    cursor::read(text)
        .ok_or_else(|| ApiError::bad_request("The cursor is not one that this server has given."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let at = Time::from_micros(1_795_000_000_123_456).unwrap();
        let query = format!("limit=2&cursor={}", cursor::write(at, "ses_1"));
        let page = Page::read(&query).unwrap();
        assert_eq!(page, Page { after: Some((at, "ses_1".to_owned())), size: 2 });
        assert_eq!(Page::read("").unwrap(), Page { after: None, size: PAGE });
    }

    #[test]
    fn a_bad_page_is_refused() {
        let nul = format!("cursor={}", cursor::write(Time::from_micros(0).unwrap(), "a\0b"));
        for query in ["limit=0", "limit=101", "limit=x", "cursor=!", "cursor=YQ", "limit=1&limit=2", &nul] {
            assert!(matches!(Page::read(query), Err(ApiError::BadRequest(_))), "{query}");
        }
    }
}
