//! Tests of refusal pages.

use askama::Template;

use crate::pages::samples::{LOGIN, refusals, shell};
use crate::pages::shared::refusal::RefusalPage;
use crate::pages::tests::{as_written, visible, words_of};

#[test]
fn every_refusal_says_what_happened_and_its_reference() {
    let expected = [
        ("request-ended", 410, "This request has ended"),
        ("already-answered", 200, "You already answered this"),
        ("already-answered-used", 200, "You already answered this"),
        ("unknown-client", 400, "We don’t know this tool"),
        ("outdated-tool", 400, "This tool has to be updated"),
        (
            "redirect-not-registered",
            400,
            "This tool asked us to send you to an address that is not registered",
        ),
        ("malformed-request", 400, "This request can’t be read"),
        ("role-too-small", 403, "You can’t grant this permission"),
        ("personal-tokens-off", 403, "Northwind Labs does not allow command-line sign-in"),
        ("device-codes-off", 403, "Northwind Labs does not allow device codes"),
        ("device-elsewhere", 403, "This device is on a different network"),
        ("copied-codes-off", 403, "Northwind Labs does not allow copied codes"),
        ("copied-code-ended", 410, "This code has ended"),
        ("nothing-to-copy", 200, "No access was granted"),
        ("terminal-left", 410, "Your terminal no longer uses this link"),
        ("no-organization", 403, "You don’t belong to an organization yet"),
        ("no-organization-create", 403, "You don’t belong to an organization yet"),
        ("no-creation", 403, "You cannot create an organization here"),
        ("form-too-old", 403, "This page was open too long"),
        ("cookies-off", 400, "Cookies are needed to sign in"),
        ("open-elsewhere", 409, "This sign-in is open in another browser"),
        ("unknown-code", 404, "That code has ended or was never issued"),
        ("not-an-owner", 403, "Owners only"),
        ("not-a-manager", 403, "Owners and admins only"),
        ("not-for-role", 403, "Your role does not allow this"),
        ("not-allowed", 403, "That is not allowed here"),
        ("past-changing", 409, "This can no longer be changed"),
        ("last-owner", 409, "The last owner has to stay"),
        ("reset-link-ended", 410, "This link no longer works"),
        ("not-found", 404, "Page not found"),
        ("method-not-allowed", 405, "This address does not accept this request"),
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
    assert!(
        words_of("personal-tokens-off")
            .contains("Ask Ada Byron or Grace Brewster to turn personal tokens on.")
    );
    assert!(words_of("personal-tokens-off").contains("Return to your terminal"));
    assert!(
        words_of("role-too-small")
            .contains("You are a viewer in Northwind Labs; this requires developer or owner.")
    );
    assert!(words_of("request-ended").contains("It was open for 10 minutes."));
    assert!(words_of("request-ended").contains(LOGIN));
    assert!(words_of("too-many-tries").contains("Try again in 40 seconds."));
    assert!(words_of("unknown-client").contains("Client id orbit-cli-2"));
}
