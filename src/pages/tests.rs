//! What holds for every page.

use std::fs;
use std::path::{Path, PathBuf};

use super::consent::{ConsentPage, Notice, Origin};
use super::refusal::RefusalPage;
use super::samples::{LOGIN, Sample, consent, every_page, refusals, shell};
use crate::domain::scope::Level;
use askama::Template;

const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title></textarea></pre><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}<!--",
];
const BIDI: &str = "abc\u{202e}gnp.exe\u{2066}\u{200f}";

fn as_written(text: &str) -> String {
    text.to_owned()
}

fn pages() -> Vec<Sample> {
    every_page(&as_written)
}

/// The text of a page without its tags, with single spaces.
fn visible(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (spaced, mark) in [(" ,", ","), (" .", "."), (" ?", "?"), (" ;", ";")] {
        text = text.replace(spaced, mark);
    }
    text
}

/// The tags of a page in order, without the quoted values of their attributes.
fn skeleton(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut tag: Option<String> = None;
    let mut quoted = false;
    for c in html.chars() {
        match (&mut tag, c) {
            (None, '<') => tag = Some(String::new()),
            (Some(name), '>') if !quoted => {
                tags.push(std::mem::take(name));
                tag = None;
            }
            (Some(_), '"') => quoted = !quoted,
            (Some(name), c) if !quoted => name.push(c),
            _ => {}
        }
    }
    tags
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn hostile_text_changes_no_tag() {
    for hostile in HOSTILE {
        let attacked = every_page(&|_| hostile.to_owned());
        for ((name, plain), (_, attacked)) in pages().into_iter().zip(attacked) {
            assert_eq!(skeleton(&plain), skeleton(&attacked), "{name}: {hostile}");
        }
    }
}

#[test]
fn hostile_text_of_any_length_renders() {
    for (name, page) in every_page(&|_| "W".repeat(300)) {
        assert!(page.ends_with("</html>"), "{name}");
    }
}

#[test]
fn foreign_direction_marks_are_isolated() {
    for (name, page) in every_page(&|_| BIDI.to_owned()) {
        for (at, _) in page.match_indices(BIDI) {
            let before = &page[..at];
            let in_bdi = before
                .rfind("<bdi")
                .is_some_and(|open| !before[open..].contains("</bdi>") && page[at..].contains("</bdi>"));
            let in_value = before.rfind('<') > before.rfind('>');
            assert!(in_bdi || in_value, "{name}: {}", &page[before.floor_char_boundary(at - 60)..at]);
        }
    }
}

#[test]
fn no_foreign_text_is_in_a_title() {
    for (name, page) in every_page(&|_| "FOREIGN".to_owned()) {
        let title = page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        assert!(!title.contains("FOREIGN"), "{name}: {title}");
    }
}

#[test]
fn templates_hold_no_inline_code_and_trust_no_value() {
    let banned =
        [" style=", "<style", "<script>", "javascript:", "|safe", "| safe", "{% filter", "autofocus"];
    for path in files("templates").into_iter().chain(files("static")) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for banned in banned {
            assert!(!text.contains(banned), "{}: {banned}", path.display());
        }
        let handler = text.split(" on").skip(1).any(|rest| {
            let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            !name.is_empty() && rest[name.len()..].starts_with("=\"")
        });
        assert!(!handler, "{}: an inline event handler", path.display());
    }
}

#[test]
fn every_page_has_one_heading_a_title_and_a_way_to_its_content() {
    for (name, page) in pages() {
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        assert!(page.contains("href=\"#main\"") && page.contains("<main id=\"main\""), "{name}");
        assert!(page.contains(" – Keystile</title>"), "{name}");
        assert_eq!(page.contains("<title>Error: "), is_error(&page), "{name}");
    }
}

fn is_error(page: &str) -> bool {
    // The style guide shows the summary without being wrong itself.
    (page.contains("class=\"error-summary\"") && !page.contains("<title>Style guide"))
        || page.contains("That code has ended or was never issued")
}

#[test]
fn every_form_that_changes_something_holds_the_token() {
    for (name, page) in pages() {
        for form in page.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            // 43 characters of base64url.
            let token = form.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
            let has_token = token.is_some_and(|token| token.len() == 43);
            assert_eq!(form.contains("method=\"post\""), has_token, "{name}: {form}");
        }
    }
}

#[test]
fn fields_keep_what_was_typed_but_never_a_password() {
    let pages = pages();
    let page = |name: &str| &pages.iter().find(|(known, _)| *known == name).unwrap().1;
    let value = |html: &str, field: &str| {
        let input = html.split("<input").find(|input| input.contains(&format!("id=\"{field}\""))).unwrap();
        input.split(" value=\"").nth(1).map(|rest| rest.split('"').next().unwrap().to_owned())
    };
    let setup = page("setup-wrong");
    for (field, typed) in [
        ("code", "4F7K-99QX"),
        ("name", "Maya Okafor"),
        ("email", "maya@northwind.dev"),
        ("organization", "Northwind Labs"),
    ] {
        assert_eq!(value(setup, field).as_deref(), Some(typed));
    }
    assert_eq!(value(setup, "password"), None);
    assert_eq!(value(page("sign-in-wrong"), "email").as_deref(), Some("maya@northwind.dev"));
    assert_eq!(value(page("sign-in-wrong"), "password"), None);
    assert_eq!(value(page("rename"), "name").as_deref(), Some("work laptop"));
}

