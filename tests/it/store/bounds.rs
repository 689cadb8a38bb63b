//! No query returns as many rows as there are.

use std::collections::BTreeSet;
use std::fs;

use crate::support::sources;

/// Functions with a statement that has no `.limit(` of its own, and what else bounds the rows that they read. "The ids" are
/// those that the caller names.
const BOUNDED_OTHERWISE: [(&str, &str, &str); 34] = [
    ("audit/members.rs", "insert", "the organizations of one person"),
    ("audit/read.rs", "by_sequence", "the numbers"),
    ("audit/read.rs", "page", "`select!` has the limit"),
    ("audit/read.rs", "positions", "`select!` has the limit"),
    ("audit/rebase.rs", "owners", "the credentials of the events of one step"),
    ("audit/values.rs", "with_values", "the events, of which each has a few values"),
    ("audit/verify.rs", "rebased", "one for each thousand events of an earlier version"),
    ("batched/credential_holders.rs", "by_secrets", "the secrets of one batch"),
    ("batched/redemption.rs", "lock_free", "the codes of one batch"),
    ("batched/rotation.rs", "find_all", "the sessions of one batch"),
    ("batched/rotation.rs", "rotate", "the sessions of one batch"),
    ("credentials.rs", "lock_last_used_before", "the ids"),
    (
        "credentials.rs",
        "revoke_of_client",
        "all that one act ends, in one transaction, each with its audit event",
    ),
    (
        "credentials.rs",
        "revoke_personal",
        "all that one act ends, in one transaction, each with its audit event",
    ),
    ("credentials.rs", "revoke_sessions", "all that one act ends, in one transaction"),
    ("engine/migrate.rs", "applied", "the migrations"),
    ("erasure.rs", "erase", "the organizations of one person"),
    (
        "invitations.rs",
        "cancel_of_inviter",
        "all that one act ends, in one transaction, each with its audit event",
    ),
    ("join_links.rs", "end_of_creator", "the open links of an organization are few"),
    ("join_links.rs", "end_of_organization", "the open links of an organization are few"),
    ("member_credentials.rs", "count_active", "the users times three kinds"),
    (
        "member_credentials.rs",
        "revoke",
        "all that one act ends, in one transaction, each with its audit event",
    ),
    (
        "memberships.rs",
        "organization_ids",
        "the organizations of one person, in each of which one act ends sessions",
    ),
    ("memberships.rs", "owned_by", "the organizations of one person, each of which is locked"),
    ("names.rs", "of", "the ids"),
    ("own_sessions.rs", "revoke", "all that one act ends, in one transaction, each with its audit event"),
    ("service_accounts.rs", "names", "the ids"),
    ("signing_keys.rs", "list", "a retired key is deleted when its last token has ended"),
    ("static_credentials.rs", "modes", "the ids"),
    ("sweeping.rs", "delete", "the statement is a text, and has a LIMIT"),
    ("usage_counts.rs", "by_day", "days times outcomes"),
    ("usage_counts.rs", "endpoints", "the credentials of one batch"),
    (
        "usage_counts.rs",
        "endpoints_of",
        "a credential has few endpoints a day: the others are counted together",
    ),
    ("users.rs", "names", "the ids"),
];

/// What reads rows into a list.
const READS: [&str; 4] = [".load(", ".load::<", ".get_results(", ".load_iter"];

/// Reads no row.
const ATOMIC: &str = ".load(Ordering::";

/// The functions of a file with their text, each up to the next. What is in front of the first has no name.
fn functions(text: &str) -> Vec<(String, String)> {
    let mut functions = vec![(String::new(), String::new())];
    for line in text.lines() {
        let begins = line.trim_start().split(' ').take(4).any(|word| word == "fn");
        let name = line.split("fn ").nth(1).filter(|_| begins);
        if let Some(name) = name {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            functions.push((name[..end].to_owned(), String::new()));
        }
        let code = line.split("//").next().unwrap();
        functions.last_mut().unwrap().1.push_str(code);
        functions.last_mut().unwrap().1.push('\n');
    }
    functions
}

/// The functions that read more often than they limit.
fn without_limit(text: &str) -> Vec<String> {
    let count = |text: &str, what: &str| text.matches(what).count();
    let reads = |text: &str| READS.iter().map(|read| count(text, read)).sum::<usize>() - count(text, ATOMIC);
    let unlimited = |text: &str| reads(text) > count(text, ".limit(");
    functions(text).into_iter().filter(|(_, text)| unlimited(text)).map(|(name, _)| name).collect()
}

#[test]
fn every_query_of_the_store_has_a_limit_or_a_reason() {
    let mut found = BTreeSet::new();
    for file in sources("src/store") {
        let path = file.to_str().unwrap().split("src/store/").nth(1).unwrap().to_owned();
        let names = without_limit(&fs::read_to_string(&file).unwrap());
        found.extend(names.into_iter().map(|name| (path.clone(), name)));
    }
    let known: BTreeSet<_> =
        BOUNDED_OTHERWISE.iter().map(|(path, name, _)| ((*path).to_owned(), (*name).to_owned())).collect();
    let unbounded: Vec<_> = found.difference(&known).collect();
    assert!(unbounded.is_empty(), "page these in SQL, or say in this file what bounds them: {unbounded:?}");
    let settled: Vec<_> = known.difference(&found).collect();
    assert!(
        settled.is_empty(),
        "these have a limit by now or are gone; take them out of this file: {settled:?}"
    );
}

#[test]
fn a_statement_without_a_limit_is_noticed() {
    let file = "use x;\npub fn paged(conn) {\n    a.limit(limit).load(conn)\n}\n\n\
        pub(in crate::store) fn whole(conn) {\n    a.load::<Row>(conn) // .limit(\n}\n\n\
        fn both(conn) {\n    a.limit(1).load(conn);\n    b.get_results(conn)\n}\n\nmacro_rules! m { () => { a.load(conn) } }\n";
    // A macro counts with the function in front of it.
    assert_eq!(without_limit(file), ["whole", "both"]);
    assert_eq!(without_limit("macro_rules! m { () => { a.load(conn) } }"), [""]);
}
