//! Display of names, codes and long pages.

use serde_json::json;

use super::{Tool, push, server, sign_in};
use crate::support::browser::{Browser, Page};

/// Width and height of an element in CSS pixels.
async fn box_of(page: &Page, selector: &str) -> (f64, f64) {
    page.evaluate(&format!(
        "(e => [e.getBoundingClientRect().width, e.getBoundingClientRect().height])(document.querySelector({selector:?}))"
    ))
    .await
}

#[tokio::test]
async fn cg_14_text_to_type_or_copy_is_rendered_literally() {
    let app = server().await;
    let page = Browser::new().await.page().await;
    page.goto(&format!("{}/help", app.issuer())).await;
    // With contextual alternates, Inter draws a multiplication sign between digits, which is wider. Not in a heading,
    // because letters with letter spacing have no alternates.
    let same: bool = page
        .evaluate(
            "document.fonts.ready.then(() => {
                const width = (tag, off) => {
                    const e = document.createElement(tag);
                    e.textContent = '7k2x9 2x3 ->';
                    e.attributeStyleMap.set('display', 'inline-block');
                    if (off) e.attributeStyleMap.set('font-variant-ligatures', 'no-contextual');
                    document.querySelector('main p').append(e);
                    const width = e.getBoundingClientRect().width;
                    e.remove();
                    return width;
                };
                return ['span', 'code'].every(tag => width(tag, false) === width(tag, true));
            })",
        )
        .await;
    assert!(same);
    app.stop().await;
}

#[tokio::test]
async fn cg_14_a_card_looks_chosen_only_if_its_own_button_is() {
    let app = server().await;
    let page = Browser::new().await.page().await;
    page.goto(&format!("{}/help", app.issuer())).await;
    let shadows: Vec<String> = page
        .evaluate(
            "[['radio', ''], ['radio', ' checked']].map(([, checked]) => {
                const card = document.createElement('div');
                card.className = 'radio';
                const button = Object.assign(document.createElement('input'), { type: 'radio', checked: !!checked });
                const select = document.createElement('select');
                select.append(new Option('a', 'a', true, true));
                card.append(button, select);
                document.querySelector('main').append(card);
                return getComputedStyle(card).boxShadow;
            })",
        )
        .await;
    assert_eq!(shadows[0], "none", "a selected option of a list does not mark its card");
    assert_ne!(shadows[1], "none");
    app.stop().await;
}

#[tokio::test]
async fn cg_06_names_of_any_script_are_cut_at_their_end() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    let arabic = "أداة النشر الخاصة بشركة الرياح الشمالية";
    app.execute(&format!("UPDATE clients SET name = '{arabic}'")).await.unwrap();
    app.execute(&format!("UPDATE users SET name = '{arabic}'")).await.unwrap();
    let tool = Tool::at(&app, "127.0.0.1").await;
    app.execute(&format!("UPDATE clients SET name = '{arabic}'")).await.unwrap();
    let (link, _) = push(&app, &tool.ask()).await;
    page.goto(&link).await;
    for selector in [".btn .cut", ".who bdi"] {
        let (direction, overflow, cut): (String, String, bool) = page
            .evaluate(&format!(
                "(e => [getComputedStyle(e).direction, getComputedStyle(e).textOverflow, e.scrollWidth > e.clientWidth])(document.querySelector({selector:?}))"
            ))
            .await;
        // The end of a line depends on its direction, and the ellipsis is there.
        assert_eq!((direction.as_str(), overflow.as_str(), cut), ("rtl", "ellipsis", true), "{selector}");
    }
    app.stop().await;
}

#[tokio::test]
async fn cg_06_lists_keep_their_shape() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    // A service account shows its creator and creation time on one line.
    page.goto(&format!("{}/o/northwind-labs/service-accounts/new", app.issuer())).await;
    page.fill("Name", "Deployer").await;
    page.fill("What it is for", "Deploys the website").await;
    let _: Option<()> =
        page.evaluate("document.querySelector('[name=role][value=member]').checked = true; null").await;
    page.follow("Create service account").await;
    page.goto(&format!("{}/o/northwind-labs/service-accounts", app.issuer())).await;
    let (_, height) = box_of(&page, ".session .made").await;
    assert!(height < 30.0, "{height}");
    // The longest organization name takes two lines of the navigation.
    app.execute(&format!("UPDATE organizations SET name = '{}'", "Northwind Laboratories ".repeat(4).trim()))
        .await
        .unwrap();
    page.goto(&format!("{}/", app.issuer())).await;
    let (_, height) = box_of(&page, ".nav-d h2 bdi").await;
    assert!(height > 10.0 && height < 45.0, "{height}");
    // The audit log uses the full width of an A4 sheet in landscape.
    page.goto(&format!("{}/o/northwind-labs/audit", app.issuer())).await;
    page.set_viewport(1045, 718).await;
    page.on_paper().await;
    let (width, _) = box_of(&page, ".data-table").await;
    assert!(width > 1000.0, "{width}");
    let toolbar: String = page.evaluate("getComputedStyle(document.querySelector('.toolbar')).display").await;
    assert_eq!(toolbar, "none");
    app.stop().await;
}

