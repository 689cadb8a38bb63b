//! `api [METHOD] PATH`: a raw API call with the credential in use.

mod body;
mod fields;
#[cfg(feature = "jq")]
mod jq;
mod pages;

use std::io::Read;

use super::args::ApiArgs;
use fields::Field;
use keystile::header::{AUTHORIZATION, CONTENT_TYPE};
use keystile::{
    ApiRequest, ApiResponse, App, Error, ErrorKind, Globals, HeaderName, HeaderValue, Method, Session,
};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// A call, as the arguments describe it.
struct Call {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
    max_size: Option<usize>,
}

pub(super) async fn run(app: &App, globals: &Globals, args: ApiArgs) -> Result<(), Error> {
    let worded = |kind| app.error(kind);
    let paginate = args.paginate;
    let filter = args.jq.clone();
    #[cfg(feature = "jq")]
    if let Some(filter) = &filter {
        jq::check(filter).map_err(|reason| worded(bad_filter(&reason)))?;
    }
    let call = Call::of(args).map_err(worded)?;
    if paginate && call.method != Method::GET {
        let message = format!("--paginate reads lists, and {} reads none", call.method);
        return Err(worded(usage(message, "Leave out --paginate, or the method.")));
    }
    let session = app.session(globals).await?;
    let screen = app.screen(globals);
    if !paginate && filter.is_none() {
        let response = call.request(&session, &call.path).stream_unchecked().await?;
        return body::print(&session, &screen, response).await;
    }
    let (response, merged) = if paginate {
        pages::all(app, &session, &call).await?
    } else {
        (call.send(&session, &call.path).await?, None)
    };
    let status = response.status();
    // Also prints the body of a refusal, which tells the caller more than the error does. A 5xx has no useful body.
    if status < 500 {
        let bytes = merged.as_deref().unwrap_or_else(|| response.bytes());
        match filter.filter(|_| status < 300) {
            Some(filter) => screen.body(status, &filtered(&filter, bytes).map_err(worded)?)?,
            None => body::print_whole(&screen, status, bytes)?,
        }
    }
    session.error_for(&response).await.map_or(Ok(()), Err)
}

#[cfg(feature = "jq")]
fn filtered(filter: &str, bytes: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    jq::run(filter, bytes).map_err(|reason| bad_filter(&reason))
}

#[cfg(not(feature = "jq"))]
fn filtered(_: &str, _: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    Err(usage("This program was built without --jq".into(), "Pipe the output to jq."))
}

#[cfg(feature = "jq")]
fn bad_filter(reason: &str) -> ErrorKind {
    usage(
        format!("The filter of --jq cannot be used: {reason}"),
        "Its language is that of jq, for example '.data[].id'.",
    )
}

impl Call {
    fn of(args: ApiArgs) -> Result<Self, ErrorKind> {
        let (method, path) = match args.path {
            Some(path) => (Some(args.method_or_path), path),
            None => (None, args.method_or_path),
        };
        let headers = args.headers.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>()?;
        let fields = args.fields.iter().map(|text| Field::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let has_body = args.data.is_some() || !fields.is_empty();
        let method = match method {
            Some(method) => named_method(&method)?,
            None if named_method(&path).is_ok() => {
                return Err(usage(
                    "missing argument PATH".into(),
                    "Write api METHOD PATH, or api PATH for GET.",
                ));
            }
            None if has_body => {
                return Err(usage(
                    "Which method is it?".into(),
                    "Write it before the path: GET adds fields to the query, POST, PUT, PATCH and DELETE send them as JSON.",
                ));
            }
            None => Method::GET,
        };
        let is_read = method == Method::GET || method == Method::HEAD;
        let (path, body) = match args.data {
            Some(data) => (path, Some(body(&data)?)),
            None if fields.is_empty() => (path, None),
            None if is_read => (fields::in_query(&path, &fields), None),
            None => (path, Some(fields::as_json(&fields)?)),
        };
        Ok(Self { method, path, headers, body, max_size: args.max_size })
    }

    fn request<'a>(&self, session: &'a Session, path: &str) -> ApiRequest<'a> {
        let mut request = session.client().request(self.method.clone(), path);
        if let Some(body) = &self.body {
            let json = HeaderValue::from_static("application/json");
            request = request.header(CONTENT_TYPE, json).body(body.clone());
        }
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value.clone());
        }
        if let Some(bytes) = self.max_size {
            request = request.limit(bytes);
        }
        request
    }

    async fn send(&self, session: &Session, path: &str) -> Result<ApiResponse, Error> {
        self.request(session, path).send_unchecked().await
    }
}

