//! Whole pages: the list of documents, and one document.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::{Document, STYLE, operation, schema, text};

/// The list of documents.
pub(super) fn index(documents: &[Document]) -> Markup {
    let body = html! {
        main .index {
            h1 { "API reference" }
            p { "Choose a document. Each is also there as OpenAPI 3.0, to make a client from." }
            @for document in documents {
                a .card href={ "reference/" (document.name) } {
                    h2 { (document.title()) }
                    (text::paragraphs(first_paragraph(document)))
                    p .limits { (operation::all(document).count()) " operations" }
                }
            }
        }
    };
    page("API reference", &body)
}

/// One document, with a way to the others.
pub(super) fn document(document: &Document, documents: &[Document]) -> Markup {
    let info = text::at(&document.content, "info");
    let body = html! {
        nav .documents aria-label="Documents" {
            a href="../reference" { "API reference" }
            @for other in documents {
                a href=(other.name) aria-current=[(other.name == document.name).then_some("page")] {
                    (other.title())
                }
            }
        }
        div .columns {
            nav .operations aria-label="Operations" { (contents(document)) }
            main {
                h1 { (document.title()) }
                p .meta {
                    "Version " (text::of(info, "version")) " · "
                    a href={ "../openapi/" (document.name) ".json" } { "OpenAPI document" }
                }
                (text::paragraphs(text::of(info, "description")))
                p {
                    "In the examples, " code { "$BASE" } " is the base URL, the address of this page up to "
                    code { "/reference" } ", and " code { "$TOKEN" } " is the credential."
                }
                @for tag in tags(document) {
                    h2 id={ "tag-" (text::of(tag, "name")) } { (text::of(tag, "name")) }
                    (text::paragraphs(text::of(tag, "description")))
                    @for operation in operation::of_tag(document, text::of(tag, "name")) {
                        (operation.section(document))
                    }
                }
                h2 id="schemas" { "Schemas" }
                (schema::all(document))
            }
        }
    };
    page(document.title(), &body)
}

fn contents(document: &Document) -> Markup {
    html! {
        @for tag in tags(document) {
            h2 { (text::of(tag, "name")) }
            ul {
                @for operation in operation::of_tag(document, text::of(tag, "name")) {
                    li {
                        a href={ "#" (operation.id()) } title=(operation.path) {
                            span .method.{ (operation.method) } { (operation.method) } " " (operation.summary())
                        }
                    }
                }
            }
        }
        h2 { a href="#schemas" { "Schemas" } }
    }
}

fn tags(document: &Document) -> impl Iterator<Item = &Value> {
    text::at(&document.content, "tags").as_array().into_iter().flatten()
}

fn first_paragraph(document: &Document) -> &str {
    text::of(text::at(&document.content, "info"), "description").split("\n\n").next().unwrap_or_default()
}

fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Leasehold" }
                // Not escaped, so that it is what the page's policy has the hash of.
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}
