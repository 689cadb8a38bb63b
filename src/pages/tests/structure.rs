//! Headings, forms, fields and weight.

use crate::domain::scope::Level;
use crate::pages::tests::{page, pages, visible};

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
    let value = |html: &str, field: &str| {
        let input = html.split("<input").find(|input| input.contains(&format!("id=\"{field}\""))).unwrap();
        input.split(" value=\"").nth(1).map(|rest| rest.split('"').next().unwrap().to_owned())
    };
    let setup = &page("setup-wrong");
    for (field, typed) in [
        ("code", "4F7K-99QX"),
        ("name", "Maya Okafor"),
        ("email", "maya@northwind.dev"),
        ("organization", "Northwind Labs"),
    ] {
        assert_eq!(value(setup, field).as_deref(), Some(typed));
    }
    assert_eq!(value(setup, "password"), None);
    assert_eq!(value(&page("sign-in-wrong"), "email").as_deref(), Some("maya@northwind.dev"));
    assert_eq!(value(&page("sign-in-wrong"), "password"), None);
    assert_eq!(value(&page("rename"), "name").as_deref(), Some("work laptop"));
}

#[test]
fn a_field_with_a_problem_points_to_its_words() {
    let page = page("setup-wrong");
    for field in ["code", "password"] {
        assert!(page.contains(&format!("<a href=\"#{field}\">")), "{field}");
        assert!(page.contains(&format!("aria-describedby=\"{field}-error {field}-hint\"")), "{field}");
    }
    assert_eq!(page.matches("aria-invalid=\"true\"").count(), 2);
}

#[test]
fn every_level_has_a_tag_with_its_word() {
    let page = page("styleguide");
    for level in [Level::Read, Level::Change, Level::Delete, Level::Administer] {
        let tags = page.split("class=\"tag").skip(1).map(|tag| visible(&format!("<{tag}")));
        assert!(tags.into_iter().any(|tag| tag.starts_with(level.word())), "{level:?}");
    }
}

#[test]
fn a_list_page_stays_within_its_weight() {
    for (name, page) in pages() {
        let most =
            if matches!(name, "sessions" | "keys" | "keys-off" | "tokens" | "keys-ended" | "tokens-ended") {
                25
            } else {
                12
            } * 1024;
        assert!(compressed_length(page.as_bytes()) <= most, "{name}");
    }
}

fn compressed_length(bytes: &[u8]) -> usize {
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut out, &brotli::enc::BrotliEncoderParams::default()).unwrap();
    out.len()
}
