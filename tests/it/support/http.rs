//! HTTP clients: browser, tool, anonymous. None of them follows redirects by itself.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::contract;
use super::html::{self, Form};

/// A complete response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get(LOCATION).unwrap_or_else(|| panic!("leads nowhere: {self:#?}"));
        location.to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Text of the page.
    pub(crate) fn text(&self) -> String {
        html::text(&self.body)
    }

    /// The form of the page with this action, with its hidden fields.
    pub(crate) fn form(&self, action: &str) -> Form {
        Form::of(&self.body, action)
    }

    /// The first form of the page whose action starts with this.
    pub(crate) fn form_to(&self, beginning: &str) -> Form {
        Form::beginning(&self.body, beginning)
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    &url[..url[host..].find('/').map_or(url.len(), |slash| host + slash)]
}

/// A client without credentials.
pub(crate) struct Anonymous {
    client: Client,
    base: String,
}

impl Anonymous {
    pub(crate) fn at(base: &str) -> Self {
        // Without idle connections, so that it depends on no test's runtime and keeps no server from
        // stopping.
        static CLIENT: LazyLock<Client> = LazyLock::new(|| {
            Client::builder().redirect(Policy::none()).no_proxy().pool_max_idle_per_host(0).build().unwrap()
        });
        Self { client: CLIENT.clone(), base: base.to_owned() }
    }

    /// A request to a path of the server, for a test that needs a header or a body of its own.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// The URL of a path, which may include the path of the base, as links of pages do.
    fn url(&self, path: &str) -> String {
        if !path.starts_with('/') {
            return path.to_owned();
        }
        let origin = origin(&self.base);
        match self.base.strip_prefix(origin) {
            Some(mount) if !mount.is_empty() && path.starts_with(&format!("{mount}/")) => {
                format!("{origin}{path}")
            }
            _ => format!("{}{path}", self.base),
        }
    }

    /// Sends a request that was made with [`Anonymous::request`].
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        answer(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        answer(self.request(Method::POST, path).form(form)).await
    }
}

/// A public client.
pub(crate) struct Machine {
    caller: Anonymous,
    client_id: String,
}

impl Machine {
    pub(crate) fn at(base: &str, client_id: &str) -> Self {
        Self { caller: Anonymous::at(base), client_id: client_id.to_owned() }
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let named: Vec<_> =
            [("client_id", self.client_id.as_str())].into_iter().chain(form.iter().copied()).collect();
        self.caller.post(path, &named).await
    }

    /// A request with a bearer token.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        answer(self.caller.request(Method::GET, path).bearer_auth(token)).await
    }
}

/// A browser without JavaScript: keeps cookies and submits forms.
pub(crate) struct BrowserCaller {
    caller: Anonymous,
    /// Origin of its pages, whichever node sends them.
    origin: String,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl BrowserCaller {
    pub(crate) fn at(base: &str) -> Self {
        Self { caller: Anonymous::at(base), origin: origin(base).to_owned(), cookies: Arc::default() }
    }

    /// A browser at this address, for a server that trusts its proxy.
    pub(crate) fn from_address(base: &str, address: &str) -> Self {
        let headers = [("X-Forwarded-For".parse().unwrap(), address.parse().unwrap())];
        let client = Client::builder().redirect(Policy::none()).no_proxy().pool_max_idle_per_host(0);
        let client = client.default_headers(headers.into_iter().collect()).build().unwrap();
        let caller = Anonymous { client, ..Anonymous::at(base) };
        Self { caller, ..Self::at(base) }
    }

    /// Another tab of the browser, with the same cookies.
    pub(crate) fn another_tab(&self) -> Self {
        self.at_node(&self.caller.base)
    }

    /// The same browser at another node.
    pub(crate) fn at_node(&self, base: &str) -> Self {
        Self { caller: Anonymous::at(base), origin: self.origin.clone(), cookies: self.cookies.clone() }
    }

    /// The same browser at pages of another origin.
    pub(crate) fn with_origin(self, origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..self }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.caller.request(Method::GET, path)).await
    }

    /// Submits a form.
    pub(crate) async fn submit(&self, form: &Form) -> Answer {
        let request = self.caller.request(Method::POST, &form.action).header("Origin", &self.origin);
        self.send(request.header("Sec-Fetch-Site", "same-origin").form(form.fields())).await
    }

    /// Follows redirects within this server.
    pub(crate) async fn follow(&self, mut answer: Answer) -> Answer {
        for _ in 0..8 {
            if answer.status != 303 || !answer.location().starts_with('/') {
                return answer;
            }
            answer = self.get(answer.location()).await;
        }
        panic!("leads in a circle: {answer:#?}")
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
    }

    /// A request for a test that needs a header of its own; sent with [`BrowserCaller::send`].
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.caller.request(method, path)
    }

    /// Sends a request with the cookies of this browser, and keeps those that come back.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = answer(request.header(COOKIE, self.cookie_header())).await;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        answer
    }

    /// [`Self::send`] for a built request without cookies.
    pub(crate) async fn send_built(&self, mut request: reqwest::Request) -> Answer {
        request.headers_mut().insert(COOKIE, self.cookie_header().parse().unwrap());
        read(self.caller.client.execute(request).await.unwrap()).await
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap();
        if parts.any(|attribute| attribute.eq_ignore_ascii_case("Max-Age=0")) {
            self.cookies.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        } else {
            self.set_cookie(name, value);
        }
    }
}

async fn answer(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, url) = (request.method().clone(), request.url().clone());
    let answer = read(client.execute(request).await.unwrap()).await;
    contract::hold(&method, &url, &answer);
    answer
}

async fn read(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}
