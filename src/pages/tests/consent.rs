//! Tests of the consent page and the redirect page.

use askama::Template;

use crate::pages::authorize::consent::{ConsentPage, NetworkOrigin, Notice};
use crate::pages::samples::consent;
use crate::pages::tests::{as_written, pages, visible, words_of};

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
        "Create and change deployments Change",
        "See deployments, their logs and settings Read",
        "Not asked for: delete deployments, manage members, create keys",
        "Organization Northwind Labs (developer)",
        "The tool gets access to this one organization only.",
        "Lasts 8 hours, renewed while in use Until 22 December 2026 at the latest",
        "Did you just run orbit login, or another command of Orbit CLI, yourself?",
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
    let careful = words_of("consent-careful");
    for words in [
        "Left out, because your role is viewer: change deployments",
        "Not registered here. Anyone can claim this name.",
        "Did you start this just now?",
        "Device Not reported by the tool",
        "Device 198.51.100.7, you 203.0.113.24",
        "Lasts 8 hours",
        Notice::DifferentNetwork.heading(),
        Notice::Old.heading(),
    ] {
        assert!(careful.contains(words), "{words}: {careful}");
    }
    assert!(!careful.contains("renewed while in use"));
    let several = words_of("consent-several");
    for words in [
        "Allow Orbit CLI to act as you?",
        "Northwind Labs (developer)",
        "Left out in this organization: create and change deployments",
        "Does not allow command-line sign-in",
        "The website orbit.dev",
        "Nobody from Keystile will ever ask",
    ] {
        assert!(several.contains(words), "{words}: {several}");
    }
    assert!(words_of("consent-code").contains("A code you paste yourself"));
}

#[test]
fn an_unknown_origin_is_left_out() {
    let page = ConsentPage { origin: None::<NetworkOrigin>, ..consent(&as_written) };
    assert!(!page.render().unwrap().contains("Asked from"));
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
    assert!(words_of("return").contains("You can return to your terminal"));
    assert!(words_of("return-denied").contains("No access was granted"));
    assert!(words_of("return-off").contains("does not allow command-line sign-in"));
}
