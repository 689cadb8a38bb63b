//! Paging of lists.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Type};
use utoipa::{IntoParams, PartialSchema};

use super::answer::List;
use super::error::ApiError;
use crate::domain::parameters::Parameters;
use crate::domain::time::Time;
use crate::web::cursor;

/// Default page size.
const DEFAULT_PAGE_SIZE: usize = 50;
const MAX_PAGE_SIZE: usize = 100;

/// Paging parameters of a list request.
#[derive(Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Cursor: the last entry of the previous page.
    pub after: Option<(Time, String)>,
    size: usize,
}

impl ListQuery {
    pub fn read(query: &str) -> Result<Self, ApiError> {
        let query = parse(query)?;
        let after = query.get("cursor").map(cursor).transpose()?;
        let size = match query.get("limit").map(str::parse) {
            None => DEFAULT_PAGE_SIZE,
            Some(Ok(size)) if (1..=MAX_PAGE_SIZE).contains(&size) => size,
            Some(_) => return Err(ApiError::bad_request("limit must be a number from 1 to 100.")),
        };
        Ok(Self { after, size })
    }

    /// Rows to read: one extra row shows whether there is another page.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.rows()).unwrap_or(i64::MAX)
    }

    /// [`Self::limit`], for lists that are put together in memory.
    pub fn rows(&self) -> usize {
        self.size + 1
    }

    /// Response with the page and the cursor of the next one.
    pub fn answer<'a, T, S: Serialize>(
        &self,
        rows: &'a [T],
        show: impl Fn(&T) -> S,
        place: impl Fn(&'a T) -> (Time, &'a String),
    ) -> HttpResponse {
        let page = &rows[..rows.len().min(self.size)];
        let last = page.last().filter(|_| rows.len() > self.size);
        let next_cursor = last.map(|row| {
            let (at, id) = place(row);
            cursor::write(at, id)
        });
        HttpResponse::Ok().json(List { data: page.iter().map(show).collect(), next_cursor })
    }
}

impl IntoParams for ListQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        parameters(DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    }
}

/// OpenAPI parameters of a list with these default and maximum page sizes.
pub(super) fn parameters(usual: usize, most: usize) -> Vec<Parameter> {
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(most))
        .default(Some(usual.into()));
    vec![
        query("limit", "The page size.").schema(Some(limit)).build(),
        query("cursor", "`nextCursor` of the previous page.").schema(Some(String::schema())).build(),
    ]
}

/// Parses the query of a request.
pub(super) fn parse(query: &str) -> Result<Parameters, ApiError> {
    Parameters::parse(query.as_bytes()).map_err(|_| ApiError::bad_request("The query is malformed."))
}

/// An optional query parameter.
pub(super) fn query(name: &str, description: &str) -> ParameterBuilder {
    ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).description(Some(description))
}

fn cursor(text: &str) -> Result<(Time, String), ApiError> {
    cursor::read(text).ok_or_else(|| ApiError::bad_request("The cursor was not issued by this server."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let at = Time::from_micros(1_795_000_000_123_456).unwrap();
        let query = format!("limit=2&cursor={}", cursor::write(at, "ses_1"));
        let page = ListQuery::read(&query).unwrap();
        assert_eq!(page, ListQuery { after: Some((at, "ses_1".to_owned())), size: 2 });
        assert_eq!(ListQuery::read("").unwrap(), ListQuery { after: None, size: DEFAULT_PAGE_SIZE });
    }

    #[test]
    fn a_bad_page_is_refused() {
        let nul = format!("cursor={}", cursor::write(Time::from_micros(0).unwrap(), "a\0b"));
        for query in ["limit=0", "limit=101", "limit=x", "cursor=!", "cursor=YQ", "limit=1&limit=2", &nul] {
            assert!(matches!(ListQuery::read(query), Err(ApiError::BadRequest(_))), "{query}");
        }
    }
}
