//! Every rule lets a good document through and stops one that breaks just this rule.

use serde_json::{Value, json};

use super::{Document, RULES, check, open_operations};

fn good() -> Value {
    let problem = json!({
        "description": "It failed.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    json!({
        "openapi": "3.0.3",
        "tags": [{"name": "Things"}],
        "paths": {"/things": {"post": {
            "operationId": "createThing",
            "tags": ["Things"],
            "security": [{"bearer": []}],
            "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer"}}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
            "responses": {
                "201": {
                    "description": "It is made.",
                    "headers": {"Location": {"schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "4XX": problem,
            },
        }}},
        "components": {"schemas": {
            "Thing": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "part": {"$ref": "#/components/schemas/Part"}},
                "example": {"name": "n"},
            },
            "Part": {"type": "string", "example": "p"},
            "Problem": {"type": "object", "properties": {"code": {"type": "string"}}, "example": {"code": "c"}},
        }},
    })
}

/// The good document with one value replaced, or taken away by null.
fn with(pointer: &str, value: Value) -> Document {
    let mut content = good();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/");
    match content.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => drop(members.remove(&name).unwrap()),
        Value::Object(members) => drop(members.insert(name, value)),
        other => panic!("{other} is not an object"),
    }
    Document { name: "management.json".to_owned(), content }
}

#[test]
fn a_good_document_passes() {
    for name in ["client.json", "management.json", "platform.json"] {
        let document = Document { name: name.to_owned(), content: good() };
        assert_eq!(check(&document), Vec::<String>::new());
        assert_eq!(open_operations(&[document], "# none\n"), Vec::<String>::new());
    }
}

#[test]
fn every_rule_fires_alone() {
    const POST: &str = "/paths/~1things/post";
    let thing = |rest: &str| format!("/components/schemas/Thing{rest}");
    let post = |rest: &str| format!("{POST}{rest}");
    let bad: &[(&str, String, Value)] = &[
        ("operation-id", post("/operationId"), Value::Null),
        ("operation-id", post("/operationId"), json!("create_thing")),
        ("operation-id", post("/operationId"), json!("CreateThing")),
        ("one-tag", post("/tags"), json!([])),
        ("one-tag", post("/tags"), json!(["Things", "Others"])),
        ("one-tag", post("/tags"), json!(["Others"])),
        (
            "named-schema",
            post("/requestBody/content"),
            json!({"application/json": {"schema": {"type": "object"}}}),
        ),
        ("schema-example", thing("/example"), Value::Null),
        ("problem-answers", post("/responses/4XX"), Value::Null),
        ("problem-answers", post("/responses/5XX"), json!({"content": {"text/plain": {}}})),
        ("problem-answers", post("/responses/default"), json!({})),
        ("created-location", post("/responses/201/headers"), Value::Null),
        ("no-union-in-answers", "/components/schemas/Part/oneOf".to_owned(), json!([{"type": "string"}])),
        ("no-union-in-answers", "/components/schemas/Part/anyOf".to_owned(), json!([{"type": "string"}])),
        ("no-union-in-answers", thing("/discriminator"), json!({"propertyName": "name"})),
        ("no-null", thing("/nullable"), json!(true)),
        ("no-null", thing("/type"), json!(["object", "null"])),
        ("no-null", thing("/example"), json!({"name": null})),
        ("no-leading-underscore", thing("/properties/_name"), json!({"type": "string"})),
        ("no-leading-underscore", post("/parameters"), json!([{"in": "query", "name": "_limit"}])),
    ];
    for (rule, pointer, value) in bad {
        let findings = check(&with(pointer, value.clone()));
        assert!(!findings.is_empty(), "{rule} does not see {pointer} = {value}");
        for finding in findings {
            assert!(finding.starts_with(&format!("management.json: {rule}: ")), "{pointer}: {finding}");
        }
    }
    for (rule, _) in RULES {
        assert!(bad.iter().any(|(tested, _, _)| tested == rule), "{rule} is never shown to fire");
    }
}

#[test]
fn an_operation_identifier_may_be_there_once() {
    let twice = good().pointer("/paths/~1things").unwrap().clone();
    let findings = check(&with("/paths/~1others", twice));
    assert_eq!(findings, ["management.json: operation-id: POST /things: `createThing` is there twice"]);
}

#[test]
fn members_with_the_names_of_unions_are_none() {
    let document = with("/components/schemas/Thing/properties/oneOf", json!({"type": "string"}));
    assert_eq!(check(&document), Vec::<String>::new());
}

#[test]
fn apps_need_no_location() {
    let mut document = with("/paths/~1things/post/responses/201/headers", Value::Null);
    document.name = "client.json".to_owned();
    assert_eq!(check(&document), Vec::<String>::new());
}

#[test]
fn what_is_made_in_bulk_has_no_one_place() {
    let mut document = with("/paths/~1things/post/responses/201/headers", Value::Null);
    *document.content.pointer_mut("/paths/~1things/post/operationId").unwrap() = json!("bulkCreateThings");
    assert_eq!(check(&document), Vec::<String>::new());
}

#[test]
fn the_documents_of_older_systems_are_as_they_are() {
    let mut document = with("/components/schemas/Thing/nullable", json!(true));
    document.name = "framecad.json".to_owned();
    assert_eq!(check(&document), Vec::<String>::new());
}

#[test]
fn open_operations_are_exactly_those_of_the_list() {
    const SECURITY: &str = "/paths/~1things/post/security";
    let listed = "# comment\n\nmanagement.json POST /things\n";
    for open in [Value::Null, json!([]), json!([{}]), json!([{"bearer": []}, {}])] {
        let documents = [with(SECURITY, open.clone())];
        assert_eq!(open_operations(&documents, "").len(), 1, "{open}");
        assert_eq!(open_operations(&documents, listed), Vec::<String>::new(), "{open}");
    }
    let closed = open_operations(&[with(SECURITY, json!([{"bearer": []}]))], listed);
    assert_eq!(closed.len(), 1);
    assert!(closed[0].contains("is on the list"), "{closed:?}");
}
