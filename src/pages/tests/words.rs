//! Tests of the wording of pages.

use crate::pages::tests::{pages, visible, words_of};

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
fn the_switch_says_its_effect_in_numbers_before_it_is_saved() {
    assert!(
        words_of("api-access-on")
            .contains("Turning this off stops 14 sessions and 3 personal tokens of 9 people.")
    );
    assert!(
        words_of("confirm-off")
            .contains("Turning this off stops 14 sessions and 3 personal tokens of 9 people.")
    );
    assert!(
        words_of("api-access-off")
            .contains("Turning this on makes 14 sessions and 3 personal tokens of 9 people work again.")
    );
}
