//! The life of a license over HTTP: what apps see of it.

use licensing::{Call, StateChange};
use model::{EntitlementCode, EntitlementValue, Entitlements, Limit, PolicyRules, TenantSlug};
use poem::http::Method;
use serde_json::{Value, json};
use testkit::{Database, World};

use crate::client::{Client, json, request};

fn body(key: &str, machine: &str) -> Value {
    json!({"key": key, "product": "app", "fingerprint": machine})
}

fn rules() -> PolicyRules {
    let mut entitlements = Entitlements::default();
    entitlements.set(EntitlementCode::parse("export").unwrap(), EntitlementValue::Flag(true));
    entitlements.set(EntitlementCode::parse("layers").unwrap(), EntitlementValue::Number(64));
    entitlements.set(EntitlementCode::parse("tier").unwrap(), EntitlementValue::Text("pro".to_owned()));
    let formats = ["dwg", "step"].map(str::to_owned).into();
    entitlements.set(EntitlementCode::parse("formats").unwrap(), EntitlementValue::Set(formats));
    PolicyRules { entitlements, activation_limit: Limit::AtMost(9), ..PolicyRules::default() }
}

#[tokio::test]
async fn a_license_lives() {
    let world = World::new(Database::sqlite().await).await;
    let shop = world.shop("acme").await;
    let (license, key) = shop.license_with(rules()).await;
    let key = key.reveal();
    let client = Client::new(&world, None);

    let checked = client.post("/t/acme/v1/validate", &body(key, "m-1")).await;
    assert_eq!(checked.status, 200);
    let checked = checked.json();
    assert_eq!((&checked["valid"], &checked["code"]), (&json!(false), &json!("not_activated")));
    assert_eq!(checked["codes"], json!(["not_activated"]));
    assert_eq!(checked["checked_at"], testkit::NOW);
    assert!(checked.get("verdict").is_none() && checked.get("machine").is_none());

    let mut command = body(key, "m-1");
    command["machine_name"] = json!("studio-3");
    let activated = client.post("/t/acme/v1/activate", &command).await;
    assert_eq!(
        (activated.status, activated.header("cache-control")),
        (201, Some("no-store")),
        "{}",
        activated.text
    );
    assert_eq!(activated.header("content-type"), Some("application/json"));
    let activated = activated.json();
    let expected = json!({
        "id": license.id.to_string(),
        "product": "app",
        "policy": "standard",
        "state": "active",
        "seats": 1,
        "seats_used": 1,
        "activations_remaining": 8,
        "entitlements": {"export": true, "formats": ["dwg", "step"], "layers": 64, "tier": "pro"},
    });
    assert_eq!(activated["license"], expected);
    assert_eq!(activated["machine"]["name"], "studio-3");
    assert_eq!(activated["machine"]["activated_at"], testkit::NOW);
    assert_eq!(activated["over_seats"], false);
    assert_eq!(activated["lease_expires_at"], "2026-03-15T12:00:00Z");
    assert_eq!(activated["grace_until"], "2026-03-18T12:00:00Z");
    assert_eq!(activated["lease"].as_str().unwrap().split('.').count(), 3);

    let mut command = body(key, "m-1");
    command["entitlements"] = json!(["export", "layers"]);
    command["nonce"] = json!("12345678");
    let checked = client.post("/t/acme/v1/validate", &command).await.json();
    assert_eq!(
        (&checked["valid"], &checked["code"], &checked["codes"]),
        (&json!(true), &json!("valid"), &json!([]))
    );
    assert_eq!(checked["machine"], activated["machine"]);
    assert_eq!(checked["verdict"].as_str().unwrap().split('.').count(), 3);

    let mut command = body(key, "m-1");
    command["lease_id"] = activated["lease_id"].clone();
    let refreshed = client.post("/t/acme/v1/leases/refresh", &command).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    let refreshed = refreshed.json();
    assert_ne!(refreshed["lease_id"], activated["lease_id"]);
    assert!(refreshed.get("over_seats").is_none());

    let refused = client.post("/t/acme/v1/activate", &body(key, "m-2")).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "seats_exhausted"));
    let refused = refused.problem();
    assert_eq!(refused["codes"], json!(["seats_exhausted"]));
    assert_eq!(refused["support_message"], "call 555-555-5555 for support");
    assert_eq!(refused["instance"], "/t/acme/v1/activate");
    assert!(refused["decision_id"].is_string() && refused.get("verdict").is_none());

    let deactivated = client.post("/t/acme/v1/deactivate", &body(key, "m-1")).await;
    assert_eq!(deactivated.status, 200, "{}", deactivated.text);
    let deactivated = deactivated.json();
    assert_eq!(deactivated["machine"]["state"], "deactivated");
    assert_eq!(deactivated["machine"]["deactivated_at"], testkit::NOW);
    assert_eq!(deactivated["license"]["seats_used"], 0);

    let operator = Call::operator();
    world
        .licensing
        .change_license_state(&shop.tenant, &operator, license.id, StateChange::Suspend)
        .await
        .unwrap();
    let mut command = body(key, "m-1");
    command["nonce"] = json!("12345678");
    let refused = client.post("/t/acme/v1/leases/refresh", &command).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "suspended"));
    let refused = refused.problem();
    assert_eq!(refused["codes"], json!(["suspended", "machine_deactivated"]));
    assert_eq!(refused["verdict"].as_str().unwrap().split('.').count(), 3, "a refusal is signed too");
}