fn named_method(text: &str) -> Result<Method, ErrorKind> {
    let method = text.to_uppercase();
    let known = METHODS.contains(&method.as_str());
    known.then(|| Method::from_bytes(method.as_bytes()).ok()).flatten().ok_or_else(|| {
        usage(format!("`{text}` is not a method"), "Use GET, POST, PUT, PATCH, DELETE or HEAD.")
    })
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), ErrorKind> {
    let bad = || usage(format!("`{text}` is not a header"), "Write NAME:VALUE.");
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    let name: HeaderName = name.trim().parse().map_err(|_| bad())?;
    if name == AUTHORIZATION || name == "x-api-key" {
        return Err(usage(
            format!("{name} is set by the tool"),
            "Choose the credential with --profile, --api-key or the environment.",
        ));
    }
    Ok((name, value.trim().parse().map_err(|_| bad())?))
}

fn body(text: &str) -> Result<Vec<u8>, ErrorKind> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_vec()) };
    let mut bytes = Vec::new();
    let read = if path == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    read.map_err(|error| {
        usage(format!("Cannot read {path}: {error}"), "Write -d @FILE, or @- for standard input.")
    })?;
    Ok(bytes)
}

fn usage(message: String, hint: &str) -> ErrorKind {
    ErrorKind::Usage { message, hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Arguments, Command};

    fn call(line: &str) -> Result<Call, ErrorKind> {
        match Arguments::try_parse_from(line.split(' ')).unwrap().command {
            Command::Api(args) => Call::of(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_method_is_get_unless_it_is_named() {
        let method = |line: &str| call(line).map(|call| (call.method, call.path)).ok();
        assert_eq!(method("keystile api /v1/a"), Some((Method::GET, "/v1/a".into())));
        assert_eq!(method("keystile api delete /v1/a"), Some((Method::DELETE, "/v1/a".into())));
        for line in [
            "keystile api POST",
            "keystile api FETCH /v1/a",
            "keystile api /v1/a -d {}",
            "keystile api /v1/a -f a=b",
        ] {
            assert_eq!(method(line), None, "{line}");
        }
    }

    #[test]
    fn fields_are_a_query_or_a_body() {
        let get = call("keystile api GET /v1/a?x=1 -f name=a&b -f tag[]=1").unwrap();
        assert_eq!((get.path.as_str(), get.body), ("/v1/a?x=1&name=a%26b&tag=1", None));
        let post = call("keystile api POST /v1/a -f name=5 -f scopes[]=a -f scopes[]=b").unwrap();
        let body: serde_json::Value = serde_json::from_slice(&post.body.unwrap()).unwrap();
        assert_eq!(
            (post.path.as_str(), body),
            ("/v1/a", serde_json::json!({ "name": "5", "scopes": ["a", "b"] }))
        );
        assert!(call("keystile api POST /v1/a -f name").is_err());
        assert!(call("keystile api POST /v1/a -f a=1 -f a=2").is_err());
        assert!(call("keystile api POST /v1/a -f a=1 -f a[]=2").is_err());
    }

    #[test]
    fn a_header_is_split_at_its_first_colon() {
        let (name, value) = header("X-Note: a:b").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-note", "a:b"));
        assert!(header("nothing").is_err());
    }

    #[test]
    fn credential_headers_are_refused() {
        assert!(header("Authorization: Bearer x").is_err());
        assert!(header("X-API-Key: x").is_err());
    }
}
