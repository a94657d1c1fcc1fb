//! One operation: what it wants, what it answers, and a request to try.

use maud::{Markup, html};
use serde_json::Value;

use super::{Document, schema, text};

/// One operation of a document.
pub(super) struct Operation<'a> {
    pub(super) method: String,
    pub(super) path: &'a str,
    content: &'a Value,
}

/// All operations of a tag, by path.
pub(super) fn of_tag<'a>(document: &'a Document, tag: &str) -> Vec<Operation<'a>> {
    let has_tag =
        |operation: &Operation<'_>| operation.content.pointer("/tags/0").is_some_and(|first| first == tag);
    all(document).filter(has_tag).collect()
}

/// All operations of a document.
pub(super) fn all(document: &Document) -> impl Iterator<Item = Operation<'_>> {
    let paths = text::at(&document.content, "paths").as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods
            .filter(|(_, content)| text::at(content, "operationId").is_string())
            .map(move |(method, content)| Operation { method: method.to_ascii_uppercase(), path, content })
    })
}

impl Operation<'_> {
    pub(super) fn id(&self) -> &str {
        text::of(self.content, "operationId")
    }

    pub(super) fn summary(&self) -> &str {
        text::of(self.content, "summary")
    }

    /// The whole section.
    pub(super) fn section(&self, document: &Document) -> Markup {
        let parameters: Vec<&Value> = text::at(self.content, "parameters")
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| document.resolve(it))
            .collect();
        html! {
            section .operation id=(self.id()) {
                h3 { (self.summary()) }
                p .route { span .method.{ (self.method) } { (self.method) } " " code { (self.path) } }
                (text::paragraphs(text::of(self.content, "description")))
                p .meta { code { (self.id()) } " · " (self.credential()) }
                @if !parameters.is_empty() { (parameter_table(&parameters)) }
                @for (media_type, content) in self.bodies() {
                    p { "Body: " (schema::kind(text::at(content, "schema"))) " as " code { (media_type) } }
                }
                (self.answers(document))
                details { summary { "Example request" } pre { code { (self.curl(document, &parameters)) } } }
            }
        }
    }

    /// Which credential it wants, and with which scopes.
    fn credential(&self) -> Markup {
        let choices = text::at(self.content, "security").as_array().into_iter().flatten();
        let named: Vec<String> = choices
            .filter_map(Value::as_object)
            .flatten()
            .map(|(name, scopes)| {
                let scopes: Vec<&str> =
                    scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                if scopes.is_empty() { name.clone() } else { format!("{name} ({})", scopes.join(", ")) }
            })
            .collect();
        html! { @if named.is_empty() { "no credential in a header" } @else { "credential: " (named.join(" or ")) } }
    }

    fn bodies(&self) -> impl Iterator<Item = (&String, &Value)> {
        text::at(text::at(self.content, "requestBody"), "content").as_object().into_iter().flatten()
    }

    fn answers(&self, document: &Document) -> Markup {
        html! {
            table {
                thead { tr { th { "Status" } th { "Body" } th { "Description" } } }
                tbody {
                    @for (status, answer) in text::at(self.content, "responses").as_object().into_iter().flatten() {
                        @let answer = document.resolve(answer);
                        tr {
                            td { code { (status) } }
                            td {
                                @for (media_type, content) in text::at(answer, "content").as_object().into_iter().flatten() {
                                    (schema::kind(text::at(content, "schema"))) " " span .limits { (media_type) } br;
                                }
                            }
                            td { (text::line(text::of(answer, "description"))) (headers(answer)) }
                        }
                    }
                }
            }
        }
    }

    /// The request as a command line, with the examples of the document.
    fn curl(&self, document: &Document, parameters: &[&Value]) -> String {
        let mut path = self.path.to_owned();
        for parameter in parameters.iter().filter(|parameter| text::at(parameter, "in") == "path") {
            let name = text::of(parameter, "name");
            if let Some(example) = example(document, parameter) {
                let word = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                path = path.replace(&format!("{{{name}}}"), &word);
            }
        }
        let mut command = format!("curl -X {} \"$BASE\"{}", self.method, text::quoted(&path));
        if text::at(self.content, "security").as_array().is_some_and(|choices| !choices.is_empty()) {
            command += " \\\n  -H \"Authorization: Bearer $TOKEN\"";
        }
        if let Some((media_type, content)) = self.bodies().next() {
            command += &format!(" \\\n  -H {}", text::quoted(&format!("Content-Type: {media_type}")));
            if let Some(body) = example(document, content) {
                command += &format!(" \\\n  -d {}", text::quoted(&format!("{body:#}")));
            }
        }
        command
    }
}

/// The example of a parameter or of a media type, or of its schema.
fn example<'a>(document: &'a Document, described: &'a Value) -> Option<&'a Value> {
    described.get("example").or_else(|| document.resolve(text::at(described, "schema")).get("example"))
}

fn parameter_table(parameters: &[&Value]) -> Markup {
    html! {
        table {
            thead { tr { th { "Parameter" } th { "Type" } th { "Description" } } }
            tbody {
                @for parameter in parameters {
                    @let place = format!("In the {}. ", text::of(parameter, "in"));
                    @let description = place + text::of(parameter, "description");
                    (schema::row(
                        text::of(parameter, "name"),
                        text::at(parameter, "required") == true,
                        text::at(parameter, "schema"),
                        &description,
                    ))
                }
            }
        }
    }
}

fn headers(answer: &Value) -> Markup {
    let names: Vec<&str> = text::at(answer, "headers")
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    html! { @if !names.is_empty() { br; span .limits { "headers: " (names.join(", ")) } } }
}
