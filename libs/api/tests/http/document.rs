//! The published document is the one that is served, and one that good clients can be made from.

use std::collections::BTreeSet;

use leasehold_api::{client_document, framecad_document, management_document, mini_key_server_document};
use serde_json::{Value, json};
use testkit::{Database, World};

use crate::client::Client;

/// The documents by name: as published, and as made.
fn documents() -> [(&'static str, &'static str, String); 4] {
    [
        ("client", include_str!("../../../../openapi/client.json"), client_document()),
        ("management", include_str!("../../../../openapi/management.json"), management_document()),
        (
            "mini-key-server",
            include_str!("../../../../openapi/mini-key-server.json"),
            mini_key_server_document(),
        ),
        ("framecad", include_str!("../../../../openapi/framecad.json"), framecad_document()),
    ]
}

fn parsed() -> [(&'static str, Value); 4] {
    documents().map(|(name, _, made)| (name, serde_json::from_str(&made).unwrap()))
}

fn document() -> Value {
    serde_json::from_str(&client_document()).unwrap()
}

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap();
        methods.iter().map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
    });
    operations.collect()
}

fn visit(value: &Value, place: &str, check: &mut impl FnMut(&str, &str, &Value)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                check(place, name, value);
                visit(value, &format!("{place}/{name}"), check);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, place, check)),
        _ => {}
    }
}

#[test]
fn the_published_documents_are_these() {
    for (name, published, made) in documents() {
        for (number, (published, made)) in published.lines().zip(made.lines()).enumerate() {
            assert_eq!(published, made, "{name}, line {}: run `cargo xtask regenerate`", number + 1);
        }
        assert!(published == made, "{name}: run `cargo xtask regenerate`");
    }
}

#[tokio::test]
async fn the_served_documents_are_these() {
    let world = World::new(Database::sqlite().await).await;
    world.shop("acme").await;
    let client = Client::new(&world, Some("acme"));
    for (name, _, made) in documents() {
        for base in ["/t/acme", ""] {
            let answer = client.get(&format!("{base}/openapi/{name}.json")).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
            assert!(answer.text == made, "{base} {name}");
        }
    }
}

/// The operations of the documents that apps use.
const IDS: [(&str, &[&str]); 3] = [
    ("client", &["activateLicense", "deactivateLicense", "getKeySet", "refreshLease", "validateLicense"]),
    ("mini-key-server", &["activateKey", "checkKey"]),
    (
        "framecad",
        &[
            "activateLicense",
            "deactivateLicense",
            "deactivateLicenses",
            "firstCheck",
            "lastCheck",
            "validateLicense",
        ],
    ),
];

/// How errors are told: media type and schema.
fn errors_of(document: &str) -> (&'static str, &'static str) {
    match document {
        "client" | "management" => ("application/problem+json", "Problem"),
        "mini-key-server" => ("application/json", "Failure"),
        _ => ("application/json", "Answer"),
    }
}

#[test]
fn operations_are_complete() {
    for (of, document) in parsed() {
        assert_eq!(document["openapi"], "3.0.3");
        let (media_type, schema) = errors_of(of);
        let mut ids = BTreeSet::new();
        for (name, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no operationId"));
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            assert!(
                id.starts_with(|c: char| c.is_ascii_lowercase())
                    && id.bytes().all(|b| b.is_ascii_alphanumeric()),
                "{id}"
            );
            assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{name}");
            assert!(operation["summary"].is_string() && operation["description"].is_string(), "{name}");

            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
            for range in ["4XX", "5XX"] {
                let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
                let expected = json!({media_type: {"schema": schema}});
                assert_eq!(responses[range]["content"], expected, "{of}: {name}");
            }
            assert!(!responses.contains_key("default"), "{name}");
            check_security(of, &name, &operation);
        }
        if let Some((_, expected)) = IDS.iter().find(|(name, _)| *name == of) {
            assert_eq!(ids, expected.iter().map(|id| (*id).to_owned()).collect());
        }
    }
}

/// Every operation that vendors' programs use wants an API key, and says which scope.
fn check_security(document: &str, name: &str, operation: &Value) {
    if document != "management" {
        assert_eq!(operation["security"], json!([]), "{document}: {name}");
        return;
    }
    assert_eq!(operation["security"], json!([{"apiKey": []}]), "{name}");
    let scope = operation["x-required-scope"].as_str().unwrap_or_else(|| panic!("{name} names no scope"));
    assert!(model::Scope::from_code(scope).is_ok(), "{name}");
    let said = format!("Needs the scope `{scope}`.");
    assert!(operation["description"].as_str().unwrap().ends_with(&said), "{name}");
}