#[tokio::test]
async fn a_repeated_idempotency_key_is_given_the_same_bytes() {
    let world = World::new(Database::sqlite().await).await;
    let shop = world.shop("acme").await;
    let (_, key) = shop.license_with(PolicyRules::default()).await;
    let client = Client::new(&world, None);
    let post = async |path: &str, idempotency_key: &str, body: Value| {
        client.send(json(path).header("idempotency-key", idempotency_key).body(body.to_string())).await
    };

    let path = "/t/acme/v1/activate";
    let first = post(path, "k-1", body(key.reveal(), "m-1")).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None), "{}", first.text);
    for spelling in ["k-1", "\"k-1\""] {
        let again = post(path, spelling, body(key.reveal(), "m-1")).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
        assert_eq!(again.text, first.text);
        assert_eq!(again.header("content-type"), Some("application/json"));
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }

    // A refusal is kept in the same way, although a seat is free by now.
    let refused = post(path, "k-2", body(key.reveal(), "m-2")).await;
    assert_eq!(refused.status, 409);
    client.post("/t/acme/v1/deactivate", &body(key.reveal(), "m-1")).await;
    let again = post(path, "k-2", body(key.reveal(), "m-2")).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (409, Some("true")));
    assert_eq!(again.text, refused.text);
    assert_eq!(again.header("content-type"), Some("application/problem+json"));

    let other = post(path, "k-1", body(key.reveal(), "m-3")).await;
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
    let other = post("/t/acme/v1/deactivate", "k-1", body(key.reveal(), "m-1")).await;
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"), "another operation");
}

#[tokio::test]
async fn the_key_set_is_cached() {
    let world = World::new(Database::sqlite().await).await;
    world.shop("acme").await;
    let client = Client::new(&world, Some("acme"));
    let keys = client.get("/t/acme/.well-known/jwks.json").await;
    assert_eq!((keys.status, keys.header("content-type")), (200, Some("application/jwk-set+json")));
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
    let etag = keys.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    assert_eq!(keys.json()["keys"].as_array().unwrap().len(), 2, "the one that signs and the next");
    assert_eq!(client.get("/.well-known/jwks.json").await.text, keys.text);

    let ask = |tag: &str| {
        request(Method::GET, "/t/acme/.well-known/jwks.json").header("if-none-match", tag).finish()
    };
    let known = client.send(ask(etag)).await;
    assert_eq!((known.status, known.text.as_str(), known.header("etag")), (304, "", Some(etag)));
    assert_eq!(client.send(ask("\"other\"")).await.status, 200);

    let acme = world.licensing.tenant(&TenantSlug::parse("acme").unwrap()).await.unwrap();
    world.licensing.rotate_keys(&acme, &Call::operator()).await.unwrap();
    assert_eq!(client.send(ask(etag)).await.status, 200, "a rotation changes the tag");
}

