//! Our own rules for documents, which the linters of others do not know.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{Document, at, children, list, object};

/// A rule: its name, and what it finds in a document of ours, each with its place.
pub(super) type Rule = (&'static str, fn(&Document) -> Vec<String>);

/// The rules that each document of ours keeps, beside the list of open operations.
pub(super) const RULES: &[Rule] = &[
    ("operation-id", operation_id),
    ("one-tag", one_tag),
    ("named-schema", named_schema),
    ("schema-example", schema_example),
    ("problem-answers", problem_answers),
    ("created-location", created_location),
    ("no-union-in-answers", no_union_in_answers),
    ("no-null", no_null),
    ("no-leading-underscore", no_leading_underscore),
];

/// What the rules find in a document. Those of older systems are as they are.
pub(super) fn check(document: &Document) -> Vec<String> {
    if !document.is_ours() {
        return Vec::new();
    }
    let found = |(rule, check): &Rule| {
        let findings = check(document).into_iter();
        findings.map(|finding| format!("{}: {rule}: {finding}", document.name)).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(found).collect()
}

/// The operations that ask for no credential are exactly those of the list `allowed`: lines like `client.json POST /v1/activate`,
/// and comments that begin with `#`.
pub(super) fn open_operations(documents: &[Document], allowed: &str) -> Vec<String> {
    let lines = allowed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let allowed: BTreeSet<String> = lines.map(str::to_owned).collect();
    let open: BTreeSet<String> = documents
        .iter()
        .flat_map(|document| {
            let operations = document.operations().into_iter();
            operations
                .filter(|operation| is_open(document, operation.content))
                .map(|operation| format!("{} {}", document.name, operation.place))
        })
        .collect();
    let unlisted =
        open.difference(&allowed).map(|it| format!("{it}: asks for no credential, and is not on the list"));
    let outdated =
        allowed.difference(&open).map(|it| format!("{it}: is on the list of open operations, and is none"));
    unlisted.chain(outdated).map(|finding| format!("open-operations: {finding}")).collect()
}

/// Without a requirement, or with an empty one among them, which anybody meets.
fn is_open(document: &Document, operation: &Value) -> bool {
    let requirements = operation.get("security").unwrap_or_else(|| at(&document.content, "security"));
    let any_is_empty = list(requirements).any(|requirement| object(requirement).next().is_none());
    any_is_empty || list(requirements).next().is_none()
}

/// Names of methods in generated clients.
fn operation_id(document: &Document) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let wrong = document.operations().into_iter().filter_map(|operation| {
        let Some(id) = at(operation.content, "operationId").as_str() else {
            return Some(format!("{}: has no operationId", operation.place));
        };
        let camel = id.starts_with(|first: char| first.is_ascii_lowercase())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !id.as_bytes().windows(3).any(|three| three.iter().all(u8::is_ascii_uppercase));
        match (camel, seen.insert(id.to_owned())) {
            (false, _) => Some(format!("{}: `{id}` is not camelCase", operation.place)),
            (_, false) => Some(format!("{}: `{id}` is there twice", operation.place)),
            _ => None,
        }
    });
    wrong.collect()
}

/// Tags become modules or classes of generated clients; with two, an operation is there twice.
fn one_tag(document: &Document) -> Vec<String> {
    let declared: BTreeSet<&str> =
        list(at(&document.content, "tags")).filter_map(|tag| at(tag, "name").as_str()).collect();
    let wrong = document.operations().into_iter().filter_map(|operation| {
        let tags: Vec<&str> = list(at(operation.content, "tags")).filter_map(Value::as_str).collect();
        match tags.as_slice() {
            [tag] if declared.contains(tag) => None,
            [tag] => Some(format!("{}: the tag `{tag}` is not described", operation.place)),
            tags => Some(format!("{}: has {} tags and not one", operation.place, tags.len())),
        }
    });
    wrong.collect()
}

/// A body without a name gets one that a generator makes up.
fn named_schema(document: &Document) -> Vec<String> {
    let mut findings = Vec::new();
    for operation in document.operations() {
        let bodies = std::iter::once(at(operation.content, "requestBody"))
            .chain(operation.answers().map(|(_, it)| it));
        for (media_type, content) in bodies.flat_map(|body| object(at(body, "content"))) {
            // Lines of JSON are a file and not a value.
            let value = media_type.ends_with("json") && !media_type.ends_with("ndjson");
            if value && at(at(content, "schema"), "$ref").is_null() {
                findings
                    .push(format!("{}: a body of {media_type} has a schema without a name", operation.place));
            }
        }
    }
    findings
}

/// People read examples first, and some only those.
fn schema_example(document: &Document) -> Vec<String> {
    let without = document.schemas().filter(|(_, schema)| at(schema, "example").is_null());
    without.map(|(name, _)| format!("{name} has no example")).collect()
}

/// Every failure is told in one way (RFC 9457).
fn problem_answers(document: &Document) -> Vec<String> {
    let mut findings = Vec::new();
    for operation in document.operations() {
        let mut failures = 0;
        for (status, answer) in operation.answers() {
            if status == "default" {
                findings.push(format!("{}: `default` hides which answers there are", operation.place));
            }
            if !status.starts_with(['4', '5']) {
                continue;
            }
            failures += 1;
            let types: Vec<&String> =
                object(at(answer, "content")).map(|(media_type, _)| media_type).collect();
            if types != ["application/problem+json"] {
                findings.push(format!("{}: {status} is not application/problem+json alone", operation.place));
            }
        }
        if failures == 0 {
            findings.push(format!("{}: no failure is described", operation.place));
        }
    }
    findings
}

/// Who made something wants to know where it is. Apps make machines, which have no place of their own; and what is made in
/// bulk has no one place.
fn created_location(document: &Document) -> Vec<String> {
    if !document.is_administrative() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let bulk = |id: &Value| id.as_str().is_some_and(|id| id.starts_with("bulk"));
    for operation in document.operations().into_iter().filter(|it| !bulk(at(it.content, "operationId"))) {
        for (_, answer) in operation.answers().filter(|(status, _)| *status == "201") {
            if !object(at(answer, "headers")).any(|(name, _)| name.eq_ignore_ascii_case("location")) {
                findings.push(format!("{}: 201 has no Location", operation.place));
            }
        }
    }
    findings
}

/// Generated clients cannot read an answer that may be one of several.
fn no_union_in_answers(document: &Document) -> Vec<String> {
    let mut findings = Vec::new();
    for operation in document.operations() {
        document.visit_reachable(at(operation.content, "responses"), &mut |members| {
            for word in ["oneOf", "anyOf", "discriminator"] {
                // A member of that name, among the properties, would be an object.
                if members.get(word).is_some_and(|value| value.is_array() || word == "discriminator") {
                    findings.push(format!("{}: an answer has `{word}`", operation.place));
                }
            }
        });
    }
    findings
}

/// What is absent is left out.
fn no_null(document: &Document) -> Vec<String> {
    let mut findings = Vec::new();
    visit(&document.content, "", &mut |place, value| {
        let listed = list(at(value, "type")).any(|kind| kind == "null");
        if value.is_null() || at(value, "nullable") == true || at(value, "type") == "null" || listed {
            findings.push(format!("{place}: null"));
        }
    });
    findings
}

/// Languages hide or refuse such names.
fn no_leading_underscore(document: &Document) -> Vec<String> {
    let mut findings = Vec::new();
    visit(&document.content, "", &mut |place, value| {
        let properties = object(at(value, "properties")).map(|(name, _)| name.as_str());
        let parameter = at(value, "in").as_str().and_then(|_| at(value, "name").as_str());
        for name in properties.chain(parameter).filter(|name| name.starts_with('_')) {
            findings.push(format!("{place}: `{name}`"));
        }
    });
    findings
}

fn visit(value: &Value, place: &str, check: &mut impl FnMut(&str, &Value)) {
    check(place, value);
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                visit(value, &format!("{place}/{name}"), check);
            }
        }
        other => children(other).for_each(|item| visit(item, place, check)),
    }
}

#[cfg(test)]
mod tests;
