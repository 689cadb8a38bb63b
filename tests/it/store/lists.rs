//! All lists are read by an index that finds the requested rows, however many others there are.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use keystiled::domain::audit::{Action, Outcome};
use keystiled::domain::client::ClientKind;
use keystiled::domain::credential::CredentialKind;
use keystiled::domain::engine::Engine;
use keystiled::domain::secret::Digest;
use keystiled::domain::subject::SubjectId;
use keystiled::domain::time::Time;
use keystiled::domain::usage::UseOutcome;
use keystiled::store::audit::{self, AuditFilter};
use keystiled::store::members::{self, MemberFilter};
use keystiled::store::memberships::{self, OrganizationKey};
use keystiled::store::own_sessions::{self, SEARCH_LIMIT, SessionFilter, SessionOwner, SessionState};
use keystiled::store::static_credentials::{PageQuery, StatusFilter};
use keystiled::store::{
    authorization_requests, cli_sessions, clients, credentials, device_requests, invitations, names,
    service_accounts, static_credentials, usage_counts, usage_events,
};

use super::numbers;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::oauth::Session;
use crate::support::reading::Cost;

/// Name, filter, position, the indexes that may serve it, and the number of rows.
type Case<'a> = (&'a str, AuditFilter, Option<(Time, i64)>, &'a [&'a str], usize);

/// Rows that are not requested.
const MANY: usize = 5_000;
/// Maximum number of rows and index entries read for a page of 51.
const BOUND: i64 = 200;
/// The indexes that together serve the sessions of a person in any state.
const ANY: [&str; 3] =
    ["credentials_active_by_user", "credentials_expired_by_org", "credentials_revoked_by_user"];

fn start() -> Time {
    Time::parse("2026-01-01T00:00:00Z").unwrap()
}

/// SQL for the time `i` seconds after the start.
fn at(app: &TestApp) -> &'static str {
    match app.inside().store.engine() {
        Engine::Sqlite => "strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2026-01-01', '+' || i || ' seconds')",
        Engine::Postgres => "timestamptz '2026-01-01T00:00:00Z' + i * interval '1 second'",
    }
}

fn bytes(app: &TestApp) -> &'static str {
    match app.inside().store.engine() {
        Engine::Sqlite => "CAST(printf('%032d', i) AS BLOB)",
        Engine::Postgres => "convert_to(lpad(i::text, 32, '0'), 'UTF8')",
    }
}

/// Adds rows; `rest` follows `INSERT INTO` and uses `i` as the number of the row. Updates the statistics of PostgreSQL.
async fn fill(app: &TestApp, table: &str, rest: &str) {
    app.execute(&format!("{} INSERT INTO {table} {rest} FROM numbers", numbers(MANY))).await.unwrap();
    if app.inside().store.engine() == Engine::Postgres {
        app.execute(&format!("ANALYZE {table}")).await.unwrap();
    }
}

/// The first three events have a rare action, actor and credential, and are refused; the next three have that
/// credential as their target.
async fn fill_events(app: &TestApp, chain: &str) {
    let (at, bytes) = (at(app), bytes(app));
    let rare = |rare: &str, common: &str| format!("CASE WHEN i <= 3 THEN {rare} ELSE {common} END");
    let columns =
        "(id, chain, sequence, at, actor_kind, actor_id, credential_id, action, target, outcome, details,
        previous_hash, hash)";
    let values = format!(
        "SELECT 'evt_' || i, '{chain}', 1000000 + i, {at}, 'user', {}, {}, {},
            CASE WHEN i BETWEEN 4 AND 6 THEN 'ses_rare' ELSE 'ses_other' END, {}, '{{}}', {bytes}, {bytes}",
        rare("'usr_rare'", "'usr_common'"),
        rare("'ses_rare'", "'ses_common'"),
        rare("'key.leaked'", "'session.renamed'"),
        rare("'refused'", "'success'"),
    );
    fill(app, "audit_events", &format!("{columns} {values}")).await;
}

/// The 10 oldest keys of the organization are active.
async fn fill_credentials(app: &TestApp, session: &Session, kind: CredentialKind) {
    let (at, bytes, kind) = (at(app), bytes(app), kind.as_str());
    let (user, org, client) = (&session.person.id, &session.person.organization.id, &session.client.id);
    let (mode, client) = match kind {
        "api_key" => ("'live'", "NULL".to_owned()),
        _ => ("NULL", format!("'{client}'")),
    };
    let columns =
        "(id, kind, org_id, user_id, client_id, name, scopes, mode, secret_hash, display_prefix, last_four,
        created_at, created_by_user, revoked_at)";
    let hash = if kind == "api_key" { bytes } else { "NULL" };
    let values = format!(
        "SELECT '{kind}_' || i, '{kind}', '{org}', '{user}', {client}, 'key', 'org:read', {mode}, {hash}, 'k_', 'abcd',
            {at}, '{user}', CASE WHEN i <= 10 THEN NULL ELSE {at} END"
    );
    fill(app, "credentials", &format!("{columns} {values}")).await;
}

