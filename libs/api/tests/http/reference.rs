//! The browsable reference: complete, closed to the outside, and without a dead link.

use std::collections::BTreeSet;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use testkit::{Database, World};

use crate::{
    client::{Answer, Client},
    platform,
};

/// What stands between `before` and `after`, wherever it does.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let ends = |part: &'a str| part.split_once(after).expect("it ends").0;
    text.split(before).skip(1).map(ends).collect()
}

fn links(page: &str) -> Vec<&str> {
    between(page, "href=\"", "\"")
}

/// Nothing on the page comes from elsewhere, and its policy would not let it.
fn is_closed(answer: &Answer) {
    let page = &answer.text;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let [style] = between(page, "<style>", "</style>")[..] else { panic!("not one style") };
    let hash = BASE64_STANDARD.encode(Sha256::digest(style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert_eq!(answer.header("content-security-policy"), Some(policy.as_str()));
    for tag in between(page, "<", ">") {
        let name = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap_or_default();
        let loads =
            ["script", "link", "img", "iframe", "object", "embed", "form", "base", "svg"].contains(&name);
        assert!(!loads, "{tag}");
        assert!(!tag.contains(" style=") && !tag.contains(" src=") && !tag.contains(" on"), "{tag}");
    }
    assert!(!style.contains("url(") && !style.contains("@import"));
    for link in links(page) {
        assert!(!link.contains(':') && !link.starts_with('/'), "{link} leads to another host or tenant");
    }
}

#[tokio::test]
async fn every_page_is_closed_and_every_link_leads_somewhere() {
    let world = World::new(Database::sqlite().await).await;
    world.shop("acme").await;
    let client = Client::new(&world, Some("acme"));
    for base in ["/t/acme", ""] {
        let names = pages_are_good(&client, base).await;
        for name in ["client", "management"] {
            assert!(names.iter().any(|found| found == name), "{base}: {names:?}");
        }
    }
    let operator = Client::with(&world, platform::settings());
    assert_eq!(pages_are_good(&operator, "/platform").await, ["platform"]);
    assert_eq!(client.get("/platform/reference").await.status, 404);
}

/// Follows all links below the list of documents, and gives their names.
async fn pages_are_good(client: &Client, base: &str) -> Vec<String> {
    let index = client.get(&format!("{base}/reference")).await;
    is_closed(&index);
    let names = between(&index.text, "href=\"reference/", "\"");
    for name in &names {
        let page = client.get(&format!("{base}/reference/{name}")).await;
        is_closed(&page);
        let anchors: BTreeSet<&str> = between(&page.text, " id=\"", "\"").into_iter().collect();
        assert_eq!(anchors.len(), page.text.matches(" id=\"").count(), "{name}: an anchor is there twice");
        for link in links(&page.text) {
            if let Some(anchor) = link.strip_prefix('#') {
                assert!(anchors.contains(anchor), "{name}: {link}");
                continue;
            }
            let path = match link.strip_prefix("../") {
                Some(above) => format!("{base}/{above}"),
                None => format!("{base}/reference/{link}"),
            };
            assert_eq!(client.get(&path).await.status, 200, "{name}: {link}");
        }
    }
    names.into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn every_operation_and_every_schema_is_shown() {
    let world = World::new(Database::sqlite().await).await;
    world.shop("acme").await;
    let client = Client::new(&world, None);
    let index = client.get("/t/acme/reference").await;
    for name in between(&index.text, "href=\"reference/", "\"") {
        let page = client.get(&format!("/t/acme/reference/{name}")).await.text;
        let document = client.get(&format!("/t/acme/openapi/{name}.json")).await.text;
        let document: Value = serde_json::from_str(&document).unwrap();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{name}: {id}");
            }
        }
        for schema in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id=\"schema-{schema}\"")), "{name}: {schema}");
        }
    }
    assert_eq!(client.get("/t/nobody/reference").await.status, 404);
}
