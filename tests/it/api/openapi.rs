//! The OpenAPI document matches the server. All tests that call the API also compare each response with it.

use std::collections::BTreeSet;

use keystiled::http::api::error_code::ErrorCode;
use reqwest::Method;
use serde_json::Value;

use super::matrix::{ROUTES, served};
use crate::support::both_engines;
use crate::support::contract::{DOCUMENT, Operation};

#[test]
fn every_route_is_in_the_document_and_nothing_else_is() {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let documented: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    assert_eq!(documented, served());
}

#[test]
fn every_reference_resolves_and_every_operation_id_is_unique() {
    fn walk<'a>(value: &'a Value, see: &mut impl FnMut(&'a str, &'a Value)) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                see(name, value);
                walk(value, see);
            }),
            Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut names = BTreeSet::new();
    walk(&DOCUMENT, &mut |name, value| match (name, value.as_str()) {
        ("$ref", Some(place)) => {
            assert!(DOCUMENT.pointer(place.trim_start_matches('#')).is_some(), "{place}");
        }
        ("operationId", Some(id)) => assert!(names.insert(id), "two are {id}"),
        _ => {}
    });
    assert_eq!(names.len(), ROUTES.len());
    assert!(DOCUMENT["openapi"].as_str().unwrap().starts_with("3.1."));
}

#[test]
fn the_page_about_authentication_lists_every_error_and_what_to_do() {
    let page = std::fs::read_to_string("docs/api/authentication.md").unwrap();
    for code in ErrorCode::ALL {
        let row = format!("| {} | `{}` | {} |", code.status().as_u16(), code.as_str(), code.remedy());
        assert!(page.contains(&row), "{row}");
    }
}

both_engines! {
    async fn the_document_is_served_to_everybody_with_the_address_of_the_server(app) {
        let answer = app.anonymous().get("/api/openapi.json").await;
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        let served = answer.json();
        assert_eq!(served["servers"][0]["url"], app.issuer());
        assert_eq!(served["paths"], DOCUMENT["paths"]);
    }

    async fn each_operation_asks_for_the_scope_that_the_document_names(app) {
        let tool = app.tool_of(&app.owner().await, "org:read").await;
        for route in ROUTES {
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            let documented = Operation::named(&method, route.path).unwrap().scopes();
            let path = route.path.replace("{id}", "none");
            let answer = tool.send(method, &path, (route.method == "POST").then(route.body).as_ref()).await;
            let body = serde_json::from_str::<Value>(&answer.body).unwrap_or_default();
            let asked: Vec<String> =
                serde_json::from_value(body["error"]["required_scopes"].clone()).unwrap_or_default();
            if documented.is_empty() {
                assert_ne!(body["error"]["code"], "insufficient_scope", "{path}");
            } else {
                assert_eq!((answer.status, &asked), (403, &documented), "{path}");
            }
        }
    }
}
