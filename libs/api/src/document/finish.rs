//! What is done to every document that poem-openapi makes.

use std::collections::BTreeSet;

use model::Reason;
use serde_json::{Map, Value, json};

use super::patterns;
use crate::problem;

/// What becomes of members of request bodies that an API does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnknownMembers {
    /// The request is refused.
    Refused,
    /// They are left aside.
    Ignored,
}

/// Repairs what poem-openapi makes, and adds what it cannot say.
pub(super) fn finish(document: &mut Value, unknown: UnknownMembers) {
    if let Some(members) = document.as_object_mut() {
        members.insert("openapi".to_owned(), json!("3.0.3"));
        // Where nothing else is said, the credential is the license key among the parameters; an empty list says that
        // none other is wanted.
        members.insert("security".to_owned(), json!([]));
    }
    repair(document);
    for operation in operations(document) {
        declare_scope(operation);
    }
    if unknown == UnknownMembers::Refused {
        close_requests(document);
    }
    patterns::add(document);
    name_codes(document);
}

/// Says which scope an operation needs, where its security names one behind the scheme: OpenAPI 3.0 lets only OAuth
/// schemes list scopes.
fn declare_scope(operation: &mut Map<String, Value>) {
    let declared = operation
        .get("security")
        .and_then(|security| security.get(0)?.as_object()?.keys().next().cloned())
        .and_then(|name| name.split_once(' ').map(|(scheme, scope)| (scheme.to_owned(), scope.to_owned())));
    let Some((scheme, scope)) = declared else {
        operation.entry("security").or_insert(json!([]));
        return;
    };
    let said = operation.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{said}\n\nNeeds the scope `{scope}`.").trim_start().to_owned();
    operation.insert("description".to_owned(), json!(description));
    operation.insert("security".to_owned(), json!([{ scheme: [] }]));
    operation.insert("x-required-scope".to_owned(), json!(scope));
}

/// Repairs every object at every depth.
fn repair(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(repair),
        Value::Object(members) => {
            repair_integer(members);
            if let Some(reference) = annotated_reference(members) {
                *members = reference;
            }
            if members.get("deprecated") == Some(&json!(false)) {
                members.remove("deprecated");
            }
            if members.contains_key("in") {
                // True only of lists, and the default there.
                members.remove("explode");
            }
            let renamed: Map<String, Value> = std::mem::take(members)
                .into_iter()
                .map(|(name, value)| (name.trim_end_matches("; charset=utf-8").to_owned(), value))
                .collect();
            *members = renamed;
            members.values_mut().for_each(repair);
        }
        _ => {}
    }
}

/// Formats like `uint32` are unknown to OpenAPI: the next larger one that is known, with the limits of the smaller one.
fn repair_integer(members: &mut Map<String, Value>) {
    let (known, most) = match members.get("format").and_then(Value::as_str) {
        Some("uint8") => ("int32", Some(json!(u8::MAX))),
        Some("uint16") => ("int32", Some(json!(u16::MAX))),
        Some("uint32") => ("int64", Some(json!(u32::MAX))),
        Some("uint64") => ("int64", None),
        _ => return,
    };
    members.insert("format".to_owned(), json!(known));
    members.entry("minimum").or_insert(json!(0));
    if let Some(most) = most {
        members.entry("maximum").or_insert(most);
    }
}

/// The plain reference in a reference with a description, which generators take for a new type.
fn annotated_reference(members: &Map<String, Value>) -> Option<Map<String, Value>> {
    let parts = members.get("allOf")?.as_array()?;
    let reference =
        parts.iter().find_map(|part| part.as_object().filter(|part| part.contains_key("$ref")))?;
    Some(reference.clone())
}

/// Every operation.
pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut);
    items.flat_map(|item| item.values_mut()).filter_map(Value::as_object_mut)
}

/// The names of the schemas of request bodies, and of all that those refer to.
pub(super) fn request_schemas(document: &mut Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let bodies: Vec<Value> =
        operations(document).filter_map(|operation| operation.get("requestBody").cloned()).collect();
    let mut found: Vec<String> = bodies.iter().flat_map(references).collect();
    while let Some(name) = found.pop() {
        if let Some(schema) = document.pointer(&format!("/components/schemas/{name}"))
            && names.insert(name)
        {
            found.extend(references(schema));
        }
    }
    names
}

/// The names of the schemas that a value refers to.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next());
            own.map(str::to_owned).into_iter().chain(members.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

/// Says of request bodies, and of objects within them, that unknown members are refused.
fn close_requests(document: &mut Value) {
    for name in request_schemas(document) {
        if let Some(Value::Object(schema)) = document.pointer_mut(&format!("/components/schemas/{name}"))
            && schema.contains_key("properties")
        {
            schema.insert("additionalProperties".to_owned(), json!(false));
        }
    }
}

/// Names the codes that are known today where a code is told. Not an `enum`, which generated clients would close.
fn name_codes(document: &mut Value) {
    const KNOWN: &str = "x-extensible-enum";
    let reasons: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    let results: Vec<&str> = std::iter::once(Reason::VALID).chain(reasons.iter().copied()).collect();
    let problems: Vec<&str> = problem::Code::all().map(|code| code.entry().code).collect();
    for (place, codes) in [
        ("Problem/properties/code", &problems),
        ("Problem/properties/codes/items", &reasons),
        ("Validation/properties/code", &results),
        ("Validation/properties/codes/items", &reasons),
    ] {
        if let Some(Value::Object(schema)) = document.pointer_mut(&format!("/components/schemas/{place}")) {
            schema.insert(KNOWN.to_owned(), json!(codes));
        }
    }
}

/// With the members of every object in alphabetical order, whatever features of `serde_json` are switched on.
pub(super) fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            members.into_iter().map(|(name, value)| (name, sorted(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs() {
        let mut document = json!({
            "a": {"type": "integer", "format": "uint32", "deprecated": false},
            "b": {"allOf": [{"$ref": "#/x"}, {"description": "d"}], "description": "d"},
            "content": {"application/json; charset=utf-8": {}},
            "parameters": [{"in": "header", "explode": true}],
        });
        repair(&mut document);
        assert_eq!(
            document,
            json!({
                "a": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 4_294_967_295_u32},
                "b": {"$ref": "#/x"},
                "content": {"application/json": {}},
                "parameters": [{"in": "header"}],
            })
        );
    }
}