#[tokio::test]
async fn the_root_is_the_default_tenant_or_nothing() {
    let world = World::new(Database::sqlite().await).await;
    let shop = world.shop("acme").await;
    let (_, key) = shop.license_with(PolicyRules::default()).await;
    let request = body(key.reveal(), "m-1");
    let answer = Client::new(&world, Some("acme")).post("/v1/activate", &request).await;
    assert_eq!(answer.status, 201);
    let answer = Client::new(&world, None).post("/v1/activate", &request).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "route_not_found"));
    let answer = Client::new(&world, Some("nobody")).post("/v1/activate", &request).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "tenant_not_found"));
}

#[tokio::test]
async fn identifiers_are_taken_over_and_given_back() {
    let world = World::new(Database::sqlite().await).await;
    let client = Client::new(&world, None);
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for path in ["/healthz", "/nowhere"] {
        let sent = request(Method::GET, path).header("x-request-id", "caller-1").header("traceparent", TRACE);
        let answer = client.send(sent.finish()).await;
        assert_eq!(
            (answer.header("x-request-id"), answer.header("traceparent")),
            (Some("caller-1"), Some(TRACE))
        );

        let sent = request(Method::GET, path).header("x-request-id", "a b").header("traceparent", "00-1-2-3");
        let answer = client.send(sent.finish()).await;
        assert_eq!(answer.header("x-request-id").unwrap().len(), 36, "a UUID");
        assert_eq!(answer.header("traceparent"), None);
    }
    let answer =
        client.send(request(Method::GET, "/nowhere").header("x-request-id", "caller-1").finish()).await;
    assert_eq!(answer.problem()["request_id"], "caller-1");
}

#[tokio::test]
async fn probes_tell_whether_to_send_requests() {
    let world = World::new(Database::sqlite().await).await;
    let client = Client::new(&world, None);
    assert_eq!(client.get("/healthz").await.status, 200);
    assert_eq!(client.get("/readyz").await.status, 200);
    client.readiness.set_stopping();
    let answer = client.get("/readyz").await;
    assert_eq!(
        (answer.status, answer.code().as_str(), answer.header("retry-after")),
        (503, "not_ready", Some("1"))
    );
    assert_eq!(client.get("/healthz").await.status, 200);

    let client = Client::new(&world, None);
    world.database.store.close().await;
    assert_eq!(client.get("/readyz").await.code(), "not_ready", "the database does not answer");
}

#[tokio::test]
async fn a_lost_database_is_a_503_that_tells_nothing() {
    let world = World::new(Database::sqlite().await).await;
    world.shop("acme").await;
    let client = Client::new(&world, None);
    world.database.store.close().await;
    for path in ["/t/acme/v1/activate", "/t/acme/v1/validate"] {
        let answer = client.post(path, &body("AAAA-BBBB", "m-1")).await;
        assert_eq!(
            (answer.status, answer.code().as_str(), answer.header("retry-after")),
            (503, "unavailable", Some("2"))
        );
        for word in ["pool", "sql", "SQL", "closed", "AAAA"] {
            assert!(!answer.text.contains(word), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn every_problem_has_a_page() {
    let world = World::new(Database::sqlite().await).await;
    let client = Client::new(&world, None);
    let index = client.get("/problems").await;
    assert_eq!((index.status, index.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let links: Vec<&str> =
        index.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() >= 30, "{links:?}");
    for link in links {
        assert_eq!(client.get(link).await.status, 200, "{link}");
    }
    let kind = client.get("/nowhere").await.problem()["type"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&kind).await.status, 200);
}