#[test]
fn a_field_with_a_problem_points_to_its_words() {
    let page = pages().into_iter().find(|(name, _)| *name == "setup-wrong").unwrap().1;
    for field in ["code", "password"] {
        assert!(page.contains(&format!("<a href=\"#{field}\">")), "{field}");
        assert!(page.contains(&format!("aria-describedby=\"{field}-error {field}-hint\"")), "{field}");
    }
    assert_eq!(page.matches("aria-invalid=\"true\"").count(), 2);
}

#[test]
fn pages_avoid_the_words_that_help_nobody() {
    let banned = ["please", "sorry", "oops", "successfully", "invalid", "organisation", "!"];
    for (name, page) in pages() {
        let body = visible(page.split("<body").nth(1).unwrap()).to_lowercase();
        for banned in banned {
            assert!(!body.contains(banned), "{name}: {banned}");
        }
    }
}

#[test]
fn the_facts_of_the_consent_page_stand_in_reading_order() {
    let page = visible(&consent(&as_written).render().unwrap());
    let order = [
        "auth.northwind.dev",
        "Signed in as Maya Okafor",
        "Not you?",
        "Allow Orbit CLI to act as you in Northwind Labs?",
        "Registered by Northwind Labs",
        "Your terminal should show this code",
        "7KQ2-XM4T",
        "Device maya-mbp",
        "Reported by the tool, not verified.",
        "Sends you to A program on this computer",
        "127.0.0.1, port 53682",
        "Asked from The same network as this browser",
        "203.0.113.24, today at 14:32 UTC",
        "It will be able to",
        "See deployments, their logs and settings Read",
        "Create and change deployments Change",
        "Not asked for: delete deployments, manage members, create keys",
        "Organization Northwind Labs (developer)",
        "The tool gets access to this one organization only.",
        "Lasts 8 hours, renewed while in use Until 22 December 2026 at the latest",
        "Did you just run orbit login yourself?",
        "If not, choose Deny. Nobody from Northwind Labs will ever ask you to approve a sign-in.",
        "Deny",
        "Authorize Orbit CLI",
        "You can end access later under CLI sessions",
    ];
    let mut from = 0;
    for fact in order {
        let Some(at) = page[from..].find(fact) else { panic!("{fact:?} is missing or too early in {page}") };
        from += at + fact.len();
    }
}

#[test]
fn deny_is_the_first_submit_button_of_the_decision() {
    for (name, page) in pages().into_iter().filter(|(name, _)| name.starts_with("consent")) {
        let form = page.split("<form id=\"decide\"").nth(1).unwrap().split("</form>").next().unwrap();
        let buttons: Vec<_> = form.split("<button").skip(1).collect();
        assert_eq!(buttons.len(), 2, "{name}");
        assert!(buttons[0].contains("value=\"deny\""), "{name}");
        assert!(buttons[1].contains("value=\"authorize\""), "{name}");
    }
}

#[test]
fn consent_says_what_the_role_leaves_out_and_what_is_unusual() {
    let pages = pages();
    let page = |name: &str| visible(&pages.iter().find(|(known, _)| *known == name).unwrap().1);
    let careful = page("consent-careful");
    for words in [
        "Left out, because your role is viewer: change deployments",
        "Not registered here. Anyone can claim this name.",
        "Did you run this just now?",
        "Device Not reported by the tool",
        "Device 198.51.100.7, you 203.0.113.24",
        "Lasts 8 hours",
        Notice::DifferentNetwork.heading(),
        Notice::Old.heading(),
    ] {
        assert!(careful.contains(words), "{words}: {careful}");
    }
    assert!(!careful.contains("renewed while in use"));
    let several = page("consent-several");
    for words in [
        "Allow Orbit CLI to act as you?",
        "Northwind Labs (developer)",
        "Left out there: create and change deployments",
        "Does not allow command-line sign-in",
        "The website orbit.dev",
        "Nobody from Keystile will ever ask",
    ] {
        assert!(several.contains(words), "{words}: {several}");
    }
    assert!(page("consent-code").contains("A code you paste yourself"));
}

#[test]
fn an_unknown_origin_is_left_out() {
    let page = ConsentPage { origin: None::<Origin>, ..consent(&as_written) };
    assert!(!page.render().unwrap().contains("Asked from"));
}

#[test]
fn every_level_has_a_tag_with_its_word() {
    for level in [Level::Read, Level::Change, Level::Delete, Level::Administer] {
        let page = every_page(&as_written).into_iter().find(|(name, _)| *name == "styleguide").unwrap().1;
        let tags = page.split("class=\"tag").skip(1).map(|tag| visible(&format!("<{tag}")));
        assert!(tags.into_iter().any(|tag| tag.starts_with(level.word())), "{level:?}");
    }
}

