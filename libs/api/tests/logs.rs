//! What the log tells of requests, and what it must not tell. In a process of its own, because other tests would
//! switch events on and off under it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml allows these in test functions; here the helpers of tests use them too"
)]

#[path = "http/client.rs"]
#[expect(dead_code, reason = "one test needs a part of it")]
mod client;

use std::{
    io,
    sync::{Arc, Mutex},
};

use client::{Client, json, request};
use licensing::NewApiKey;
use poem::http::Method;
use serde_json::json;
use testkit::{Database, World};
use tracing_subscriber::fmt::format::FmtSpan;

/// Keeps what is written to the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_routes_and_requests_and_nothing_that_was_sent() {
    let world = World::new(Database::sqlite().await).await;
    let shop = world.shop("acme").await;
    let (_, key) = shop.license_with(model::PolicyRules::default()).await;
    let client = Client::new(&world, None);

    // From all threads: the database works on some of its own.
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let sent = json!({
        "key": key.reveal(), "product": "app", "fingerprint": "finger-zebra", "machine_name": "name-zebra",
        "nonce": "nonce-zebra",
    });
    let stray = json("/t/acme/v1/activate?token-zebra=query-zebra").body(sent.to_string());
    let refused = client.send(stray).await;
    assert_eq!(refused.status, 400);
    assert!(!refused.text.contains("zebra"), "{}", refused.text);
    let activate = json("/t/acme/v1/activate")
        .header("x-request-id", "request-1")
        .header("idempotency-key", "idem-zebra")
        .header("authorization", "Bearer bearer-zebra");
    let activated = client.send(activate.body(sent.to_string())).await;
    assert_eq!(activated.status, 201, "{}", activated.text);
    client.post("/t/acme/v1/validate", &sent).await;
    client.post("/t/acme/v1/activate", &json!({"key": "bad-zebra", "product": "PRODUCT-zebra"})).await;
    client.get("/t/acme/v1/path-zebra").await;
    client.get("/t/tenant-zebra/.well-known/jwks.json").await;
    client.send(request(Method::from_bytes(b"METHOD-zebra").unwrap(), "/healthz").finish()).await;
    // The old APIs have keys in query strings.
    let token =
        format!("token={}&machine=name-zebra&user=user-zebra&hwid=finger-zebra&x=%zz-zebra", key.reveal());
    assert_eq!(
        client.get(&format!("/t/acme/api/check?{}", token.replace("&x=%zz-zebra", ""))).await.status,
        201
    );
    for query in [token, "token=%ff-zebra".to_owned(), "token=a-zebra&token=b-zebra".to_owned()] {
        let answer = client.get(&format!("/t/acme/api/check?{query}")).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.text.contains("zebra"), "{}", answer.text);
        let answer =
            client.send(request(Method::PUT, &format!("/t/acme/api/activate?{query}")).finish()).await;
        assert_eq!(answer.status, 405);
    }
    shop.customer("client-zebra").await;
    let keys = format!(
        "client_key=client-zebra&license_key={}&machine_key=finger-zebra&product_key=product-zebra",
        key.reveal()
    );
    for path in ["first_check", "last_check"] {
        let answer = client.get(&format!("/t/acme/api/v1/licenses/{path}?{keys}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let wrong = request(Method::DELETE, &format!("/t/acme/api/v1/license/deactivate?{keys}"));
    assert_eq!(client.send(wrong.finish()).await.status, 403);
    // A vendor's program finds customers by their addresses.
    let new = NewApiKey {
        name: model::Name::parse("a program").unwrap(),
        scopes: model::Scopes::admin(),
        expires_at: None,
    };
    let (_, token) = world.licensing.create_api_key(&shop.tenant, &testkit::call(), new).await.unwrap();
    let credential = format!("Bearer {}", token.reveal());
    let customer =
        json!({"name": "name-zebra", "email": "mail-zebra@example.com", "metadata": {"a": "zebra"}});
    let made = json("/t/acme/v1/customers").header("authorization", &credential);
    assert_eq!(client.send(made.body(customer.to_string())).await.status, 201);
    let found = request(Method::GET, "/t/acme/v1/customers?email=mail-zebra@example.com");
    let found = client.send(found.header("authorization", &credential).finish()).await;
    assert!(found.text.contains("mail-zebra"), "{}", found.text);
    world.database.store.close().await;
    assert_eq!(client.get(&format!("/t/acme/api/v1/licenses/first_check?{keys}")).await.status, 503);
    assert_eq!(client.post("/t/acme/v1/activate", &sent).await.status, 503);

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lease = activated.json()["lease"].as_str().unwrap().to_owned();
    // A word, because digits come about in times by chance.
    for secret in ["zebra", key.reveal(), key.canonical(), &lease, token.reveal()] {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
    for told in [
        "request_id=\"request-1\"",
        "http.request.method=\"POST\"",
        "http.request.method=\"DELETE\"",
        "http.route=\"/t/{tenant}/v1/activate\" status=201",
        "http.route=\"/t/{tenant}/.well-known/jwks.json\" status=404",
        "http.route=\"/t/{tenant}/api/check\" status=201",
        "http.route=\"/t/{tenant}/api/v1/licenses/first_check\" status=200",
        "http.route=\"/t/{tenant}/api/v1/license/deactivate\" status=403",
        "_OTHER",
        "status=503",
    ] {
        assert!(text.contains(told), "{told} is not in the log:\n{text}");
    }
    assert_eq!(text.matches("ERROR").count(), 2, "a failure is logged once:\n{text}");
}
