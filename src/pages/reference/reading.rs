//! Reading an OpenAPI document.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::pages::reference::api::{
    Access, ErrorStatus, Field, Group, Operation, Reference, SuccessResponse,
};
use crate::pages::reference::schema::Schemas;
use crate::pages::shared::words::Sentence;

/// Reads the document into the order of the page.
pub fn read(document: &Value) -> Reference {
    let schemas = Schemas(document);
    let tags = document["tags"].as_array().into_iter().flatten();
    let groups = tags.map(|tag| Group {
        name: text(&tag["name"]).to_owned(),
        text: sentence(text(&tag["description"])),
        operations: operations(schemas, text(&tag["name"])),
    });
    Reference {
        introduction: paragraphs(text(&document["info"]["description"])),
        groups: groups.collect(),
        errors: errors(schemas),
    }
}

/// `path, method, operation`
fn every_operation(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

fn operations(schemas: Schemas<'_>, tag: &str) -> Vec<Operation> {
    every_operation(schemas.0)
        .filter(|(_, _, operation)| operation["tags"][0] == tag)
        .map(|(path, method, operation)| Operation {
            id: text(&operation["operationId"]).to_owned(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            title: text(&operation["summary"]).to_owned(),
            text: paragraphs(text(&operation["description"])),
            access: access(operation),
            parameters: parameters(schemas, operation),
            body: schemas.fields(&operation["requestBody"]["content"]["application/json"]["schema"]),
            answer: answer(schemas, operation),
            errors: responses(operation)
                .filter(|(_, response)| is_shared(response))
                .map(|(status, _)| status.clone())
                .collect(),
        })
        .collect()
}

fn access(operation: &Value) -> Access {
    let Some(ways) = operation["security"].as_array() else { return Access::AnyCredential };
    if ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty)) {
        return Access::Everybody;
    }
    let scopes = ways.iter().filter_map(|way| way["bearer"].as_array()).flatten();
    Access::Scopes(scopes.map(|scope| text(scope).to_owned()).collect())
}

fn parameters(schemas: Schemas<'_>, operation: &Value) -> Vec<Field> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .map(|parameter| Field {
            name: text(&parameter["name"]).to_owned(),
            kind: format!("{}, in the {}", schemas.kind(&parameter["schema"]), text(&parameter["in"])),
            required: parameter["required"] == true,
            text: sentence(text(&parameter["description"])),
        })
        .collect()
}

fn responses(operation: &Value) -> impl Iterator<Item = (&String, &Value)> {
    operation["responses"].as_object().into_iter().flatten()
}

fn is_shared(response: &Value) -> bool {
    response.get("$ref").is_some()
}

fn answer(schemas: Schemas<'_>, operation: &Value) -> SuccessResponse {
    let Some((status, response)) = responses(operation).find(|(_, response)| !is_shared(response)) else {
        return SuccessResponse::default();
    };
    SuccessResponse {
        status: status.clone(),
        text: sentence(text(&response["description"])),
        fields: schemas.fields(&response["content"]["application/json"]["schema"]),
    }
}

/// Shared error responses, by status.
fn errors(schemas: Schemas<'_>) -> Vec<ErrorStatus> {
    let all = every_operation(schemas.0).flat_map(|(_, _, operation)| responses(operation));
    let shared: BTreeMap<&String, &Value> = all.filter(|(_, response)| is_shared(response)).collect();
    let status = |(status, response): (&String, &Value)| ErrorStatus {
        status: status.clone(),
        codes: text(&schemas.resolve(response)["description"])
            .lines()
            .map(|line| sentence(line.trim_start_matches("- ")))
            .collect(),
    };
    shared.into_iter().map(status).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn paragraphs(text: &str) -> Vec<Sentence> {
    text.split("\n\n").filter(|text| !text.trim().is_empty()).map(sentence).collect()
}

/// Parses text with code in backticks.
pub(in crate::pages) fn sentence(text: &str) -> Sentence {
    let pieces = text.split('`').enumerate().filter(|(_, piece)| !piece.is_empty());
    pieces.fold(Sentence::default(), |sentence, (at, piece)| {
        if at % 2 == 1 { sentence.code(piece) } else { sentence.text(piece.to_owned()) }
    })
}