#[test]
fn the_way_back_moves_on_by_itself_and_by_a_link() {
    let target = "http://127.0.0.1:53682/callback?code=c&amp;state=s";
    let target_escaped_by_number = target.replace("&amp;", "&#38;");
    for (name, page) in pages().into_iter().filter(|(name, _)| name.starts_with("return")) {
        let page = page.replace(&target_escaped_by_number, target);
        assert!(page.contains(&format!("http-equiv=\"refresh\" content=\"0;url={target}\"")), "{name}");
        assert!(page.contains(&format!("<a href=\"{target}\">Send the answer again</a>")), "{name}");
    }
    let told = |name: &str| visible(&pages().into_iter().find(|(known, _)| *known == name).unwrap().1);
    assert!(told("return").contains("You can return to your terminal"));
    assert!(told("return-denied").contains("Nothing was given"));
    assert!(told("return-off").contains("does not allow command-line sign-in"));
}

#[test]
fn every_refusal_says_what_happened_and_its_reference() {
    let expected = [
        ("request-ended", 410, "This request has ended"),
        ("already-answered", 200, "You already answered this"),
        ("already-answered-used", 200, "You already answered this"),
        ("unknown-client", 400, "We don’t know this tool"),
        ("outdated-tool", 400, "This tool has to be updated"),
        ("redirect-not-registered", 400, "This tool asked us to send you somewhere it may not"),
        ("malformed-request", 400, "This request can’t be read"),
        ("role-too-small", 403, "You can’t give this permission"),
        ("personal-tokens-off", 403, "Northwind Labs does not allow command-line sign-in"),
        ("device-codes-off", 403, "Northwind Labs does not allow device codes"),
        ("device-elsewhere", 403, "This device is on a different network"),
        ("copied-codes-off", 403, "Northwind Labs does not allow codes to be copied"),
        ("copied-code-ended", 410, "This code has ended"),
        ("nothing-to-copy", 200, "Nothing was given"),
        ("no-organization", 403, "You are in no organization yet"),
        ("form-too-old", 403, "This page was open too long"),
        ("cookies-off", 400, "Cookies are needed to sign in"),
        ("unknown-code", 404, "That code has ended or was never issued"),
        ("not-a-manager", 403, "Owners and admins only"),
        ("not-for-role", 403, "Your role does not allow this"),
        ("not-allowed", 403, "That is not allowed here"),
        ("past-changing", 409, "This can’t be changed any more"),
        ("not-found", 404, "Page not found"),
        ("method-not-allowed", 405, "This address takes no such request"),
        ("too-many-tries", 429, "Too many tries"),
        ("broken", 500, "Something broke on our side"),
        ("restarting", 503, "We are restarting"),
    ];
    let refusals = refusals(&as_written);
    assert_eq!(refusals.len(), expected.len());
    for ((name, refusal), (expected_name, status, title)) in refusals.into_iter().zip(expected) {
        let page = RefusalPage::new(shell(&as_written), refusal, "req_8h2KQ0".into());
        assert_eq!((name, page.status().as_u16()), (expected_name, status));
        let words = visible(&page.render().unwrap());
        assert!(words.contains(title), "{name}: {words}");
        assert!(words.contains("Reference req_8h2KQ0"), "{name}");
    }
}

#[test]
fn refusals_name_the_people_and_the_command_that_help() {
    let pages = pages();
    let page = |name: &str| visible(&pages.iter().find(|(known, _)| *known == name).unwrap().1);
    assert!(
        page("personal-tokens-off").contains("Ask Ada Byron or Grace Brewster to turn personal tokens on.")
    );
    assert!(page("personal-tokens-off").contains("Return to your terminal"));
    assert!(
        page("role-too-small").contains("You are a viewer in Northwind Labs; it needs developer or owner.")
    );
    assert!(page("request-ended").contains("It was open for 10 minutes."));
    assert!(page("request-ended").contains(LOGIN));
    assert!(page("too-many-tries").contains("Try again in 40 seconds."));
    assert!(page("unknown-client").contains("Client id orbit-cli-2"));
}

#[test]
fn the_switch_says_its_effect_in_numbers_before_it_is_saved() {
    let pages = pages();
    let page = |name: &str| visible(&pages.iter().find(|(known, _)| *known == name).unwrap().1);
    assert!(page("api-access-on").contains("Turning this off stops 14 sessions of 9 people."));
    assert!(page("confirm-off").contains("Turning this off stops 14 sessions of 9 people."));
    assert!(page("api-access-off").contains("Turning this on makes 14 sessions of 9 people work again."));
}

#[test]
fn a_list_page_stays_within_its_weight() {
    for (name, page) in pages() {
        let most = if matches!(name, "sessions" | "keys" | "keys-off" | "tokens") { 25 } else { 12 } * 1024;
        assert!(compressed_length(page.as_bytes()) <= most, "{name}");
    }
}

fn compressed_length(bytes: &[u8]) -> usize {
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut out, &brotli::enc::BrotliEncoderParams::default()).unwrap();
    out.len()
}
