//! An OpenAPI document, as far as the rules look into it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

/// A document and the name of its file.
pub(super) struct Document {
    /// The name of its file, such as `client.json`.
    pub(super) name: String,
    /// Its content.
    pub(super) content: Value,
}

/// One operation of a document.
pub(super) struct Operation<'a> {
    /// `POST /v1/activate`.
    pub(super) place: String,
    /// Its content.
    pub(super) content: &'a Value,
}

impl Document {
    /// Reads a document.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let name = path.file_name().context("a document has no name")?.to_string_lossy().into_owned();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let content = serde_json::from_str(&text).with_context(|| format!("{name} is not JSON"))?;
        Ok(Self { name, content })
    }

    /// Whether it is of our own make; the others describe APIs of older systems as they are.
    pub(super) fn is_ours(&self) -> bool {
        !matches!(self.name.as_str(), "mini-key-server.json" | "framecad.json")
    }

    /// Whether its operations are called with a credential in a header.
    pub(super) fn is_administrative(&self) -> bool {
        matches!(self.name.as_str(), "management.json" | "platform.json")
    }

    /// All operations.
    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];
        let items = object(at(&self.content, "paths"));
        items
            .flat_map(|(path, item)| {
                object(item).filter(|(method, _)| METHODS.contains(&method.as_str())).map(
                    move |(method, content)| Operation {
                        place: format!("{} {path}", method.to_ascii_uppercase()),
                        content,
                    },
                )
            })
            .collect()
    }

    /// The schemas that have a name.
    pub(super) fn schemas(&self) -> impl Iterator<Item = (&String, &Value)> {
        object(self.content.pointer("/components/schemas").unwrap_or(&Value::Null))
    }

    /// Calls `visit` with every object of `value` and, once each, of all that it refers to.
    pub(super) fn visit_reachable<'a>(
        &'a self,
        value: &'a Value,
        visit: &mut impl FnMut(&'a Map<String, Value>),
    ) {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            if let Value::Object(members) = value {
                visit(members);
            }
            let reference = value.get("$ref").and_then(Value::as_str);
            if let Some(reference) = reference.filter(|reference| seen.insert(*reference)) {
                waiting.extend(reference.strip_prefix('#').and_then(|pointer| self.content.pointer(pointer)));
            }
            waiting.extend(children(value));
        }
    }
}

impl Operation<'_> {
    /// Its answers by status.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&String, &Value)> {
        object(at(self.content, "responses"))
    }
}

/// A member; null when it is not there.
pub(super) fn at<'a>(value: &'a Value, member: &str) -> &'a Value {
    value.get(member).unwrap_or(&Value::Null)
}

/// The members of an object; none of anything else.
pub(super) fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The items of a list; none of anything else.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What is directly in an object or a list.
pub(super) fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(members) => Box::new(members.values()),
        Value::Array(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    }
}