#[tokio::test]
async fn cg_13_the_contents_of_the_api_reference_stay_in_view() {
    let app = server().await;
    let page = Browser::new().await.page().await;
    page.goto(&format!("{}/api", app.issuer())).await;
    let dangling: Vec<String> = page
        .evaluate(
            "[...document.querySelectorAll('.toc a')].map(a => a.hash).filter(hash => !document.querySelector(hash))",
        )
        .await;
    assert_eq!(dangling, Vec::<String>::new());
    let operations: usize = page.evaluate("document.querySelectorAll('.operation').length").await;
    let links: usize = page.evaluate("document.querySelectorAll('.toc li a').length").await;
    assert!(operations > 20 && links == operations, "{links} of {operations}");
    page.click("Errors").await;
    let top: f64 = page.evaluate("document.querySelector('.toc').getBoundingClientRect().top").await;
    assert!((0.0..100.0).contains(&top), "{top}");
    let height: f64 = page.evaluate("document.documentElement.scrollHeight").await;
    assert!(height < 30_000.0, "{height}");
    app.stop().await;
}

#[tokio::test]
async fn cg_10_a_box_for_a_level_ticks_those_below_it_and_grants_nothing_itself() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    let click = async |selector: &str| {
        let click = format!("document.querySelector('{selector}').click(); null");
        let _: Option<()> = page.evaluate(&click).await;
    };
    let all = async |state: &str| {
        page.evaluate::<bool>(&format!("document.querySelector('[data-all]').{state}")).await
    };
    let granted = async |kind: &str| {
        let newest = format!(
            "SELECT scopes AS name FROM credentials WHERE kind = '{kind}' ORDER BY created_at DESC, id LIMIT 1"
        );
        app.names(&newest).await.swap_remove(0)
    };
    let ticked = "[...document.querySelectorAll('.picks input')].filter(box => box.checked).length";
    for (path, button, kind) in [
        ("/o/northwind-labs/keys/new", "Create API key", "api_key"),
        ("/tokens/new", "Create token", "personal_token"),
    ] {
        page.goto(&format!("{}{path}", app.issuer())).await;
        assert_eq!(page.evaluate::<usize>(ticked).await, 0);
        click("[data-all]").await;
        let most: usize = page.evaluate(ticked).await;
        assert!(most >= 3 && all("checked").await && !all("indeterminate").await, "{most}");
        click("[name=\"scope.deployments:read\"]").await;
        assert!(!all("checked").await && all("indeterminate").await, "{path}");
        page.fill("Name", "Build pipeline").await;
        page.follow(button).await;
        page.shows("You will not see it again.").await;
        let granted = granted(kind).await;
        assert_eq!(granted.split(' ').count(), most - 1, "{granted}");
        assert!(!granted.contains("deployments:read"), "{granted}");
    }

    // On the page of an existing key, the box reflects the key's scopes.
    let id = app.names("SELECT id AS name FROM credentials WHERE kind = 'api_key'").await.swap_remove(0);
    page.goto(&format!("{}/o/northwind-labs/keys/{id}/permissions", app.issuer())).await;
    assert!(all("indeterminate").await);
    click("[data-all]").await;
    assert!(all("checked").await);
    click("[name=\"scope.keys:read\"]").await;
    page.follow("Save permissions").await;
    page.shows("Permissions saved.").await;
    let granted = granted("api_key").await;
    assert!(granted.contains("deployments:read") && !granted.contains("keys:read"), "{granted}");
    app.stop().await;
}

#[tokio::test]
async fn cg_10_the_boxes_of_a_key_are_those_that_the_role_of_its_owner_holds() {
    let app = server().await;
    let owner = app.owner().await;
    let account = json!({ "name": "CI", "purpose": "watches", "role": "viewer" });
    let made = app.owners_tool().await.made("/api/v1/service-accounts", &account).await;
    let account = made["id"].as_str().unwrap();
    let page = Browser::new().await.page().await;
    sign_in(&app, &page, &owner).await;
    page.goto(&format!("{}/o/northwind-labs/keys/new?owner={account}", app.issuer())).await;
    let is = async |selector: &str, state: &str| {
        page.evaluate::<bool>(&format!("document.querySelector('{selector}').{state}")).await
    };
    let (write, read) = ("[name=\"scope.deployments:write\"]", "[name=\"scope.deployments:read\"]");
    page.shows("Service account with the role viewer").await;
    assert!(is(write, "disabled").await && !is(read, "disabled").await);
    let _: Option<()> = page.evaluate("document.querySelector('[name=owner]').click(); null").await;
    assert!(!is(write, "disabled").await);
    for button in [&format!("[name=owner][value={account}]"), "[data-all]"] {
        let _: Option<()> = page.evaluate(&format!("document.querySelector('{button}').click(); null")).await;
    }
    assert!(is(write, "disabled").await && is(read, "checked").await);
    page.fill("Name", "Build pipeline").await;
    page.follow("Create API key").await;
    page.shows("You will not see it again.").await;
    app.stop().await;
}

#[tokio::test]
async fn cg_10_reads_are_folded_behind_their_count() {
    let app = server().await;
    let owner = app.owner().await;
    let page = Browser::new().await.page().await;
    page.java_script(false).await;
    sign_in(&app, &page, &owner).await;
    let tool = Tool::at(&app, "127.0.0.1").await;
    let ask = tool.ask().with("scope", "openid profile email org:read deployments:read deployments:write operations:read keys:read audit:read");
    let (link, _) = push(&app, &ask).await;
    page.goto(&link).await;
    page.shows("Create and change deployments").await;
    page.shows("8 permissions").await;
    let folded = "See deployments, their logs and settings";
    assert!(!page.text().await.contains(folded));
    page.click("Read 8 permissions").await;
    page.shows(folded).await;
    app.stop().await;
}
