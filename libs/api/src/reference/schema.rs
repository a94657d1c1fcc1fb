//! Schemas: what a value may be, in words and in tables.

use maud::{Markup, html};
use serde_json::Value;

use super::{Document, text};

/// All schemas of a document, each in a section that references lead to.
pub(super) fn all(document: &Document) -> Markup {
    let schemas = document.content.pointer("/components/schemas").and_then(Value::as_object);
    html! {
        @for (name, schema) in schemas.into_iter().flatten() {
            section .schema id=(anchor(name)) {
                h3 { (name) }
                (text::paragraphs(text::of(schema, "description")))
                @if text::at(schema, "properties").is_object() { (members(schema)) }
                @if let Some(example) = schema.get("example") {
                    details { summary { "Example" } (text::json(example)) }
                }
            }
        }
    }
}

/// The members of an object, as a table.
fn members(schema: &Value) -> Markup {
    let required = |name: &str| {
        text::at(schema, "required")
            .as_array()
            .is_some_and(|names| names.iter().any(|required| required == name))
    };
    html! {
        table {
            thead { tr { th { "Member" } th { "Type" } th { "Description" } } }
            tbody {
                @for (name, member) in text::at(schema, "properties").as_object().into_iter().flatten() {
                    (row(name, required(name), member, text::of(member, "description")))
                }
            }
        }
    }
}

/// One row of a table of members or parameters.
pub(super) fn row(name: &str, required: bool, schema: &Value, description: &str) -> Markup {
    html! {
        tr {
            td { code { (name) } @if required { " " span .required { "required" } } }
            td { (kind(schema)) }
            td {
                (text::line(description))
                @let limits = limits(schema);
                @if !limits.is_empty() { " " span .limits { (limits) } }
            }
        }
    }
}

/// What kind of value it is, with a link to a schema that has a name.
pub(super) fn kind(schema: &Value) -> Markup {
    if let Some(reference) = text::at(schema, "$ref").as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return html! { a href={ "#" (anchor(name)) } { (name) } };
    }
    if let Some(parts) = ["allOf", "oneOf", "anyOf"].iter().find_map(|name| text::at(schema, name).as_array())
    {
        return html! {
            @for (number, part) in parts.iter().enumerate() { @if number > 0 { " or " } (kind(part)) }
        };
    }
    let nullable = text::at(schema, "nullable") == true;
    html! {
        @match text::of(schema, "type") {
            "array" => { "list of " (kind(text::at(schema, "items"))) }
            "object" if text::at(schema, "additionalProperties").is_object() => {
                "object of " (kind(text::at(schema, "additionalProperties")))
            }
            "" => { "any" }
            name => { (name) @if let Some(format) = text::at(schema, "format").as_str() { " (" (format) ")" } }
        }
        @if nullable { " or null" }
    }
}

/// What the schema demands beyond its kind, as one phrase.
fn limits(schema: &Value) -> String {
    let range = |low: &str, high: &str, what: &str| match (
        text::at(schema, low).as_u64(),
        text::at(schema, high).as_u64(),
    ) {
        (Some(low), Some(high)) => Some(format!("{low} to {high} {what}")),
        (Some(low), None) => Some(format!("at least {low} {what}")),
        (None, Some(high)) => Some(format!("at most {high} {what}")),
        (None, None) => None,
    };
    let values = text::at(schema, "enum").as_array().map(|values| {
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        format!("one of {}", values.join(", "))
    });
    let phrases = [
        range("minLength", "maxLength", "characters"),
        range("minItems", "maxItems", "items"),
        range("minProperties", "maxProperties", "members"),
        range("minimum", "maximum", "").map(|phrase| phrase.trim_end().to_owned()),
        text::at(schema, "pattern").as_str().map(|pattern| format!("pattern {pattern}")),
        values,
        schema.get("default").map(|value| format!("default {value}")),
    ];
    let phrases: Vec<String> = phrases.into_iter().flatten().collect();
    if phrases.is_empty() { String::new() } else { format!("({})", phrases.join("; ")) }
}

fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_and_limits_are_told() {
        let kind = |schema: Value| kind(&schema).into_string();
        assert_eq!(kind(json!({"$ref": "#/components/schemas/A"})), "<a href=\"#schema-A\">A</a>");
        assert_eq!(kind(json!({"type": "array", "items": {"type": "string"}})), "list of string");
        assert_eq!(
            kind(json!({"type": "string", "format": "uuid", "nullable": true})),
            "string (uuid) or null"
        );
        assert_eq!(limits(&json!({"minimum": 0, "maximum": 9, "default": 3})), "(0 to 9; default 3)");
        assert_eq!(limits(&json!({"maxLength": 9, "enum": ["a"]})), "(at most 9 characters; one of \"a\")");
        assert_eq!(limits(&json!({})), "");
    }
}
