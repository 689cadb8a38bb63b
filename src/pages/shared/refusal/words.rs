//! Texts of refusals.

use actix_web::http::StatusCode;

use crate::domain::policy::PolicyBlock;
use crate::pages::shared::refusal::{
    Detail, Next, Refusal, RefusalActions, RefusalForm, RefusalLink, RefusalText, WhoCanEnable,
};
use crate::pages::shared::text;
use crate::pages::shared::words::{Sentence, names};

impl Refusal {
    /// Texts of this refusal; `base` is the issuer's path.
    #[expect(clippy::too_many_lines, reason = "one table of words, an entry a refusal")]
    pub(in crate::pages) fn words(self, base: &str) -> RefusalText {
        match self {
            Self::RequestEnded { open_for, command } => RefusalText::new(StatusCode::GONE, "This request has ended")
                .what(Sentence::from("It was open for ").text(open_for).text(". Start again in your terminal:"))
                .nothing_given()
                .next(Next::Run(command)),
            Self::AlreadyAnswered { send_again, command } => already_answered(send_again, command),
            Self::UnknownClient { client_id } => {
                RefusalText::new(StatusCode::BAD_REQUEST, "We don’t know this tool")
                    .what("It is not registered here, so you were not sent back to it.")
                    .what("Update the tool, or send its maker what is shown under Details.")
                    .nothing_given()
                    .detail("Client id", [client_id])
            }
            Self::OutdatedTool { command } => RefusalText::new(StatusCode::BAD_REQUEST, "This tool has to be updated")
                .what("It requested an API key in a URL, where others could read it. This server never sends a key that way.")
                .what("Update the tool, then sign in again:")
                .nothing_given()
                .next(Next::Run(command)),
            Self::RedirectNotRegistered { tool, asked, registered } => {
                RefusalText::new(StatusCode::BAD_REQUEST, "This tool asked us to send you to an address that is not registered")
                    .what(Sentence::default().name(tool).text(
                        " named a redirect address that does not belong to it, so you were not sent there.",
                    ))
                    .what("Do not repeat the sign-in from a link that somebody sent you.")
                    .nothing_given()
                    .detail("Asked for", [asked])
                    .detail("Registered", registered)
            }
            Self::MalformedRequest { detail } => {
                RefusalText::new(StatusCode::BAD_REQUEST, "This request can’t be read")
                    .what("The tool sent something that this server does not understand. Update the tool and try again.")
                    .nothing_given()
                    .detail("For its maker", [detail])
            }
            Self::RoleTooSmall { organization, role, needed, way_out } => {
                role_too_small(organization, &role, &needed, way_out)
            }
            Self::PersonalTokensOff { organization, who, way_out } => {
                personal_tokens_off(organization, who, way_out)
            }
            Self::SignInMethodClosed { organization, policy_block, who, way_out } => {
                sign_in_method_closed(organization, policy_block, who, way_out)
            }
            Self::CopiedCodeEnded { command } => {
                RefusalText::new(StatusCode::GONE, "This code has ended")
                    .what("It was used, canceled, or is too old. Start again in your terminal:")
                    .next(Next::Run(command))
            }
            Self::NothingToCopy => RefusalText::new(StatusCode::OK, "No access was granted")
                .what("The request has ended. If your terminal still waits for a code, stop it with Ctrl+C.")
                .nothing_given(),
            Self::TerminalLeft => RefusalText::new(StatusCode::GONE, "Your terminal no longer uses this link")
                .what("Copied codes were not allowed when you opened it. Continue as your terminal says.")
                .nothing_given()
                .next(Next::links([("Enter a device code", format!("{base}/device"))])),
            Self::NoOrganization { may_create, way_out } => {
                let mut links = vec![RefusalLink {
                    label: "See your invitations",
                    href: format!("{base}/invitations"),
                }];
                let what = if may_create {
                    links.push(RefusalLink {
                        label: "Create an organization",
                        href: format!("{base}/organizations/new"),
                    });
                    "A tool always acts in one organization. Ask an owner for an invite link, or create your own."
                } else {
                    "A tool always acts in one organization. Ask an owner for an invite link."
                };
                RefusalText::new(StatusCode::FORBIDDEN, "You don’t belong to an organization yet")
                    .what(what)
                    .nothing_given()
                    .next(Next::Links(links))
                    .way_out(way_out)
            }
            Self::FormTooOld { reload } => RefusalText::new(StatusCode::FORBIDDEN, "This page was open too long")
                .what("Nothing was changed. Open the page again and repeat the last step.")
                .next(Next::links([("Open the page again", reload)])),
            Self::CookiesOff => RefusalText::new(StatusCode::BAD_REQUEST, "Cookies are needed to sign in")
                .what("This server sets one cookie, to remember that this browser is signed in. Nothing else reads it.")
                .what("Allow cookies for this address, then go back and try again.")
                .nothing_given(),
            Self::OpenElsewhere { command } => {
                RefusalText::new(StatusCode::CONFLICT, "This sign-in is open in another browser")
                    .what("Only the first browser that opens a sign-in link can answer it. Continue there.")
                    .what("If you did not open it there, somebody else did, or you signed out here since. Stop the command in your terminal and start again:")
                    .nothing_given()
                    .next(Next::Run(command))
            }
            Self::UnknownCode { command } => {
                RefusalText::new(StatusCode::NOT_FOUND, "That code has ended or was never issued")
                    .tab("Error: That code has ended or was never issued")
                    .what("Compare it with your terminal. Codes last a few minutes; to get a new one:")
                    .nothing_given()
                    .next(Next::Run(command))
            }
            Self::NotAManager { organization } => {
                RefusalText::new(StatusCode::FORBIDDEN, "Owners and admins only")
                    .what(Sentence::from("Ask an owner or an admin of ").name(organization).text(" to change this."))
                    .next(Next::home(base))
            }
            Self::NotAnOwner { organization } => RefusalText::new(StatusCode::FORBIDDEN, "Owners only")
                .what(Sentence::from("Ask an owner of ").name(organization).text(" to change this."))
                .next(Next::home(base)),
            Self::NoCreation => {
                RefusalText::new(StatusCode::FORBIDDEN, "You cannot create an organization here")
                    .what("The operator of this server makes organizations. Ask the operator for one.")
                    .next(Next::home(base))
            }
            Self::NotForRole { organization, role, needed } => not_for_role(organization, &role, &needed, base),
            Self::NotAllowed { message } => {
                unchanged(StatusCode::FORBIDDEN, "That is not allowed here", message).next(Next::home(base))
            }
            Self::PastChanging { message } => {
                unchanged(StatusCode::CONFLICT, "This can no longer be changed", message).next(Next::home(base))
            }
            Self::LastOwner { organization, members } => {
                RefusalText::new(StatusCode::CONFLICT, "The last owner has to stay")
                    .what(Sentence::default().name(organization).text(
                        " would have nobody left to manage it: it needs an owner who can sign in. Nothing was changed.",
                    ))
                    .what("Make another member an owner first.")
                    .next(Next::links([("Change a role", members)]))
            }
            Self::ResetLinkEnded => RefusalText::new(StatusCode::GONE, "This link no longer works")
                .what("It was used, replaced by a newer one, or is older than 15 minutes. Opening it changed nothing.")
                .what("Ask the operator of this server for a new link."),
            Self::NotFound => RefusalText::new(StatusCode::NOT_FOUND, "Page not found")
                .what("There is nothing at this address.")
                .next(Next::home(base)),
            Self::MethodNotAllowed => {
                RefusalText::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not accept this request")
                    .what("Nothing was changed. Use the form on the page it belongs to.")
                    .next(Next::home(base))
            }
            Self::TooManyTries { seconds } => RefusalText::new(StatusCode::TOO_MANY_REQUESTS, "Too many tries")
                .what(Sentence::from("Try again in ").text(text::count(seconds, "second", "seconds")).text("."))
                .nothing_given(),
            Self::Broken => RefusalText::new(StatusCode::INTERNAL_SERVER_ERROR, "Something broke on our side")
                .what("Try again. If it happens again, send the reference below to the operator of this server.")
                .nothing_given(),
            Self::Restarting => RefusalText::new(StatusCode::SERVICE_UNAVAILABLE, "We are restarting")
                .what("Try again in a few seconds. Tools that are signed in keep working until their access ends.")
                .nothing_given(),
        }
    }
}

