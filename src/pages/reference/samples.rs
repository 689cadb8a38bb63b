//! Sample of the API reference.

use serde_json::json;

use crate::pages::reference::api::ApiReferencePage;
use crate::pages::reference::reading;
use crate::pages::samples::{Foreign, print, shell};

pub(in crate::pages) fn page(foreign: Foreign) -> String {
    let error = json!({ "$ref": "#/components/responses/NotFound" });
    let key = json!({ "type": "object", "required": ["id"], "properties": {
        "id": { "type": "string", "description": "As in `key_1`." },
        "name": { "type": ["string", "null"] },
    } });
    let document = json!({
        "info": { "description": "Send `X-API-Key`." },
        "tags": [{ "name": "API keys", "description": "Keys." }],
        "paths": { "/api/v1/keys/{id}": { "post": {
            "operationId": "changeKey",
            "summary": "Change a key",
            "description": "It is the same key.",
            "tags": ["API keys"],
            "security": [{ "bearer": ["keys:manage"] }],
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
            "requestBody": { "content": { "application/json": { "schema": key } } },
            "responses": {
                "200": { "description": "The key.", "content": { "application/json": { "schema": key } } },
                "404": error,
            },
        } } },
        "components": { "responses": { "NotFound": { "description": "- `not_found`: Check the id." } } },
    });
    print(&ApiReferencePage { shell: shell(foreign), reference: reading::read(&document) })
}
