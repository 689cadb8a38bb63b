//! Tests of roles and the scope catalog.

use std::fmt::Write as _;

use chrono::TimeDelta;

use super::{faults, load, one_fault};
use crate::domain::rate_policy::Per;

const SCOPE: &str = "[[scopes]]\nid = \"fred:read\"\nlabel = \"See Fred\"\nnot_label = \"see Fred\"\nlevel = \"read\"\nroles = [\"auditor\"]\n";
const ROLE: &str = "[[roles]]\nid = \"auditor\"\ndescription = \"Read the books\"\n";

#[test]
fn a_deployment_names_its_own_scopes_and_adds_roles() {
    let config = load(&format!("{ROLE}{SCOPE}"), &[]).unwrap();
    assert_eq!(config.catalog.ids().collect::<Vec<_>>(), ["fred:read"]);
    assert!(config.catalog.held_by("auditor").contains("fred:read"));
    assert_eq!(config.roles.len(), 5);
    let renamed = load("[[roles]]\nid = \"viewer\"\ndescription = \"Just look\"\n", &[]).unwrap();
    assert_eq!(renamed.roles.len(), 4);
    assert_eq!(renamed.roles[3].description, "Just look");
}

#[test]
fn the_example_catalog_has_the_bundles_that_its_documentation_names() {
    let catalog = load(include_str!("../../../config/fred.toml"), &[]).unwrap().catalog;
    let bundle = |id: &str| catalog.bundles().iter().find(|bundle| bundle.id == id).unwrap();
    assert_eq!(bundle("rest-only").scopes, ["fred.read"]);
    assert_eq!(bundle("hosted-mcp").scopes, ["mcp.tools.read", "mcp.invoke", "fred.read"]);
    assert_eq!(bundle("legacy-mcp").scopes, bundle("hosted-mcp").scopes);
    assert_eq!(bundle("legacy-mcp").note.as_deref(), Some("Not recommended for new integrations"));
    assert_eq!(bundle("hosted-mcp").note, None);
    assert_eq!(catalog.version(), "v1");
}

#[test]
fn cg_11_the_default_catalog_has_the_scopes_of_this_server_and_the_examples_extend_it() {
    let own = load("", &[]).unwrap().catalog;
    let of_openid = ["openid", "profile", "email", "offline_access"];
    let of_this_server: Vec<&str> = own.ids().filter(|id| !of_openid.contains(id)).collect();
    for id in &of_this_server {
        let about = ["org:", "members:", "keys:", "tokens:", "service_accounts:", "audit:"];
        assert!(about.iter().any(|area| id.starts_with(area)), "{id} is not a scope of this server");
    }
    let deployments = load(include_str!("../../../config/deployments.toml"), &[]).unwrap().catalog;
    assert!(own.ids().all(|id| deployments.contains(id)), "all built-in scopes are kept");
    for id in ["deployments:read", "deployments:write", "deployments:delete", "operations:read"] {
        assert!(deployments.contains(id) && !own.contains(id), "{id}");
    }
}

#[test]
fn bundles_name_scopes_that_exist_and_the_shipped_ones_go_with_the_shipped_scopes() {
    assert_eq!(load("", &[]).unwrap().catalog.bundles().len(), 1);
    assert!(load(&format!("{ROLE}{SCOPE}"), &[]).unwrap().catalog.bundles().is_empty());
    one_fault(
        "[[bundles]]\nid = \"all\"\nlabel = \"All\"\nscopes = [\"no:such\"]\n",
        "keystile.toml:4: bundle \"all\": scopes: \"no:such\" is not a scope. Add it as [[scopes]], or remove it.",
    );
    one_fault(
        "[catalog]\nversion = \"\"\n",
        "keystile.toml:2: catalog.version: is not a version. Write letters, digits, dots and dashes, such as \"v1\".",
    );
}

#[test]
fn a_scope_without_labels_is_refused() {
    let mut text = ROLE.to_owned();
    let _ = writeln!(
        text,
        "[[scopes]]\nid = \"fred:read\"\nlabel = \"\"\nlevel = \"some\"\nroles = [\"auditor\"]"
    );
    assert_eq!(
        faults(&text, &[]),
        [
            "keystile.toml:4: scope \"fred:read\": not_label: is missing. Write how it reads after \"Not asked for:\", \
             such as \"see deployments\".",
            "keystile.toml:6: scope \"fred:read\": label: is empty. Write what people should read here.",
            "keystile.toml:7: scope \"fred:read\": level: is not a level. Write read, change, delete or administer.",
        ]
    );
}