/// CLI sessions of one person: the 10 oldest are active; of the others, every second one was revoked and the rest have
/// expired.
async fn fill_sessions(app: &TestApp, session: &Session) {
    let at = at(app);
    let (user, org, client) = (&session.person.id, &session.person.organization.id, &session.client.id);
    let columns =
        "(id, kind, org_id, user_id, client_id, name, scopes, created_at, ends_at, expired_at, revoked_at)";
    let when = |condition: &str| format!("CASE WHEN i > 10 AND {condition} THEN {at} END");
    let values = format!(
        "SELECT 'ses_' || i, 'cli_session', '{org}', '{user}', '{client}', 'key', 'org:read', {at}, {}, {}, {}",
        when("i % 2 = 1"),
        when("i % 2 = 1"),
        when("i % 2 = 0"),
    );
    fill(app, "credentials", &format!("{columns} {values}")).await;
}

/// CLI sessions of another person from the same time: so many that PostgreSQL does not estimate that nearly all rows
/// match, which would make it scan the whole table.
async fn fill_others(app: &TestApp, session: &Session) {
    let (at, other) = (at(app), app.member("member").await);
    let (org, client) = (&other.organization.id, &session.client.id);
    let columns = "(id, kind, org_id, user_id, client_id, name, scopes, created_at, revoked_at)";
    let values = format!(
        "SELECT 'other_' || n, 'cli_session', '{org}', '{}', '{client}', 'key', 'org:read', {at}, {at}",
        other.id
    );
    let rows = numbers(10 * MANY);
    let spread = "FROM (SELECT i AS n, i / 10 AS i FROM numbers) AS spread";
    app.execute(&format!("{rows} INSERT INTO credentials {columns} {values} {spread}")).await.unwrap();
}

/// Pages, counts and the check for other owners, of an organization with 5,000 members and an owner.
async fn list_members(app: &TestApp, org: &str) {
    let any = MemberFilter { text: "", addresses: true, role: None };
    let with = |role| MemberFilter { role: Some(role), ..any };
    let deep = Some((start() + TimeDelta::seconds(4000), "usr_4000".to_owned()));
    for (filter, after, index, expected) in [
        (any, None, "memberships_by_org", 51),
        (any, deep.clone(), "memberships_by_org", 51),
        (with("admin"), None, "memberships_of_managers", 3),
        (with("member"), None, "memberships_of_others", 51),
        (with("member"), deep, "memberships_of_others", 51),
        (with("viewer"), None, "memberships_of_others", 0),
    ] {
        let org = org.to_owned();
        let read = move |conn: &mut _| {
            let found = members::page(conn, &org, filter, after.as_ref(), 51)?;
            assert_eq!(found.len(), expected, "{filter:?}");
            assert!(found.is_sorted_by_key(|member| member.joined_at));
            Ok(())
        };
        app.cost("memberships", read).await.is_bounded("memberships", &[index], BOUND);
    }
    for (filter, index, expected) in
        [(any, "memberships_by_org", 5001), (with("owner"), "memberships_of_managers", 1)]
    {
        let org = org.to_owned();
        let count = move |conn: &mut _| {
            assert_eq!(members::count(conn, &org, filter)?, expected);
            Ok(())
        };
        // All that match are counted, in one index.
        let bound = 3 * expected + BOUND;
        app.cost("memberships", count).await.is_bounded(
            "memberships",
            &[index, "memberships_of_managers", "memberships_of_others"],
            bound,
        );
    }
    let org = org.to_owned();
    let others = move |conn: &mut _| {
        assert!(memberships::has_other_owner(conn, &org, "usr_1")?);
        assert_eq!(members::find(conn, &org, "usr_4000")?.unwrap().email, "4000@example.com");
        Ok(())
    };
    let indexes = ["memberships_of_managers", "sqlite_autoindex_memberships_1"];
    app.cost("memberships", others).await.is_bounded("memberships", &indexes, BOUND);
}

