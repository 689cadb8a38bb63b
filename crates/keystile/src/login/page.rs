//! What the listener tells the browser.

/// An answer to the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The tool holds its tokens; the server's own page says so.
    Done {
        url: String,
    },
    /// The person or their organization said no; the server's own page says what to do about it.
    Denied {
        url: String,
    },
    /// The login failed; the terminal says why.
    Failed {
        tool: String,
    },
    /// The login was answered before.
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

    /// The whole HTTP answer.
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
            Self::Denied { .. } => ("Nothing was given", "Your terminal has been told.".to_owned()),
            // The name is made of lower-case letters, digits and dashes, so it needs no escaping.
            Self::Failed { tool } => (
                "Sign-in failed",
                format!("Nothing was stored. Your terminal says why; run {tool} again from there."),
            ),
            Self::AlreadyAnswered => {
                ("Already answered", "This sign-in has its answer. Look at your terminal.".into())
            }
            Self::NotFound | Self::MethodNotAllowed | Self::BadRequest => {
                ("Nothing here", "This address waits for one sign-in only.".into())
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
