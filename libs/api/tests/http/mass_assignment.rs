//! For every operation with a body: a member that the document does not name is refused by its name, and nothing is done.

use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::swept::{Operation, Vendor, With, client, dump, operations};

/// What only the server decides, and what people try. Each one counts where the document does not name it.
const MEMBERS: [&str; 27] = [
    "id",
    "tenant_id",
    "tenant",
    "number",
    "created_at",
    "updated_at",
    "deleted_at",
    "revision",
    "version",
    "state",
    "activations_used",
    "deactivations_used",
    "seats_used",
    "key_hash",
    "key_hint",
    "key_sealed",
    "secret",
    "secret_hash",
    "public_id",
    "revoked_at",
    "last_used_at",
    "first_checked_at",
    "last_checked_at",
    "term_started_at",
    "admin",
    "__proto__",
    "constructor",
];

/// A body with one member more, and where that is.
fn additions(operation: &Operation, schema: &str, body: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let schema = operation.schema(schema);
    let (Some(properties), Some(members)) = (schema["properties"].as_object(), body.as_object()) else {
        return found;
    };
    for name in MEMBERS.into_iter().filter(|name| !properties.contains_key(*name)) {
        let mut more = members.clone();
        more.insert(name.to_owned(), json!("1"));
        found.push((format!("/{name}"), Value::Object(more)));
    }
    for (name, value) in members {
        let property = &properties[name];
        let reference =
            |schema: &Value| schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()).map(str::to_owned);
        let put = |place: String, value: Value| {
            let mut more = members.clone();
            more.insert(name.clone(), value);
            (format!("/{name}{place}"), Value::Object(more))
        };
        if let Some(inner) = reference(property) {
            found.extend(additions(operation, &inner, value).into_iter().map(|(at, value)| put(at, value)));
        }
        if let (Some(inner), Some([first, rest @ ..])) =
            (reference(&property["items"]), value.as_array().map(Vec::as_slice))
        {
            found.extend(additions(operation, &inner, first).into_iter().map(|(at, first)| {
                let items: Vec<Value> = std::iter::once(first).chain(rest.iter().cloned()).collect();
                put(format!("/0{at}"), Value::Array(items))
            }));
        }
    }
    found
}

on_both! {
    async fn members_that_are_not_documented_are_refused_by_name(database: Database) {
        let world = World::new(database).await;
        let vendor = Vendor::new(&world, "acme").await;
        let client = client(&world);
        for operation in operations().into_iter().filter(|operation| !operation.is_older) {
            let (Some(schema), Some(example)) = (operation.body_schema(), operation.example()) else { continue };
            let path = operation.path("acme", &vendor.names);
            let before = dump(&world).await;
            for (pointer, body) in additions(&operation, schema, &vendor.fit(example)) {
                let with = With { body: Some(&body), headers: &[] };
                let answer = operation.send(&client, &path, operation.credential(&vendor), with).await;
                let name = &operation.name;
                assert_eq!((answer.status, &*answer.code()), (422, "validation_failed"), "{name}{pointer}");
                assert!(answer.pointers().contains(&pointer), "{name}{pointer}: {}", answer.text);
            }
            assert!(before == dump(&world).await, "{} changed something", operation.name);
        }
    }
}
