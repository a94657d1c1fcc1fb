//! The document that progenitor reads, derived from ours.
//!
//! Progenitor knows one success and one error of each operation, and types only bodies of `application/json`; and it makes
//! a type of every text with limits, which callers would have to convert into.

use serde_json::{Map, Value};

/// Makes of a document one that progenitor makes a pleasant client from.
pub(super) fn derive(document: &mut Value) {
    let Some(members) = document.as_object_mut() else { return };
    if let Some(Value::Object(paths)) = members.get_mut("paths") {
        let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut);
        operations.filter_map(Value::as_object_mut).for_each(derive_operation);
    }
    if let Some(schemas) = members.get_mut("components").and_then(|components| components.get_mut("schemas"))
    {
        values(schemas).for_each(widen);
    }
}

fn derive_operation(operation: &mut Map<String, Value>) {
    if let Some(Value::Object(answers)) = operation.get_mut("responses") {
        // What is not modified is neither a success nor an error to it.
        answers.retain(|status, _| !status.starts_with('3'));
        answers.values_mut().for_each(plain_content);
    }
    if let Some(body) = operation.get_mut("requestBody") {
        plain_content(body);
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if let Some(schema) = parameter.get_mut("schema") {
            widen(schema);
        }
    }
}

/// Leaves one media type: the JSON there is, as `application/json`; else the first, as bytes, which progenitor knows.
fn plain_content(body: &mut Value) {
    let Some(Value::Object(content)) = body.get_mut("content") else { return };
    let json = content.keys().find(|name| name.ends_with("/json") || name.ends_with("+json")).cloned();
    let Some(name) = json.clone().or_else(|| content.keys().next().cloned()) else { return };
    let Some(kept) = content.remove(&name) else { return };
    let name = if json.is_some() { "application/json" } else { "application/octet-stream" }.to_owned();
    *content = Map::from_iter([(name, kept)]);
}

/// Takes the limits away from texts: the server knows them.
fn widen(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    for limit in ["pattern", "minLength", "maxLength"] {
        members.remove(limit);
    }
    if let Some(properties) = members.get_mut("properties") {
        values(properties).for_each(widen);
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = members.get_mut(inner) {
            widen(inner);
        }
    }
}

fn values(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn derived(mut document: Value) -> Value {
        derive(&mut document);
        document
    }

    #[test]
    fn answers_are_one_success_and_one_error_in_json() {
        let document = |answers: Value| json!({"paths": {"/a": {"get": {"responses": answers}}}});
        assert_eq!(
            derived(document(json!({
                "200": {"content": {"application/jwk-set+json": {"schema": {"$ref": "#/a"}}}},
                "304": {"description": "The same."},
                "4XX": {"content": {"application/problem+json": {"schema": {"$ref": "#/p"}}}},
            }))),
            document(json!({
                "200": {"content": {"application/json": {"schema": {"$ref": "#/a"}}}},
                "4XX": {"content": {"application/json": {"schema": {"$ref": "#/p"}}}},
            }))
        );
    }

    #[test]
    fn one_media_type_stays_and_json_wins() {
        let document =
            |content: Value| json!({"paths": {"/a": {"post": {"requestBody": {"content": content}}}}});
        assert_eq!(
            derived(document(json!({"application/a": {}, "application/json": {"schema": {}}}))),
            document(json!({"application/json": {"schema": {}}}))
        );
        assert_eq!(
            derived(document(json!({"text/csv": {}}))),
            document(json!({"application/octet-stream": {}}))
        );
    }

    #[test]
    fn texts_lose_their_limits_and_members_of_such_names_stay() {
        let document = json!({
            "paths": {"/a": {"get": {"parameters": [{"schema": {"type": "string", "maxLength": 9}}]}}},
            "components": {"schemas": {"A": {
                "properties": {
                    "pattern": {"type": "string", "pattern": "^a"},
                    "list": {"type": "array", "maxItems": 3, "items": {"type": "string", "minLength": 1}},
                },
                "additionalProperties": false,
            }}},
        });
        assert_eq!(
            derived(document),
            json!({
                "paths": {"/a": {"get": {"parameters": [{"schema": {"type": "string"}}]}}},
                "components": {"schemas": {"A": {
                    "properties": {
                        "pattern": {"type": "string"},
                        "list": {"type": "array", "maxItems": 3, "items": {"type": "string"}},
                    },
                    "additionalProperties": false,
                }}},
            })
        );
    }
}