fn already_answered(send_again: Option<String>, command: String) -> RefusalText {
    let words = RefusalText::new(StatusCode::OK, "You already answered this");
    match send_again {
        Some(href) => {
            words.what("Is your terminal still waiting?").next(Next::links([("Send the answer again", href)]))
        }
        None => words.what("Is your terminal still waiting? Start again there:").next(Next::Run(command)),
    }
}

fn role_too_small(
    organization: String,
    role: &str,
    needed: &[String],
    way_out: RefusalActions,
) -> RefusalText {
    RefusalText::new(StatusCode::FORBIDDEN, "You can’t grant this permission")
        .what(needs(organization, role, needed))
        .nothing_given()
        .way_out(way_out)
}

fn not_for_role(organization: String, role: &str, needed: &[String], base: &str) -> RefusalText {
    RefusalText::new(StatusCode::FORBIDDEN, "Your role does not allow this")
        .what(needs(organization, role, needed))
        .next(Next::home(base))
}

fn unchanged(status: StatusCode, title: &'static str, message: String) -> RefusalText {
    RefusalText::new(status, title).what(Sentence::default().name(message)).what("Nothing was changed.")
}

/// "You are a viewer in Northwind Labs; this requires owner or admin."
fn needs(organization: String, role: &str, needed: &[String]) -> Sentence {
    let needs = Sentence::from("You are ")
        .text(with_article(role))
        .text(" in ")
        .name(organization)
        .text("; this requires ");
    names(needs, needed, "or").text(". Ask an owner to change your role.")
}