both_engines! {
    async fn cb_06_each_filter_of_the_audit_log_has_an_index(app) {
        let chain = app.owner().await.organization.id;
        fill_events(app, &chain).await;
        let any = AuditFilter::default;
        let deep = Some((start() + TimeDelta::seconds(60), 1_000_060));
        let id = |id: &str| Some(id.to_owned());
        let period = || AuditFilter {
            since: Some(start() + TimeDelta::seconds(100)),
            until: Some(start() + TimeDelta::seconds(200)),
            ..any()
        };
        let by_credential: &[&str] =
            &["audit_events_by_credential", "audit_events_by_target", "audit_events_by_chain"];
        let cases: [Case; 15] = [
            ("all", any(), None, &["audit_events_by_time"], 51),
            ("the last page", any(), deep, &["audit_events_by_time"], 51),
            ("a period", period(), None, &["audit_events_by_time"], 51),
            ("the last page of a period", AuditFilter { since: None, ..period() }, deep, &["audit_events_by_time"], 51),
            ("an actor", AuditFilter { actors: Some(vec!["usr_rare".to_owned()]), ..any() }, None, &["audit_events_by_actor"], 3),
            (
                "several actors",
                AuditFilter { actors: Some(["usr_none", "usr_rare", "usr_gone"].map(str::to_owned).to_vec()), ..any() },
                None,
                &["audit_events_by_actor", "audit_events_by_chain"],
                3,
            ),
            ("an action", AuditFilter { action: Some(Action::ApiKeyLeaked), ..any() }, None, &["audit_events_by_action"], 3),
            ("none of an action", AuditFilter { action: Some(Action::MemberAdded), ..period() }, None, &["audit_events_by_action"], 0),
            (
                "an actor in a period",
                AuditFilter { actors: Some(vec!["usr_rare".to_owned()]), ..period() },
                None,
                &["audit_events_by_actor"],
                0,
            ),
            ("a credential in a period", AuditFilter { credential: id("ses_rare"), ..period() }, None, by_credential, 0),
            ("a credential", AuditFilter { credential: id("ses_rare"), ..any() }, None, by_credential, 6),
            ("a busy credential", AuditFilter { credential: id("ses_common"), ..any() }, deep, by_credential, 51),
            ("what was refused", AuditFilter { outcome: Some(Outcome::Refused), ..any() }, None, &["audit_events_refused"], 3),
            (
                "refusals in a period",
                AuditFilter { outcome: Some(Outcome::Refused), ..period() },
                None,
                &["audit_events_refused"],
                0,
            ),
            ("what succeeded", AuditFilter { outcome: Some(Outcome::Success), ..any() }, None, &["audit_events_by_time"], 51),
        ];
        for (name, filter, before, indexes, expected) in cases {
            let (org, asked) = (chain.clone(), filter.clone());
            let found = app.inside().store.report(move |conn| audit::page(conn, &org, &asked, before, 51)).await.unwrap();
            assert_eq!(found.len(), expected, "{name}");
            assert!(found.is_sorted_by(|one, next| (one.event.at, one.event.sequence) > (next.event.at, next.event.sequence)), "{name}");
            let org = chain.clone();
            let cost = app.cost("audit_events", move |conn| audit::page(conn, &org, &filter, before, 51).map(drop)).await;
            cost.is_bounded("audit_events", indexes, BOUND);
        }
        let turns = [Action::PersonalTokensOff, Action::PersonalTokensOn];
        let cost = app.cost("audit_events", move |conn| audit::latest(conn, &chain, &turns).map(drop)).await;
        cost.is_bounded("audit_events", &["audit_events_by_action"], BOUND);
    }

    async fn cb_06_each_filter_of_the_events_of_members_has_an_index(app) {
        let org = app.owner().await.organization.id;
        let columns = "(org_id, sequence, at, user_id, actor_id, action, outcome)";
        let rare = |rare: &str, common: &str| format!("CASE WHEN i <= 3 THEN '{rare}' ELSE '{common}' END");
        let values = format!(
            "SELECT '{org}', i, {}, 'usr_1', {}, {}, {}",
            at(app),
            rare("usr_rare", "usr_common"),
            rare("user.disabled", "user.signed_in"),
            rare("refused", "success")
        );
        fill(app, "member_events", &format!("{columns} {values}")).await;
        let any = AuditFilter::default;
        let deep = Some((start() + TimeDelta::seconds(60), 60));
        let period = AuditFilter { until: Some(start() + TimeDelta::seconds(200)), ..any() };
        let actors = Some(["usr_none", "usr_rare"].map(str::to_owned).to_vec());
        let cases = [
            (any(), None, "member_events_by_time"),
            (any(), deep, "member_events_by_time"),
            (period, None, "member_events_by_time"),
            (AuditFilter { actors, ..any() }, None, "member_events_by_actor"),
            (AuditFilter { action: Some(Action::UserDisabled), ..any() }, None, "member_events_by_action"),
            (AuditFilter { outcome: Some(Outcome::Refused), ..any() }, None, "member_events_refused"),
        ];
        for (filter, before, index) in cases {
            let org = org.clone();
            let read = move |conn: &mut keystiled::store::Conn| audit::member_events(conn, &org, &filter, before, 51).map(drop);
            app.cost("member_events", read).await.is_bounded("member_events", &[index], BOUND);
        }
    }

    async fn cb_06_a_page_of_several_actors_or_of_a_credential_continues_where_it_ended(app) {
        let chain = app.owner().await.organization.id;
        fill_events(app, &chain).await;
        let filter = AuditFilter { credential: Some("ses_rare".to_owned()), ..AuditFilter::default() };
        let actors = AuditFilter { actors: Some(vec!["usr_common".to_owned(), "usr_rare".to_owned()]), ..AuditFilter::default() };
        for (filter, size, all) in [(filter, 2, 6), (actors, 1000, MANY)] {
            let (mut before, mut found) = (None, Vec::new());
            loop {
                let (org, filter) = (chain.clone(), filter.clone());
                let page = app.inside().store.report(move |conn| audit::page(conn, &org, &filter, before, size));
                let page = page.await.unwrap();
                let Some(last) = page.last() else { break };
                before = Some((last.event.at, last.event.sequence));
                found.extend(page.iter().map(|found| found.event.sequence));
            }
            let expected: Vec<i64> = (1..=i64::try_from(all).unwrap()).rev().map(|i| 1_000_000 + i).collect();
            assert_eq!(found, expected);
        }
    }

    async fn cb_06_each_filter_of_the_uses_has_an_index(app, |app| app.with("KEYSTILE_AUDIT__KEEP_USES", "3650d")) {
        let org = app.owner().await.organization.id;
        let columns = "(id, at, org_id, credential_id, endpoint, outcome, status)";
        let rare = |rare: &str, common: &str| format!("CASE WHEN i <= 3 THEN '{rare}' ELSE '{common}' END");
        let values = format!(
            "SELECT 'use_' || i, {}, '{org}', {}, 'GET /', {}, 200",
            at(app), rare("key_rare", "key_common"), rare("denied", "allowed"),
        );
        fill(app, "uses", &format!("{columns} {values}")).await;
        let of = |id: &str, outcome| usage_events::UsageEventFilter { credential: Some(id.to_owned()), outcome, ..usage_events::UsageEventFilter::default() };
        let denied = usage_events::UsageEventFilter { outcome: Some(UseOutcome::Denied), ..usage_events::UsageEventFilter::default() };
        let (since, until) = (Some(start() + TimeDelta::seconds(100)), Some(start() + TimeDelta::seconds(4000)));
        let deep = (start() + TimeDelta::seconds(60), "use_60".to_owned());
        for (filter, after, index, expected) in [
            (usage_events::UsageEventFilter::default(), None, "uses_by_org", 51),
            (usage_events::UsageEventFilter { until, ..usage_events::UsageEventFilter::default() }, Some(deep.clone()), "uses_by_org", 51),
            (of("key_rare", None), None, "uses_by_credential", 3),
            (usage_events::UsageEventFilter { since, until, ..of("key_rare", None) }, None, "uses_by_credential", 0),
            (usage_events::UsageEventFilter { since, until, ..denied.clone() }, None, "uses_denied_by_org", 0),
            (of("key_common", None), Some(deep.clone()), "uses_by_credential", 51),
            (denied, None, "uses_denied_by_org", 3),
            (of("key_common", Some(UseOutcome::Denied)), None, "uses_denied_by_credential", 0),
            (of("key_common", Some(UseOutcome::Allowed)), Some(deep), "uses_by_credential", 51),
        ] {
            let (org, asked, place) = (org.clone(), filter.clone(), after.clone());
            let read = app.inside().store.report(move |conn| usage_events::page(conn, &org, &asked, place.as_ref(), 51));
            assert_eq!(read.await.unwrap().len(), expected, "{filter:?}");
            let org = app.owner().await.organization.id;
            let read = move |conn: &mut _| usage_events::page(conn, &org, &filter, after.as_ref(), 51).map(drop);
            app.cost("uses", read).await.is_bounded("uses", &[index], BOUND);
        }
    }

    async fn cb_06_counts_of_uses_are_read_from_a_place_on(app) {
        let org = app.owner().await.organization.id;
        let columns = "(org_id, day, credential_id, endpoint, outcome, count)";
        let values = format!(
            "SELECT '{org}', CASE WHEN i % 2 = 0 THEN '2026-01-01' ELSE '2026-01-02' END,
                CASE WHEN i <= 2 THEN 'key_rare' ELSE 'key_' || (10000 + i) END, 'GET /', 'allowed', 1"
        );
        fill(app, "usage", &format!("{columns} {values}")).await;
        let filter = |credential: Option<&str>| usage_counts::UsageCountFilter {
            from: "2026-01-01".to_owned(),
            to: "2026-01-31".to_owned(),
            credential: credential.map(str::to_owned),
        };
        let deep = ["2026-01-02", "key_14900", "GET /", "allowed"].map(str::to_owned);
        for (credential, after, index, expected) in [
            (None, None, "sqlite_autoindex_usage_1", 51),
            (None, Some(deep), "sqlite_autoindex_usage_1", 51),
            (Some("key_rare"), None, "usage_by_credential", 2),
        ] {
            let (org, filter) = (org.clone(), filter(credential));
            let (again, place, asked) = (org.clone(), after.clone(), filter.clone());
            let read = app.inside().store.report(move |conn| usage_counts::page(conn, &again, &asked, place.as_ref(), 51));
            assert_eq!(read.await.unwrap().len(), expected, "{filter:?}");
            let read = move |conn: &mut _| usage_counts::page(conn, &org, &filter, after.as_ref(), 51).map(drop);
            app.cost("usage", read).await.is_bounded("usage", &[index], BOUND);
        }
    }

    async fn cb_06_lists_of_credentials_have_an_index_for_their_owner_and_their_order(app) {
        let session = app.session().await;
        fill_credentials(app, &session, CredentialKind::ApiKey).await;
        let (org, now) = (session.person.organization.id.clone(), app.clock.now());
        let deep = (start() + TimeDelta::seconds(60), "api_key_60".to_owned());
        let person = || Some(SubjectId::User(session.person.id.clone()));
        for (owner, status, after, index, expected) in [
            (None, StatusFilter::Any, None, "credentials_by_org", 51),
            (None, StatusFilter::Any, Some(deep.clone()), "credentials_by_org", 51),
            (None, StatusFilter::Active(now), None, "credentials_active_by_org", 10),
            (person(), StatusFilter::Active(now), None, "credentials_active_by_user", 10),
            (None, StatusFilter::Ended(now), Some(deep.clone()), "credentials_by_org", 49),
            (person(), StatusFilter::Any, Some(deep.clone()), "credentials_by_user", 51),
        ] {
            let org = org.clone();
            let read = move |conn: &mut _| {
                let part = PageQuery { status, after: after.as_ref(), limit: 51 };
                let found = static_credentials::page(conn, &org, CredentialKind::ApiKey, owner.as_ref(), part)?;
                assert_eq!(found.len(), expected, "{owner:?} {status:?}");
                Ok(())
            };
            app.cost("credentials", read).await.is_bounded("credentials", &[index], BOUND);
        }
        let count = org.clone();
        let read = move |conn: &mut _| {
            static_credentials::count_active(conn, &count, CredentialKind::ApiKey, None, now).map(drop)
        };
        app.cost("credentials", read).await.is_bounded("credentials", &["credentials_active_by_org"], BOUND);
    }

    async fn cb_06_lists_of_sessions_and_accounts_are_read_from_a_place_on(app) {
        let session = app.session().await;
        fill_credentials(app, &session, CredentialKind::CliSession).await;
        let (org, user, client) =
            (session.person.organization.id.clone(), session.person.id.clone(), session.client.id.clone());
        let owner = user.clone();
        let read = move |conn: &mut _| {
            assert!(credentials::has_used_client(conn, &owner, &client, Time::epoch())?);
            credentials::latest_session(conn, &owner, &client, start() + TimeDelta::days(1)).map(drop)
        };
        app.cost("credentials", read).await.is_bounded("credentials", &["credentials_by_client"], BOUND);

        let columns = "(id, org_id, name, purpose, role, created_at)";
        fill(app, "service_accounts", &format!("{columns} SELECT 'sa_' || i, '{org}', 'a', 'b', 'viewer', {}", at(app))).await;
        for after in [None, Some((start() + TimeDelta::seconds(60), "sa_60".to_owned()))] {
            let org = org.clone();
            let read = move |conn: &mut _| {
                assert_eq!(service_accounts::page(conn, &org, after.as_ref(), 51)?.len(), 51);
                Ok(())
            };
            app.cost("service_accounts", read).await.is_bounded("service_accounts", &["service_accounts_by_org"], BOUND);
        }
    }

    async fn the_organizations_of_a_person_and_who_manages_one_are_found_by_an_index(app) {
        let owner = app.owner().await;
        let (user, org) = (owner.id.clone(), owner.organization.id.clone());
        let (at, switches) = (at(app), "personal_tokens, api_keys");
        let columns = format!("(id, slug, name, {switches}, created_at)");
        let values = format!("SELECT 'org_' || i, 'slug-' || i, 'Name', TRUE, TRUE, {at}");
        fill(app, "organizations", &format!("{columns} {values}")).await;
        fill(app, "users", &format!("(id, email, name, created_at) SELECT 'usr_' || i, i || '@example.com', 'Name', {at}")).await;
        let columns = "(org_id, user_id, role, created_at)";
        fill(app, "memberships", &format!("{columns} SELECT 'org_' || i, '{user}', 'member', {at}")).await;
        // The first three are admins, and the oldest members.
        let role = "CASE WHEN i <= 3 THEN 'admin' ELSE 'member' END";
        fill(app, "memberships", &format!("{columns} SELECT '{org}', 'usr_' || i, {role}, {at}")).await;
        for (after, first) in [(None, "org_1"), (Some((start() + TimeDelta::seconds(4000), "org_4000".to_owned())), "org_4001")] {
            let user = user.clone();
            let read = move |conn: &mut _| {
                let found = memberships::of_user(conn, &user, after.as_ref(), 51)?;
                assert_eq!((found.len(), found[0].organization.id.as_str()), (51, first));
                assert!(found.is_sorted_by_key(|joined| joined.created_at));
                Ok(())
            };
            app.cost("memberships", read.clone()).await.is_bounded("memberships", &["memberships_by_user"], BOUND);
            app.cost("organizations", read).await.is_bounded("organizations", &["sqlite_autoindex_organizations_1"], BOUND);
        }
        for named in [OrganizationKey::Id("org_4500"), OrganizationKey::Slug("slug-4500")] {
            let user = user.clone();
            let read = move |conn: &mut _| {
                let found = memberships::of_user_named(conn, &user, named)?.unwrap();
                assert_eq!((found.organization.slug.as_str(), found.role.as_str()), ("slug-4500", "member"));
                assert!(memberships::of_user_named(conn, "usr_1", named)?.is_none());
                Ok(())
            };
            let cost = app.cost("memberships", read.clone()).await;
            cost.is_bounded("memberships", &["sqlite_autoindex_memberships_1"], BOUND);
            let indexes = ["sqlite_autoindex_organizations_1", "sqlite_autoindex_organizations_2"];
            app.cost("organizations", read).await.is_bounded("organizations", &indexes, BOUND);
        }
        let managers = move |conn: &mut _| {
            assert_eq!(memberships::managers(conn, &org, 3)?, ["Olivia", "Name", "Name"]);
            assert_eq!(memberships::managers(conn, &org, 9)?.len(), 4);
            Ok(())
        };
        app.cost("memberships", managers).await.is_bounded("memberships", &["memberships_of_managers"], BOUND);
        list_members(app, &owner.organization.id).await;
        let actors = move |conn: &mut _| {
            assert_eq!(names::actors(conn, &owner.organization.id, 51)?.len(), 51);
            Ok(())
        };
        app.cost("memberships", actors).await.is_bounded("memberships", &["sqlite_autoindex_memberships_1"], BOUND);
    }

    async fn the_credentials_that_were_used_most_are_added_up_in_sql(app) {
        let org = app.owner().await.organization.id;
        let columns = "(org_id, day, credential_id, endpoint, outcome, count)";
        let values = format!(
            "SELECT '{org}', CASE WHEN i % 2 = 0 THEN '2026-01-01' ELSE '2026-01-02' END, 'key_' || (10000 + i / 4), 'GET /' || i,
                CASE WHEN i % 4 = 3 THEN 'denied' ELSE 'allowed' END, i"
        );
        fill(app, "usage", &format!("{columns} {values}")).await;
        let read = move |conn: &mut _| {
            let most = usage_counts::most_used(conn, &org, "2026-01-01", "2026-01-31", 2)?;
            let told = |total: &usage_counts::CredentialTotal| {
                (total.id.clone(), total.allowed, total.denied, total.last_day.clone(), total.used)
            };
            let (first, second) = ("key_11249".to_owned(), "key_11248".to_owned());
            let day = || "2026-01-02".to_owned();
            assert_eq!(most.iter().map(told).collect::<Vec<_>>(), [
                (first, 4996 + 4997 + 4998, 4999, day(), 1251),
                (second, 4992 + 4993 + 4994, 4995, day(), 1251),
            ]);
            let some = usage_counts::most_used(conn, &org, "2026-01-01", "2026-01-01", 2000)?;
            assert_eq!((some.len(), some[0].used, some[0].denied), (1251, 1251, 0));
            assert!(usage_counts::most_used(conn, &org, "2025-01-01", "2025-01-31", 2)?.is_empty());
            Ok(())
        };
        app.inside().store.report(read).await.unwrap();
    }

    async fn invitations_are_found_and_counted_among_many(app) {
        let owner = app.owner().await;
        let (org, user, at, bytes) = (owner.organization.id.clone(), owner.id.clone(), at(app), bytes(app));
        let columns =
            "(id, org_id, address, role, note, token_hash, invited_by, created_at, ends_at, state, state_at)";
        let values = format!("'inv_' || i, '{org}', i || '@example.com', 'member', '', {bytes}, '{user}', {at}, {at}, 'waiting', {at}");
        fill(app, "invitations", &format!("{columns} SELECT {values}")).await;
        let after = (start() + TimeDelta::seconds(60), "inv_60".to_owned());
        for (after, first) in [(None, "inv_5000"), (Some(after), "inv_59")] {
            let org = org.clone();
            let read = move |conn: &mut _| {
                let found = invitations::page(conn, &org, after.as_ref(), 51)?;
                assert_eq!((found.len(), found[0].id.as_str()), (51, first));
                Ok(())
            };
            app.cost("invitations", read).await.is_bounded("invitations", &["invitations_by_org"], BOUND);
        }
        let of = org.clone();
        let read = move |conn: &mut _| {
            assert_eq!(invitations::of_address(conn, "7@example.com", 51)?.len(), 1);
            assert!(invitations::waiting_for(conn, &of, "7@example.com")?.is_some());
            assert!(invitations::find_by_token(conn, Digest::of("no token"))?.is_none());
            Ok(())
        };
        let indexes = ["invitations_by_address", "invitations_waiting", "sqlite_autoindex_invitations_2"];
        app.cost("invitations", read).await.is_bounded("invitations", &indexes, BOUND);
        let late = start() + TimeDelta::seconds(4990);
        let count = move |conn: &mut _| {
            assert_eq!(invitations::count_open(conn, &org, late)?, 10);
            assert_eq!(invitations::count_of_inviter(conn, &user, late)?, 10);
            Ok(())
        };
        let indexes = ["invitations_open", "invitations_by_inviter"];
        app.cost("invitations", count).await.is_bounded("invitations", &indexes, BOUND);
    }

    async fn the_keys_of_a_service_account_are_read_in_parts(app) {
        let session = app.session().await;
        let (org, at, bytes) = (session.person.organization.id.clone(), at(app), bytes(app));
        let columns = "(id, org_id, name, purpose, role, created_at)";
        app.execute(&format!("INSERT INTO service_accounts {columns} SELECT 'sa_1', '{org}', 'a', 'b', 'viewer', '2026-01-01T00:00:00.000000Z'")).await.unwrap();
        let columns =
            "(id, kind, org_id, service_account_id, name, scopes, mode, secret_hash, display_prefix, last_four,
            created_at, created_by_service_account)";
        let values = format!("'{org}', 'sa_1', 'key', 'org:read', 'live', {bytes}, 'k_', 'abcd', {at}, 'sa_1'");
        fill(app, "credentials", &format!("{columns} SELECT 'key_' || i, 'api_key', {values}")).await;
        let now = app.clock.now();
        for (after, first) in [(None, "key_5000"), (Some((start() + TimeDelta::seconds(60), "key_60".to_owned())), "key_59")] {
            let org = org.clone();
            let read = move |conn: &mut _| {
                let found = static_credentials::active_of_account(conn, &org, "sa_1", now, after.as_ref(), 51)?;
                assert_eq!((found.len(), found[0].id.as_str()), (51, first));
                Ok(())
            };
            app.cost("credentials", read).await.is_bounded("credentials", &["credentials_by_service_account"], BOUND);
        }
    }

    async fn clients_and_chains_are_read_from_a_name_on(app) {
        let chain = app.owner().await.organization.id;
        fill_events(app, &chain).await;
        let columns = "(id, name, kind, redirect_uris, grants, created_at)";
        fill(app, "clients", &format!("{columns} SELECT 'many_' || (10000 + i), 'Name', 'native', '[]', '', {}", at(app))).await;
        let read = |conn: &mut _| {
            let found = clients::page(conn, "many_12000", 51)?;
            assert_eq!((found.len(), found[0].id.as_str()), (51, "many_12001"));
            Ok(())
        };
        app.cost("clients", read).await.is_bounded("clients", &["sqlite_autoindex_clients_1"], BOUND);
        let all = app.operate(&["client", "list"]).await;
        let ids = all.as_array().unwrap().iter().map(|client| client["client_id"].as_str().unwrap());
        let many: Vec<&str> = ids.filter(|id| id.starts_with("many_")).collect();
        assert_eq!((many.len(), many.iter().collect::<BTreeSet<_>>().len()), (MANY, MANY), "each once");
        let read = move |conn: &mut _| {
            let first = audit::next_chain(conn, "")?.unwrap();
            let second = audit::next_chain(conn, &first)?.unwrap();
            assert_eq!(BTreeSet::from([first.as_str(), second.as_str()]), BTreeSet::from([chain.as_str(), "instance"]));
            assert_eq!(audit::next_chain(conn, &second)?, None);
            Ok(())
        };
        app.cost("audit_events", read).await.is_bounded("audit_events", &["audit_events_by_chain"], BOUND);
    }

    async fn the_requests_of_a_removed_client_are_found_by_an_index(app) {
        let (removed, other) = (app.client(ClientKind::Native).await, app.client(ClientKind::Native).await);
        let (at, bytes) = (at(app), bytes(app));
        let columns = "(id, client_id, redirect_uri, scopes, created_at, expires_at, status)";
        let values = format!("'req_' || i, '{}', 'http://localhost/', 'openid', {at}, {at}, 'open'", other.id);
        fill(app, "authorization_requests", &format!("{columns} SELECT {values}")).await;
        let columns = "(id, device_hash, user_code_hash, client_id, scopes, interval_seconds, created_at, expires_at, status)";
        let values = format!("'dev_' || i, {bytes}, {bytes}, '{}', 'openid', 5, {at}, {at}, 'open'", other.id);
        fill(app, "device_requests", &format!("{columns} SELECT {values}")).await;
        let id = removed.id.clone();
        let delete = move |conn: &mut _| authorization_requests::delete_of_client(conn, &id);
        let cost = app.cost("authorization_requests", delete).await;
        cost.is_bounded("authorization_requests", &["authorization_requests_by_client"], BOUND);
        let delete = move |conn: &mut _| device_requests::delete_of_client(conn, &removed.id);
        let cost = app.cost("device_requests", delete).await;
        cost.is_bounded("device_requests", &["device_requests_by_client"], BOUND);
    }

    async fn cb_12_the_sessions_of_a_person_are_counted_and_paged_past_those_that_have_ended(app) {
        let session = app.session().await;
        fill_sessions(app, &session).await;
        let (of_org, of_user) = (session.person.organization.id.clone(), session.person.id.clone());
        let now = app.clock.now();
        let (deep, early) = ((start() + TimeDelta::seconds(4000), "ses_4000".to_owned()), start() + TimeDelta::seconds(5));
        let early = (early, "ses_5".to_owned());
        for (state, text, after, indexes, expected) in [
            (SessionState::Active, "", None, &["credentials_active_by_user"][..], 11),
            (SessionState::Active, "", Some(&early), &["credentials_active_by_user"], 4),
            (SessionState::Active, "KEY", None, &["credentials_active_by_user"], 10),
            (SessionState::Expired, "", None, &["credentials_expired_by_org", "credentials_active_by_user"], 50),
            (SessionState::Expired, "", Some(&deep), &["credentials_expired_by_org", "credentials_active_by_user"], 50),
            (SessionState::Revoked, "", None, &["credentials_revoked_by_user"], 50),
            (SessionState::Revoked, "", Some(&deep), &["credentials_revoked_by_user"], 50),
            (SessionState::Any, "", None, &ANY, 50),
            (SessionState::Any, "", Some(&deep), &ANY, 50),
        ] {
            let (org, user, after) = (of_org.clone(), of_user.clone(), after.cloned());
            let read = move |conn: &mut _| {
                let owner = SessionOwner { org_id: &org, user_id: &user };
                let page = own_sessions::page(conn, owner, SessionFilter { now, state, text }, after.as_ref(), 50)?;
                assert_eq!(page.rows.len(), expected, "{state:?} {text} {after:?}");
                assert_eq!(page.older.is_some(), expected == 50);
                Ok(())
            };
            app.cost("credentials", read).await.is_bounded("credentials", indexes, BOUND);
        }
        let (org, user) = (of_org.clone(), of_user.clone());
        let count = move |conn: &mut _| {
            let owner = SessionOwner { org_id: &org, user_id: &user };
            assert_eq!(own_sessions::count_active(conn, owner, now)?, 11);
            assert!(own_sessions::any(conn, owner)?);
            Ok(())
        };
        app.cost("credentials", count).await.is_bounded("credentials", &ANY, BOUND);
        let numbers = move |conn: &mut _| {
            let owner = SessionOwner { org_id: &of_org, user_id: &of_user };
            let numbers = own_sessions::stats(conn, owner, now, start())?;
            assert_eq!((numbers.active, numbers.used, numbers.never_used), (11, 0, 11));
            assert!(numbers.next_end.is_some());
            Ok(())
        };
        match app.cost("credentials", numbers).await {
            // Active sessions are sorted by their end.
            Cost::Plan(steps) => {
                let reads: Vec<_> = steps.iter().filter(|step| step.contains(" credentials ")).collect();
                assert!(reads.len() == 4 && reads.iter().all(|step| step.contains("INDEX credentials_active_by_user (")), "{steps:#?}");
            }
            rows @ Cost::Rows(_) => rows.is_bounded("credentials", &[], BOUND),
        }
    }

    async fn cb_12_a_search_scans_a_bounded_number_of_sessions_and_continues(app) {
        let session = app.session().await;
        fill_others(app, &session).await;
        fill_sessions(app, &session).await;
        app.execute("UPDATE credentials SET name = 'Needle' WHERE id = 'ses_11' OR id = 'ses_12'").await.unwrap();
        let now = app.clock.now();
        // Of 5,000 sessions, 2,495 have expired, 2,495 were revoked and 10 are active; the fixture created one more.
        for (state, pages, found) in [(SessionState::Any, 3, 2), (SessionState::Expired, 3, 1), (SessionState::Revoked, 3, 1), (SessionState::Active, 1, 0)] {
            let (mut after, mut names, mut read) = (None, Vec::new(), 0);
            loop {
                let (org, user, place) = (session.person.organization.id.clone(), session.person.id.clone(), after.clone());
                let look = move |conn: &mut _| {
                    let wanted = SessionFilter { now, state, text: "needle" };
                    own_sessions::page(conn, SessionOwner { org_id: &org, user_id: &user }, wanted, place.as_ref(), 10)
                };
                let again = look.clone();
                let page = app.inside().store.read(look).await.unwrap();
                let cost = app.cost("credentials", move |conn| again(conn).map(drop)).await;
                // One statement reads so many entries of an index to find where the search ends, another one to find the
                // matches. PostgreSQL may sort what is left if that is at most three times as much. All sessions of the
                // person, or all of the table, are more than this.
                let rows = 4 * SEARCH_LIMIT + BOUND;
                let indexes: &[&str] = match state {
                    SessionState::Any => &ANY,
                    SessionState::Active => &["credentials_active_by_user"],
                    SessionState::Expired => &["credentials_expired_by_org", "credentials_active_by_user"],
                    SessionState::Revoked => &["credentials_revoked_by_user"],
                };
                cost.is_bounded("credentials", indexes, rows);
                read += 1;
                names.extend(page.rows.into_iter().map(|(session, _)| session.id));
                after = page.older;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!((read, names.len()), (pages, found), "{state:?} {names:?}");
        }
    }

    async fn cb_12_the_sessions_of_an_organization_are_paged_past_those_that_have_ended(app) {
        let session = app.session().await;
        fill_sessions(app, &session).await;
        let (org, now) = (session.person.organization.id.clone(), app.clock.now());
        app.execute("UPDATE credentials SET idle_ends_at = '2999-01-01T00:00:00.000000Z', ends_at = '2999-01-01T00:00:00.000000Z'
            WHERE revoked_at IS NULL AND expired_at IS NULL").await.unwrap();
        for (after, expected) in [(None, 11), (Some((start() + TimeDelta::seconds(5), "ses_5".to_owned())), 4)] {
            let org = org.clone();
            let read = move |conn: &mut _| {
                let found = cli_sessions::active_page(conn, &org, now, after.as_ref(), 26)?;
                assert_eq!(found.len(), expected);
                assert!(found.is_sorted_by_key(|named| std::cmp::Reverse(named.session.created_at)));
                Ok(())
            };
            app.cost("credentials", read).await.is_bounded("credentials", &["credentials_active_by_org"], BOUND);
        }
        let count = move |conn: &mut _| {
            assert_eq!(credentials::count_personal(conn, &org, now)?, [11, 0, 1]);
            Ok(())
        };
        app.cost("credentials", count).await.is_bounded("credentials", &["credentials_active_by_org"], BOUND);
    }

    async fn cb_06_nothing_else_waits_for_reports(app) {
        let session = app.session().await;
        let tool = app.owners_tool().await;
        let mut holders = Vec::new();
        let (ready, held) = channel();
        let size = app.config.database.report_pool_size;
        for _ in 0..size {
            let (store, ready) = (app.inside().store.clone(), ready.clone());
            let (release, wait) = channel::<()>();
            let wait = Arc::new(Mutex::new(wait));
            let held = async move {
                store.report(move |_| {
                    ready.send(()).unwrap();
                    wait.lock().unwrap().recv().ok();
                    Ok(())
                }).await
            };
            holders.push((release, tokio::spawn(held)));
        }
        tokio::task::spawn_blocking(move || (0..size).for_each(|_| held.recv().unwrap())).await.unwrap();
        let busy = ["/api/v1/audit?action=key.leaked", "/api/v1/uses", "/api/v1/usage"];
        let waiting = async { for path in busy {
            let answer = tool.get(path).await;
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{path}");
        }};
        let others = async {
            for _ in 0..20 {
                assert_eq!(app.whoami(&session.tokens.access).await.status, 200);
                assert_eq!(app.anonymous().get("/sign-in").await.status, 200);
            }
            assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 200);
            app.browser_of(&session.person).await;
        };
        tokio::join!(waiting, others);
        for (release, holder) in holders {
            release.send(()).unwrap();
            holder.await.unwrap().unwrap();
        }
        for path in busy {
            assert_eq!(tool.get(path).await.status, 200, "{path}");
        }
    }
}
