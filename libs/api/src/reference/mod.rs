//! A browsable reference of the APIs: pages made from the published documents, without any script.

mod operation;
mod page;
mod schema;
mod text;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use poem::{
    EndpointExt as _, Response,
    endpoint::{BoxEndpoint, make_sync},
    http::{HeaderValue, header},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Where the list of documents is, below the base of a tenant and that of the operators.
const INDEX: &str = "/reference";

/// The only style of the pages; a page with another does not get it past its policy.
const STYLE: &str = include_str!("style.css");

/// One document, to be shown.
struct Document {
    /// The name of its file, without the extension.
    name: String,
    content: Value,
}

impl Document {
    fn title(&self) -> &str {
        text::of(text::at(&self.content, "info"), "title")
    }

    /// What `#/…` refers to; null when that is nothing.
    fn target(&self, reference: &str) -> &Value {
        reference.strip_prefix('#').and_then(|pointer| self.content.pointer(pointer)).unwrap_or(&Value::Null)
    }

    /// The schema itself, where one refers to another.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        text::at(schema, "$ref").as_str().map_or(schema, |reference| self.target(reference))
    }
}

/// All pages, with their paths below the base that the documents are for. `documents` are texts by the names of their files.
pub(crate) fn all<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<(String, BoxEndpoint<'static, Response>)> {
    let documents: Vec<Document> = documents
        .into_iter()
        .filter_map(|(file, text)| {
            let name = file.strip_suffix(".json")?.to_owned();
            Some(Document { name, content: serde_json::from_str(text).ok()? })
        })
        .collect();
    let pages = documents.iter().map(|document| {
        (format!("{INDEX}/{}", document.name), serve(page::document(document, &documents).into_string()))
    });
    let index = (INDEX.to_owned(), serve(page::index(&documents).into_string()));
    std::iter::once(index).chain(pages).collect()
}

fn serve(html: String) -> BoxEndpoint<'static, Response> {
    let policy = policy();
    make_sync(move |_| {
        let mut response = Response::builder()
            .header(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))
            .header(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))
            .body(html.clone());
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    })
    .boxed()
}

/// Nothing may be loaded, sent or run; of styles only ours counts (CSP Level 3, section 2.3.1).
fn policy() -> String {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