/// Operations that may be called without a credential. An operation that is added must be added here, or ask for one.
const OPEN: [&str; 5] = [
    "get /.well-known/jwks.json",
    "post /v1/activate",
    "post /v1/deactivate",
    "post /v1/leases/refresh",
    "post /v1/validate",
];

#[test]
fn only_the_listed_operations_are_open() {
    let document = document();
    assert_eq!(document["security"], json!([]));
    let open: Vec<String> = operations(&document)
        .into_iter()
        .filter(|(_, operation)| operation["security"] == json!([]))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(open, OPEN);
    // The credential of these is the key in the body.
    for (name, operation) in operations(&document) {
        let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema/$ref") else {
            assert_eq!(name, "get /.well-known/jwks.json");
            continue;
        };
        let schema = document.pointer(&schema.as_str().unwrap()[1..]).unwrap();
        assert!(schema["required"].as_array().unwrap().contains(&json!("key")), "{name}");
    }
}

#[test]
fn schemas_are_named_described_and_shown() {
    for (of, document) in parsed() {
        check_schemas(of, &document);
    }
}

fn check_schemas(of: &str, document: &Value) {
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string() && !schema["example"].is_null(), "{name}");
        assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(schema["description"].is_string() || schema["$ref"].is_string(), "{name}.{member}");
            let good = member.starts_with(|c: char| c.is_ascii_lowercase())
                && member.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            // What an older API and a registered problem type call it.
            let named_by_others = ["remainingActivations", "violated-policies"].contains(&member.as_str());
            assert!(good || named_by_others, "{name}.{member}");
        }
    }
    visit(document, "", &mut |place, name, value| {
        let at = format!("{of}{place}/{name}");
        assert!(!value.is_null(), "{at}");
        if place.ends_with("/properties") || place.ends_with("/example") {
            return;
        }
        match name {
            "format" => {
                assert!(
                    ["binary", "date", "date-time", "uuid", "int32", "int64"]
                        .contains(&value.as_str().unwrap()),
                    "{at}"
                );
            }
            "nullable" if !["client", "management"].contains(&of) => assert_eq!(value, true, "{at}"),
            "enum" if place.contains("/parameters/") => {}
            "anyOf" | "oneOf" | "allOf" | "enum" | "nullable" | "discriminator" => panic!("{at}"),
            "schema" => {
                // What is in a query string has no name.
                let plain =
                    ["string", "integer", "boolean"].map(|kind| value["type"] == kind).contains(&true)
                        || value["$ref"].is_string();
                assert!(plain, "a schema that is not named: {at}");
            }
            _ => {}
        }
        assert!(!name.contains("charset") && !name.starts_with('_'), "{at}");
    });
}

#[test]
fn every_reference_leads_somewhere() {
    for (of, document) in parsed() {
        visit(&document, "", &mut |place, name, value| {
            if name == "$ref" {
                let pointer = value.as_str().unwrap().strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{of}{place}: {pointer}");
            }
        });
    }
}

#[test]
fn no_two_documents_share_a_path() {
    let mut paths = BTreeSet::new();
    for (name, document) in parsed() {
        for path in document["paths"].as_object().unwrap().keys() {
            assert!(paths.insert(path.clone()), "{name}: {path}");
        }
    }
}

/// The names of the schemas that values refer to, at whatever distance.
fn reached(document: &Value, from: &[Value]) -> BTreeSet<String> {
    let (mut names, mut left) = (BTreeSet::new(), from.to_vec());
    while let Some(value) = left.pop() {
        visit(&value, "", &mut |_, member, to| {
            if member == "$ref" {
                let name = to.as_str().unwrap().rsplit('/').next().unwrap();
                if names.insert(name.to_owned()) {
                    left.push(document["components"]["schemas"][name].clone());
                }
            }
        });
    }
    names
}

#[test]
fn objects_of_requests_are_closed_and_those_of_answers_are_open() {
    for (of, document) in parsed().into_iter().filter(|(of, _)| !["framecad", "mini-key-server"].contains(of))
    {
        let operations = operations(&document);
        let all = |member: &str| -> Vec<Value> {
            operations.iter().filter_map(|(_, operation)| operation.get(member).cloned()).collect()
        };
        let (asked, told) = (reached(&document, &all("requestBody")), reached(&document, &all("responses")));
        for name in &asked {
            let schema = &document["components"]["schemas"][name];
            if schema["properties"].is_object() {
                assert_eq!(schema["additionalProperties"], false, "{of}: {name}");
                assert!(
                    !told.contains(name),
                    "{of}: {name} is in requests, which are closed, and in answers"
                );
            }
        }
        for name in &told {
            assert_ne!(
                document["components"]["schemas"][name]["additionalProperties"], false,
                "{of}: {name}"
            );
        }
    }
}
