//! The audit log over the API.

use keystiled::domain::audit::{Action, Actor, Event, Origin};
use keystiled::domain::client::ClientKind;
use serde_json::{Value, json};

use super::{get, reader};
use crate::support::app::TestApp;
use crate::support::both_engines;

const LOG: &str = "/api/v1/audit";

/// The entries of a page.
fn entries(page: &Value) -> &[Value] {
    page["data"].as_array().unwrap()
}

/// Records events in the audit log of an organization.
async fn record(app: &TestApp, org_id: &str, events: Vec<Event>) {
    let org_id = org_id.to_owned();
    let recorded = app.inside().store.write(move |work| {
        for event in events {
            work.record(event.org(&org_id));
        }
        Ok(())
    });
    recorded.await.unwrap();
}

fn event(action: Action, actor: &str) -> Event {
    let origin = Origin {
        ip: Some("203.0.113.7".to_owned()),
        user_agent: Some("=cmd|' /C calc'!A0, \"quoted\"\r\nsecond line".to_owned()),
        request_id: Some("req_1".to_owned()),
    };
    Event::new(action, Actor::User(actor.to_owned()), &origin)
}

both_engines! {
    async fn the_log_is_read_newest_first_and_page_by_page(app) {
        let owner = app.owner().await;
        let token = reader(app, &app.client(ClientKind::Native).await, &owner).await.access;
        record(app, &owner.organization.id, (0..5).map(|_| event(Action::SessionRenamed, &owner.id)).collect()).await;
        let all = get(app, LOG, &token).await.json();
        let first = &entries(&all)[0];
        assert_eq!(first["actor"], json!({ "kind": "user", "id": owner.id, "name": "Olivia" }));
        assert_eq!((&first["action"], &first["outcome"]), (&json!("session.renamed"), &json!("success")));
        assert_eq!((&first["ip"], &first["requestId"]), (&json!("203.0.113.7"), &json!("req_1")));
        assert_eq!((&first["credential"], &first["details"]), (&Value::Null, &json!({})));
        assert!(first["at"].as_str().unwrap().ends_with('Z') && first["id"].as_str().unwrap().starts_with("evt_"));
        assert_eq!(all["nextCursor"], Value::Null);
        let mut found = Vec::new();
        let mut path = format!("{LOG}?limit=3");
        loop {
            let page = get(app, &path, &token).await.json();
            found.extend(entries(&page).iter().map(|entry| entry["id"].clone()));
            // Events recorded meanwhile do not shift the pages.
            record(app, &owner.organization.id, vec![event(Action::SignedIn, &owner.id)]).await;
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            path = format!("{LOG}?limit=3&cursor={cursor}");
        }
        let expected: Vec<Value> = entries(&all).iter().map(|entry| entry["id"].clone()).collect();
        assert_eq!(found, expected);
        let sequences: Vec<i64> = entries(&all).iter().filter_map(|entry| entry["sequence"].as_i64()).collect();
        assert!(sequences.len() > 5 && sequences.windows(2).all(|pair| pair[0] == pair[1] + 1));
    }

    async fn a_part_of_a_name_is_searched_among_ten_thousand_members_and_no_more(app) {
        let owner = app.owner().await;
        let session = reader(app, &app.client(ClientKind::Native).await, &owner).await;
        let status = async |actor: &str| {
            let answer = get(app, &format!("{LOG}?actor={actor}"), &session.access).await;
            (answer.status, answer.json()["data"].as_array().map(|found| !found.is_empty()))
        };
        let add = async |from: usize, many: usize| {
            let (rows, org) = (crate::store::numbers(many), &owner.organization.id);
            let users = format!("'usr_' || ({from} + i), ({from} + i) || '@example.net', 'Name'");
            let at = "'2026-01-01T00:00:00.000000Z'";
            let statement = format!("{rows} INSERT INTO users (id, email, name, created_at) SELECT {users}, {at} FROM numbers");
            app.execute(&statement).await.unwrap();
            let members = format!("'{org}', 'usr_' || ({from} + i), 'member'");
            let statement = format!("{rows} INSERT INTO memberships (org_id, user_id, role, created_at) SELECT {members}, {at} FROM numbers");
            app.execute(&statement).await.unwrap();
        };
        add(0, 9_999).await;
        assert_eq!(status("liv").await, (200, Some(true)), "10,000 with the owner");
        add(9_999, 1).await;
        let refused = get(app, &format!("{LOG}?actor=liv"), &session.access).await;
        assert_eq!(refused.status, 400);
        assert!(refused.body.contains("Use the whole email address, or an id."), "{}", refused.body);
        for (whole, found) in [(owner.email.as_str(), true), (&owner.id, true), ("7@example.net", false), ("nobody@example.net", false), ("sa_none", false)] {
            assert_eq!(status(whole).await, (200, Some(found)), "{whole}");
        }
    }

    async fn every_filter_selects_its_events(app, |app| app.manual_clock()) {
        let owner = app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let org_id = &owner.organization.id;
        reader(app, &client, &owner).await;
        app.advance(chrono::TimeDelta::days(1));
        let session = reader(app, &client, &owner).await;
        app.advance(chrono::TimeDelta::hours(1));
        let since = app.clock.now();
        let renamed = event(Action::SessionRenamed, "usr_gone").credential("ses_1");
        record(app, org_id, vec![renamed, event(Action::SignedIn, &owner.id).refused()]).await;
        app.advance(chrono::TimeDelta::hours(1));
        let until = app.clock.now();
        record(app, org_id, vec![event(Action::SessionRevoked, &owner.id)]).await;
        let actions = async |filter: &str| {
            let page = get(app, &format!("{LOG}?{filter}"), &session.access).await.json();
            let names = entries(&page).iter().map(|entry| entry["action"].as_str().unwrap().to_owned());
            names.collect::<Vec<_>>()
        };
        assert_eq!(actions("actor=usr_gone").await, ["session.renamed"]);
        assert_eq!(actions(&format!("since={since}&until={until}")).await, ["user.signed_in", "session.renamed"]);
        assert_eq!(actions(&format!("since={since}&actor=oLiv")).await, ["session.revoked", "user.signed_in"]);
        assert_eq!(actions(&format!("since={since}&actor=nobody")).await, [""; 0]);
        assert_eq!(actions("credential=ses_1").await, ["session.renamed"]);
        assert_eq!(actions("outcome=refused").await, ["user.signed_in"]);
        assert_eq!(actions("action=session.started").await, ["session.started"; 2]);
        for bad in ["since=yesterday", "action=x", "outcome=x", "limit=0", "limit=101", "cursor=x", "limit=1&limit=2"] {
            let answer = get(app, &format!("{LOG}?{bad}"), &session.access).await;
            assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("invalid_request")), "{bad}");
        }
    }

    async fn lo_02_an_export_holds_one_event_a_line_whatever_a_name_says(app) {
        let owner = app.owner().await;
        let token = reader(app, &app.client(ClientKind::Native).await, &owner).await.access;
        let evil = event(Action::SessionRenamed, &owner.id).target("@SUM(A1)\u{1b}[2J");
        record(app, &owner.organization.id, vec![evil]).await;
        let file = get(app, &format!("{LOG}/export?format=jsonl&action=session.renamed"), &token).await;
        assert_eq!(file.status, 200);
        let lines: Vec<Value> = file.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 1, "{}", file.body);
        assert_eq!(lines[0]["target"], json!("@SUM(A1)\u{1b}[2J"));
        let listed = get(app, &format!("{LOG}?action=session.renamed"), &token).await.json();
        assert_eq!(lines, entries(&listed), "a line equals the entry of the list");
        let file = get(app, &format!("{LOG}/export?format=csv&action=session.renamed"), &token).await;
        let disposition = file.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; filename=\"audit-northwind-labs-"), "{disposition}");
        assert!(file.header("content-type").unwrap().starts_with("text/csv"));
        let (header, row) = file.body.split_once("\r\n").unwrap();
        assert!(header.starts_with("\"id\",\"sequence\",\"at\",\"actor_kind\","), "{header}");
        assert!(row.contains(",\"'@SUM(A1)"), "{row}");
        assert!(row.contains("\"'=cmd|' /C calc'!A0, \"\"quoted\"\"\r\nsecond line\""), "{row}");
        assert_eq!(app.audited("audit.exported").await, 2, "each export is recorded");
        for bad in ["", "?format=xml"] {
            assert_eq!(get(app, &format!("{LOG}/export{bad}"), &token).await.status, 400);
        }
    }

    async fn ce_04_an_export_holds_no_formula_where_semicolons_separate(app) {
        let owner = app.owner().await;
        let token = reader(app, &app.client(ClientKind::Native).await, &owner).await.access;
        let user_agent = Some("x;=cmd|' /C calc'!A0;\"@SUM(A1)\n-1".to_owned());
        let origin = Origin { user_agent, ..Origin::default() };
        let evil = Event::new(Action::SessionRenamed, Actor::User(owner.id.clone()), &origin);
        record(app, &owner.organization.id, vec![evil]).await;
        let file = get(app, &format!("{LOG}/export?format=csv&action=session.renamed"), &token).await;
        assert!(file.body.contains("\"x;'=cmd|' /C calc'!A0;'\"\"@SUM(A1)\n'-1\""), "{}", file.body);
        let cells = file.body.split("\r\n").next().unwrap().split(',');
        assert!(cells.clone().count() > 10 && cells.clone().all(|cell| cell.starts_with('"') && cell.ends_with('"')));
    }

    async fn an_export_of_many_events_has_each_of_them_once(app) {
        let owner = app.owner().await;
        let token = reader(app, &app.client(ClientKind::Native).await, &owner).await.access;
        let org_id = &owner.organization.id;
        record(app, org_id, (0..1200).map(|_| event(Action::SessionRenamed, &owner.id)).collect()).await;
        let file = get(app, &format!("{LOG}/export?format=jsonl"), &token).await;
        let sequences: Vec<i64> = file
            .body
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).unwrap()["sequence"].as_i64())
            .collect();
        let newest = sequences[0];
        assert_eq!(sequences, (1..=newest).rev().collect::<Vec<_>>());
        assert!(newest > 1200);
    }

    async fn lo_06_managers_of_an_organization_read_only_its_log(app) {
        let owner = app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let other = app.organization("Other Labs").await;
        record(app, &other.id, vec![event(Action::SessionRenamed, "usr_1")]).await;
        for role in ["owner", "admin", "member", "viewer"] {
            let person = app.member(role).await;
            let token = reader(app, &client, &person).await.access;
            for path in [LOG, "/api/v1/audit/export?format=csv", "/api/v1/uses", "/api/v1/usage"] {
                let answer = get(app, path, &token).await;
                if role == "owner" || role == "admin" {
                    assert_eq!(answer.status, 200, "{role} {path}: {}", answer.body);
                    assert!(!answer.body.contains(&other.id), "{role} {path}");
                } else {
                    assert_eq!(answer.status, 403, "{role} {path}");
                    assert_eq!(answer.json()["error"]["required_scopes"], json!(["audit:read"]));
                }
            }
        }
        // The person was an admin when the token was issued and is not any more.
        let person = app.member("admin").await;
        let token = reader(app, &client, &person).await.access;
        assert_eq!(get(app, LOG, &token).await.status, 200);
        let (org_id, user_id) = (owner.organization.id.clone(), person.id.clone());
        let demoted = app.inside().store.write(move |work| {
            keystiled::store::memberships::set_role(work.conn, &org_id, &user_id, "member")
        });
        demoted.await.unwrap();
        assert_eq!(get(app, LOG, &token).await.status, 403);
        let own = app.member_of(&other, "owner").await;
        let log = get(app, LOG, &reader(app, &client, &own).await.access).await;
        assert!(log.body.contains("session.renamed") && !log.body.contains(&owner.organization.id));
    }
}
