//! Responses of the loopback listener.

/// A response to the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The session is stored; redirects to the page of the issuer.
    Done {
        url: String,
    },
    /// Denied by the user or the organization; redirects to the page of the issuer.
    Denied {
        url: String,
    },
    /// The login failed; the reason is in the terminal.
    Failed {
        tool: String,
    },
    /// There has been a callback before.
    AlreadyAnswered,
    NotFound,
    MethodNotAllowed,
    BadRequest,
}

impl Page {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Done { .. } | Self::Denied { .. } => 303,
            Self::Failed { .. } | Self::BadRequest => 400,
            Self::AlreadyAnswered => 409,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
        }
    }

    /// The HTTP response.
    pub(super) fn to_http(&self) -> String {
        let reason = match self {
            Self::Done { .. } | Self::Denied { .. } => "See Other",
            Self::Failed { .. } | Self::BadRequest => "Bad Request",
            Self::AlreadyAnswered => "Conflict",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
        };
        let extra = match self {
            Self::Done { url } | Self::Denied { url } => format!("Location: {url}\r\n"),
            Self::MethodNotAllowed => "Allow: GET\r\n".into(),
            Self::Failed { .. } | Self::AlreadyAnswered | Self::NotFound | Self::BadRequest => String::new(),
        };
        let body = self.body();
        format!(
            "HTTP/1.1 {} {reason}\r\n{extra}Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\
             Connection: close\r\n\r\n{body}",
            self.status(),
            body.len(),
        )
    }

    fn body(&self) -> String {
        let (title, text) = match self {
            Self::Done { .. } => ("Signed in", "You can return to your terminal.".to_owned()),
            Self::Denied { .. } => ("Access denied", "You can return to your terminal.".to_owned()),
            // The name has only lower-case letters, digits and dashes, so it needs no escaping.
            Self::Failed { tool } => (
                "Sign-in failed",
                format!("Nothing was stored. The reason is shown in your terminal; run {tool} again there."),
            ),
            Self::AlreadyAnswered => {
                ("Already completed", "This sign-in is already completed. Look at your terminal.".into())
            }
            Self::NotFound | Self::MethodNotAllowed | Self::BadRequest => {
                ("Not found", "This address only receives the result of a sign-in.".into())
            }
        };
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;\
             margin:20vh auto;padding:0 1.5rem}}h1{{font-size:1.5rem}}</style>\
             <main><h1>{title}</h1><p>{text}</p></main></html>\n"
        )
    }
}