#[test]
fn a_scope_must_be_held_by_roles_that_exist() {
    one_fault(
        SCOPE,
        "keystile.toml:6: scope \"fred:read\": roles: \"auditor\" is not a role. Add it as [[roles]], or use some of \
         owner, admin, member, viewer.",
    );
    one_fault(
        &SCOPE.replace("\"auditor\"", ""),
        "keystile.toml:6: scope \"fred:read\": roles: has no role, so nobody could grant it. Use some of owner, \
         admin, member, viewer.",
    );
}

#[test]
fn scopes_and_roles_exist_once_and_have_no_other_fields() {
    one_fault(
        &format!("{ROLE}{SCOPE}{SCOPE}"),
        "keystile.toml:11: scope \"fred:read\": id: is a duplicate. Remove one of the two.",
    );
    one_fault(
        &format!("{ROLE}{ROLE}"),
        "keystile.toml:5: role \"auditor\": id: is a duplicate. Remove one of the two.",
    );
    one_fault(
        &format!("{ROLE}{SCOPE}icon = \"x\"\n"),
        "keystile.toml:10: scope \"fred:read\": icon: is not a field of a scope. Remove it, or use one of id, label, \
         not_label, level, roles, default.",
    );
    one_fault(
        &format!("{ROLE}color = \"red\"\n"),
        "keystile.toml:4: role \"auditor\": color: is not a field of a role. Remove it, or use one of id, description.",
    );
    one_fault(
        &format!("{ROLE}{}", SCOPE.replace("fred:read", "fred read")),
        "keystile.toml:5: scope \"fred read\": id: is not the id of a scope. Write visible ASCII characters without \
         spaces and quotes.",
    );
}

#[test]
fn r197_to_r199_the_example_has_three_policies_by_the_hour() {
    let config = load(include_str!("../../../config/rate-limits.toml"), &[]).unwrap();
    let policies =
        config.rate_policies.iter().map(|policy| (policy.name.as_str(), policy.limit, policy.window));
    let hour = TimeDelta::hours(1);
    assert_eq!(
        policies.collect::<Vec<_>>(),
        [("dev:conversations", 25, hour), ("dev:memories", 120, hour), ("dev:memories_batch", 15, hour)]
    );
    assert!(load("", &[]).unwrap().rate_policies.is_empty());
}

#[test]
fn a_rate_policy_that_could_not_work_is_refused() {
    let policy = "[[rate_policies]]\nname = \"talks\"\nlimit = 25\nwindow = \"1h\"\n";
    let config =
        load(&format!("{policy}per = \"organization\"\nroutes = [\"POST /v1/talks\"]\n"), &[]).unwrap();
    assert_eq!(config.rate_policies[0].per, Per::Organization);
    one_fault(
        &format!("{policy}{policy}"),
        "keystile.toml:6: rate policy \"talks\": name: is a duplicate. Remove one of the two.",
    );
    one_fault(
        &format!("{policy}scopes = [\"no:such\"]\n"),
        "keystile.toml:5: rate policy \"talks\": scopes: \"no:such\" is not a scope. Add it as [[scopes]], or remove it.",
    );
    one_fault(
        &format!("{policy}routes = [\"talks\"]\n"),
        "keystile.toml:5: rate policy \"talks\": routes: \"talks\" is not a route. Write it as \"/v1/talks\", \"POST /v1/talks/*\" \
         or \"/v1/**\": decoded, without parameters, and GET for HEAD.",
    );
    one_fault(
        &policy.replace("limit = 25\n", ""),
        "keystile.toml:1: rate policy \"talks\": limit: is missing. Write how many requests, such as 25.",
    );
}

#[test]
fn cd_03_a_resource_has_an_absolute_url_of_its_own() {
    let config =
        load("[[resources]]\nid = \"https://sandbox.example.com\"\nname = \"Sandbox\"\ntest = true\n", &[])
            .unwrap();
    let [sandbox] = &config.resources[..] else { panic!("{:?}", config.resources) };
    assert_eq!(
        (&*sandbox.id, &*sandbox.name, sandbox.test),
        ("https://sandbox.example.com", "Sandbox", true)
    );
    let entry = |id: &str| format!("[[resources]]\nid = \"{id}\"\nname = \"API\"\n");
    assert!(!load(&entry("https://api.example.com"), &[]).unwrap().resources[0].test);
    one_fault(
        &entry("api.example.com"),
        "keystile.toml:2: resource \"api.example.com\": id: is not an absolute URL without a fragment. Write it as \
         https://api.example.com.",
    );
    one_fault(
        &entry("http://127.0.0.1:8642"),
        "keystile.toml:2: resource \"http://127.0.0.1:8642\": id: is server.public_url. Remove the entry: tokens for this \
         server need none.",
    );
    one_fault(
        &[entry("https://api.example.com"), entry("https://API.example.com/")].concat(),
        "keystile.toml:5: resource \"https://API.example.com/\": id: is a duplicate. Remove one of the two.",
    );
}
