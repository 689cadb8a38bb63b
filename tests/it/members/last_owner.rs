//! An organization keeps an owner who can sign in.

use keystiled::store::memberships;

use super::{LEAVE, give, path, remove_form, role_form, role_of};
use crate::support::app::{Builder, TestApp};
use crate::support::at_once::{at_once, rounds};
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::html::Form;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::people::Person;

fn assert_last_owner(answer: &Answer) {
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("would have nobody left to manage it"), "{}", answer.text());
}

/// Makes a person an owner again, whatever became of them.
async fn restore(app: &TestApp, person: &Person) {
    if role_of(app, person).await.is_none() {
        app.join(person, &person.organization, "owner").await;
    }
    let (org, user) = (person.organization.id.clone(), person.id.clone());
    let set = app.inside().store.write(move |work| memberships::set_role(work.conn, &org, &user, "owner"));
    assert!(set.await.unwrap());
}

async fn owners(app: &TestApp, of: &[Person; 2]) -> usize {
    let roles = [role_of(app, &of[0]).await, role_of(app, &of[1]).await];
    roles.iter().filter(|role| role.as_deref() == Some("owner")).count()
}

/// The acts by which two owners at once could leave no owner.
#[derive(Debug, Clone, Copy)]
enum Race {
    DemoteEachOther,
    RemoveEachOther,
    StepDown,
    Leave,
}

/// The form of one of the two.
async fn form(race: Race, browser: &BrowserCaller, own: &Person, other: &Person) -> Form {
    match race {
        Race::DemoteEachOther => role_form(browser, other, "member").await,
        Race::RemoveEachOther => remove_form(browser, other).await,
        Race::StepDown => role_form(browser, own, "admin").await,
        Race::Leave => {
            let path = format!("/o/{}/leave", own.organization.slug);
            browser.get(&path).await.form(&path)
        }
    }
}

/// Two owners act at the same moment, each on a node.
async fn race(nodes: [&TestApp; 2]) {
    let app = nodes[0];
    let acme = app.organization("Acme").await;
    let people = [app.member_of(&acme, "owner").await, app.member_of(&acme, "owner").await];
    let browsers =
        [app.browser_of(&people[0]).await, app.browser_of(&people[1]).await.at_node(&nodes[1].base())];
    let races = [Race::DemoteEachOther, Race::StepDown, Race::RemoveEachOther, Race::Leave];
    for round in 0..rounds(20) {
        let race = races[round % races.len()];
        let forms = [
            form(race, &browsers[0], &people[0], &people[1]).await,
            form(race, &browsers[1], &people[1], &people[0]).await,
        ];
        let statuses: Vec<u16> =
            at_once(2, |n| browsers[n].submit(&forms[n])).into_iter().map(|answer| answer.status).collect();
        assert_eq!(owners(app, &people).await, 1, "round {round}: {race:?}: {statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{race:?}: {statuses:?}");
        for person in &people {
            restore(app, person).await;
        }
    }
}

#[tokio::test]
async fn p_16_two_owners_who_act_at_once_on_two_nodes_leave_exactly_one_owner() {
    let one = Builder::on(Database::postgres()).start().await;
    let other = Box::pin(one.another_node().start()).await;
    race([&one, &other]).await;
    other.stop().await;
    one.stop().await;
}

both_engines! {
    async fn p_16_two_owners_who_act_at_once_leave_exactly_one_owner(app) {
        race([app, app]).await;
    }

    async fn p_17_the_last_owner_neither_leaves_nor_steps_down_nor_is_removed(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let leave = || async { browser.submit(&browser.get(LEAVE).await.form(LEAVE)).await };
        assert_last_owner(&leave().await);
        for role in ["admin", "viewer"] {
            assert_last_owner(&give(&browser, &owner, role).await);
        }
        // Others who cannot sign in do not count.
        let second = app.member("owner").await;
        let set = async |column: &str, value: &str, person: &Person| {
            app.execute(&format!("UPDATE users SET {column} = {value} WHERE id = '{}'", person.id)).await.unwrap();
        };
        set("disabled_at", "created_at", &second).await;
        assert_last_owner(&leave().await);
        assert_last_owner(&give(&browser, &owner, "admin").await);
        set("disabled_at", "NULL", &second).await;
        let hash = format!("(SELECT password_hash FROM users WHERE id = '{}')", second.id);
        set("password_hash", "NULL", &owner).await;
        // The acting owner has no password, so the other one is the last who can sign in.
        let removal = remove_form(&browser, &second).await;
        assert_last_owner(&browser.submit(&removal).await);
        assert_last_owner(&give(&browser, &second, "admin").await);
        set("password_hash", &hash, &owner).await;
        set("password_hash", "NULL", &second).await;
        assert_last_owner(&leave().await);
        set("password_hash", &hash.replace(&second.id, &owner.id), &second).await;
        assert_eq!(role_of(app, &owner).await.as_deref(), Some("owner"));
        assert_eq!(role_of(app, &second).await.as_deref(), Some("owner"));
        assert_eq!(app.audited("member.left").await + app.audited("member.role_changed").await, 0);
        // With two who can sign in, one may go.
        assert_eq!(give(&browser, &owner, "admin").await.status, 303);
        let page = browser.get(LEAVE).await;
        assert_eq!(browser.submit(&page.form(LEAVE)).await.location(), "/?done=left");
        assert_eq!(role_of(app, &owner).await, None);
        assert_eq!(browser.get(&path(&second, "role")).await.status, 404);
        assert_eq!(app.names("SELECT reason AS name FROM ended_memberships").await, ["left"]);
    }
}