fn personal_tokens_off(organization: String, who: WhoCanEnable, way_out: RefusalActions) -> RefusalText {
    let mut links = Vec::new();
    let ask = match who {
        WhoCanEnable::You(href) => {
            links.push(RefusalLink { label: "Open API access", href });
            "You can turn them on under API access.".into()
        }
        WhoCanEnable::Others { named, .. } if named.is_empty() => {
            "Ask an owner of the organization to turn personal tokens on.".into()
        }
        WhoCanEnable::Others { named, more } => managers(&named, more).text(" to turn personal tokens on."),
    };
    RefusalText::new(StatusCode::FORBIDDEN, "Command-line sign-in is off")
        .title(Sentence::default().name(organization).text(" does not allow command-line sign-in"))
        .what("Personal tokens are off for this organization.")
        .what(ask)
        .nothing_given()
        .next(Next::Links(links))
        .way_out(way_out)
}

fn sign_in_method_closed(
    organization: String,
    policy_block: PolicyBlock,
    who: WhoCanEnable,
    way_out: RefusalActions,
) -> RefusalText {
    let words = RefusalText::new(StatusCode::FORBIDDEN, "This sign-in method is off");
    let words = match policy_block {
        PolicyBlock::DeviceFlow | PolicyBlock::PersonalTokens => words
            .title(Sentence::default().name(organization).text(" does not allow device codes"))
            .what("Sign in with a browser on the computer where the tool runs."),
        PolicyBlock::OtherNetwork => words.title("This device is on a different network".into()).what(
            Sentence::default()
                .name(organization)
                .text(" allows device codes only in a browser on the network from which the device asked."),
        ),
        PolicyBlock::CopyCode => words
            .title(Sentence::default().name(organization).text(" does not allow copied codes"))
            .what("Look at your terminal: it may show a device code by now.")
            .what("If it does not, sign in with a browser on the computer where the tool runs, or with a device code."),
    };
    let words = words.nothing_given();
    let words = match who {
        WhoCanEnable::You(href) => {
            words.what("You can change this under API access.").next(Next::links([("Open API access", href)]))
        }
        WhoCanEnable::Others { named, .. } if named.is_empty() => {
            words.what("Ask an owner of the organization to change this.")
        }
        WhoCanEnable::Others { named, more } => words.what(managers(&named, more).text(" to change this.")),
    };
    words.way_out(way_out)
}

/// "Ask Ada, Grace or Joan, or another owner or admin,"
fn managers(named: &[String], more: bool) -> Sentence {
    let ask = names("Ask ".into(), named, "or");
    if more { ask.text(", or another owner or admin,") } else { ask }
}

/// "an owner", "a viewer"
fn with_article(role: &str) -> String {
    let vowel = role.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {role}", if vowel { "an" } else { "a" })
}

impl RefusalText {
    fn new(status: StatusCode, title: &'static str) -> Self {
        Self {
            status,
            tab: title,
            title: title.into(),
            what: Vec::new(),
            nothing_given: false,
            next: Next::Nothing,
            refuse: None,
            details: Vec::new(),
        }
    }

    fn tab(self, tab: &'static str) -> Self {
        Self { tab, ..self }
    }

    fn title(self, title: Sentence) -> Self {
        Self { title, ..self }
    }

    fn what(mut self, sentence: impl Into<Sentence>) -> Self {
        self.what.push(sentence.into());
        self
    }

    fn nothing_given(self) -> Self {
        Self { nothing_given: true, ..self }
    }

    fn next(self, next: Next) -> Self {
        Self { next, ..self }
    }

    /// Prepends the links of the actions.
    fn way_out(self, way_out: RefusalActions) -> Self {
        let refuse = way_out.refuse.clone();
        let links = match self.next {
            Next::Links(links) => links,
            Next::Nothing | Next::Run(_) => Vec::new(),
        };
        let next = Next::Links(way_out.links().into_iter().chain(links).collect());
        Self { next, refuse, ..self }
    }

    fn detail(mut self, term: &'static str, values: impl Into<Vec<String>>) -> Self {
        self.details.push(Detail { term, values: values.into() });
        self
    }
}

impl Next {
    fn links<const N: usize>(links: [(&'static str, String); N]) -> Self {
        Self::Links(links.into_iter().map(|(label, href)| RefusalLink { label, href }).collect())
    }

    fn home(base: &str) -> Self {
        Self::links([("Go to CLI sessions", format!("{base}/"))])
    }
}

impl RefusalActions {
    /// Actions for a request that is still open.
    pub fn ended_by(form: RefusalForm) -> Self {
        Self { refuse: Some(form), ..Self::default() }
    }

    /// Actions for an answered request, with its redirect URL.
    pub fn link(url: Option<String>) -> Self {
        Self { tell_the_tool: url, ..Self::default() }
    }

    fn links(self) -> Vec<RefusalLink> {
        let links = [
            ("Return to your terminal", self.tell_the_tool),
            ("Choose another organization", self.other_organization),
        ];
        links.into_iter().filter_map(|(label, href)| href.map(|href| RefusalLink { label, href })).collect()
    }
}
