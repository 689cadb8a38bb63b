//! Text from others is shown as text only.

use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::client::ClientKind;
use keystiled::services::accounts::{self, NewUser};

use super::API_ACCESS;
use crate::support::both_engines;
use crate::support::html::{active_parts, links};
use crate::support::http::Answer;
use crate::support::oauth::{Ask, Tokens};
use crate::support::people::Person;
use crate::support::ready_made::{PASSWORD, password_hash};

const CORPUS: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "</title></textarea></pre><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "{{7919*7927}}${7919*7927}<!--",
    "<a href=\"//evil.example\">click</a>",
    "\u{202e}gnp.exe\u{2066}\u{0}",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
];

fn inert(page: &Answer, what: &str) {
    assert_eq!(active_parts(&page.body), Vec::<String>::new(), "{what}: {}", page.body);
    let title = page.body.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
    assert!(!title.contains("alert") && !title.contains("evil"), "{what}: {title}");
    assert!(!page.text().contains("62773913"), "{what}: a template was evaluated");
}

both_engines! {
    async fn wb_03_names_that_are_code_are_shown_as_text(app) {
        for hostile_name in CORPUS.map(|hostile| hostile.replace('\0', "")) {
            let hostile = hostile_name.as_str();
            let organization = app.organization(&hostile_name).await;
            let (name, org) = (hostile_name.clone(), organization.clone());
            let made = app.inside().store.write(move |work| {
                let email = format!("{}@example.com", org.slug);
                let new = NewUser { email, name, password_hash: password_hash() };
                let user = accounts::create_user(work, new, &Actor::Operator, &Origin::default())?;
                accounts::add_member(work, &org, &user, "owner", &Actor::Operator, &Origin::default())?;
                Ok(user)
            });
            let user = made.await.unwrap();
            let person = Person { id: user.id, email: user.email, password: PASSWORD, organization };
            let name = hostile_name.clone();
            let client = app.client_with(ClientKind::Native, |client| {
                client.name.clone_from(&name);
                client.command = Some(name);
            }).await;
            let ask = Ask::of(&client).with("device_name", hostile).with("device_os", hostile)
                .with("tool_version", hostile).with("login_hint", hostile);
            let stranger = app.browser();
            let waiting = stranger.follow(stranger.get(&ask.path()).await).await;
            inert(&waiting, "sign-in");
            let browser = app.browser_of(&person).await;
            let consent = app.ask(&browser, &ask).await;
            assert_eq!(consent.status, 200, "{}", consent.text());
            inert(&consent, "consent");
            let again = app.ask(&browser, &ask.clone().with("prompt", "login")).await;
            inert(&again, "sign-in again");
            let returned = app.decide(&browser, &consent, "authorize").await;
            inert(&returned, "return");
            let returned = crate::support::oauth::Returned::from_page(&returned);
            let session = Tokens::of(&app.exchange(&ask, returned.code()).await).session();
            let settings = format!("/o/{}/settings/api-access", person.organization.slug);
            let done = format!("/done?c={}", client.id);
            for path in ["/", "/cli-sessions/end-all", &done, &settings, &format!("{settings}/personal-tokens/off"),
                &format!("{settings}/revoke-all"), &format!("/cli-sessions/{session}/end"),
                &format!("/cli-sessions/{session}/rename")] {
                inert(&browser.get(path).await, path);
            }
            let path = format!("/cli-sessions/{session}/rename");
            let rename = browser.get(&path).await.form(&path).with("name", &hostile_name);
            inert(&browser.get(browser.submit(&rename).await.location()).await, "renamed");
            inert(&app.ask(&browser, &ask.clone().with("redirect_uri", hostile)).await, "redirect address");
            let of_organization = |path: &str| format!("/o/{}/{path}", person.organization.slug);
            let (accounts, keys) = (of_organization("service-accounts"), of_organization("keys"));
            let new_account = format!("{accounts}/new");
            let form = browser.get(&new_account).await.form(&new_account).with("role", "member");
            let made = browser.submit(&form.with("name", hostile).with("purpose", hostile)).await;
            inert(&browser.get(made.location()).await, "service account");
            let new_key = format!("{keys}/new");
            let form = browser.get(&new_key).await.form(&new_key).with("name", hostile);
            inert(&browser.submit(&form.clone().with("addresses", hostile)).await, "new key, wrong");
            inert(&browser.submit(&form.with("scope.org:read", "on")).await, "key created");
            let list = browser.get(&keys).await;
            inert(&list, "keys");
            inert(&browser.get(&accounts).await, "service accounts");
            for path in links(&list.body).into_iter().filter(|link| link.starts_with(&format!("{keys}/key_"))) {
                inert(&browser.get(&path).await, &path);
            }
        }
    }

    async fn wb_03_text_from_the_url_is_shown_as_text(app) {
        app.session().await;
        let browser = app.browser_of(&app.owner().await).await;
        for hostile in CORPUS {
            let text: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
            for path in ["/oauth/authorize?client_id=", "/c/", "/cli-sessions?q=", "/cli-sessions?org=",
                "/sign-in?request=", "/authorize/return?request=", "/done?c=", "/?done=", "/nothing/", "/o/",
                "/cli-auth?port=", API_ACCESS] {
                let join = if path == API_ACCESS { "?cursor=" } else { "" };
                let answer = browser.get(&format!("{path}{join}{text}")).await;
                let answer = browser.follow(answer).await;
                if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
                    inert(&answer, path);
                }
            }
        }
    }

    async fn wb_04_a_login_hint_stays_in_its_field(app) {
        app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser();
        let hint = "\"><svg onload=alert(1)>@example.com";
        let page = browser.follow(browser.get(&Ask::of(&client).with("login_hint", hint).path()).await).await;
        assert_eq!(page.form("/sign-in").field("email"), Some(hint));
        inert(&page, "hint");
    }

    async fn wb_02_a_sign_in_started_from_another_site_works(app) {
        // A link on another site is a top-level GET, with which browsers send a Lax cookie.
        let browser = app.browser_of(&app.owner().await).await;
        let client = app.client(ClientKind::Native).await;
        let request = browser.request(reqwest::Method::GET, &Ask::of(&client).path());
        let opened = browser.send(request.header("Sec-Fetch-Site", "cross-site")).await;
        let consent = browser.follow(opened).await;
        assert_eq!(app.decide(&browser, &consent, "authorize").await.status, 200);
    }
}
