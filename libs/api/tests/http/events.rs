//! The audit log in the management API.

use licensing::{Call, StateChange};
use model::PolicyRules;
use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{client::Client, vendor::Vendor};

/// The types of the events that a query gives, over all pieces.
async fn types(vendor: &Vendor<'_>, query: &str) -> Vec<String> {
    let mut types = Vec::new();
    let mut cursor = String::new();
    loop {
        let piece = vendor.get(&format!("/v1/events?limit=2&{query}{cursor}")).await;
        assert_eq!(piece.status, 200, "{query}: {}", piece.text);
        let piece = piece.json();
        let items = piece["items"].as_array().unwrap();
        types.extend(items.iter().map(|item| item["type"].as_str().unwrap().to_owned()));
        match piece.get("next_cursor") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => return types,
        }
    }
}

on_both! {
    async fn the_log_is_read_and_searched(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let stranger = world.shop("other").await;
        let (license, key) = shop.license_with(PolicyRules::default()).await;
        world.clock.advance(10);
        let machine = shop.activate(&key, 1).await.unwrap().machine.id;
        shop.activate(&key, 2).await.unwrap_err();
        world.clock.advance(10);
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "events:read machines:write").await;
        let path = format!("/v1/machines/{machine}/deactivate");
        let ended = vendor.send("POST", &path, &[("x-request-id", "r-1")], None).await;
        assert_eq!(ended.status, 200);
        world.clock.advance(10);
        let operator = Call::operator();
        world.licensing.change_license_state(&shop.tenant, &operator, license.id, StateChange::Suspend).await.unwrap();

        let about = format!("license={}", license.id);
        let expected = ["license.suspend", "machine.deactivate", "machine.activate", "machine.activate", "license.create"];
        assert_eq!(types(&vendor, &about).await, expected, "newest first");
        let oldest_first: Vec<_> = expected.iter().rev().copied().collect();
        assert_eq!(types(&vendor, &format!("{about}&sort=at")).await, oldest_first);
        let key_id = vendor.key.id;
        for (query, expected) in [
            ("type=machine.activate".to_owned(), vec!["machine.activate"; 2]),
            (format!("subject_kind=machine&subject={machine}"), vec!["machine.deactivate", "machine.activate"]),
            (format!("subject_kind=license&{about}"), vec!["license.suspend", "machine.activate", "license.create"]),
            ("subject_kind=policy".to_owned(), vec!["policy.create"]),
            ("actor=api_key".to_owned(), vec!["machine.deactivate"]),
            (format!("actor_id={key_id}"), vec!["machine.deactivate"]),
            (format!("actor_id={key_id}&type=machine.activate"), vec![]),
            (format!("actor=operator&{about}"), vec!["license.suspend", "license.create"]),
            ("since=2026-03-01T12:00:20Z&until=2026-03-01T12:00:30Z&actor=api_key".to_owned(), vec!["machine.deactivate"]),
            ("since=2026-03-01T12:00:30Z".to_owned(), vec!["license.suspend"]),
            ("since=2026-03-01T13:00:30%2B01:00".to_owned(), vec!["license.suspend"]),
            (format!("until=2026-03-01T12:00:10Z&{about}"), vec!["license.create"]),
            ("since=2026-03-01T12:00:30.000001Z".to_owned(), vec![]),
        ] {
            assert_eq!(types(&vendor, &query).await, expected, "{query}");
        }
        for bad in [
            "type=license.explode", "subject_kind=planet", "subject=x", "license=1", "actor=me", "actor_id=1",
            "since=yesterday", "until=2026-03-01", "sort=created_at", "kind=x", "type=a&type=a",
        ] {
            assert_eq!(vendor.get(&format!("/v1/events?{bad}")).await.code(), "bad_parameter", "{bad}");
        }
        let alone = vendor.get(&format!("/v1/events?subject={machine}")).await;
        assert_eq!(alone.code(), "bad_parameter", "an identifier without its kind");

        let strange = Vendor::new(&client, &world, &stranger.tenant, "admin").await;
        assert_eq!(types(&strange, &about).await, [""; 0]);
        let seen = vendor.get("/v1/events?limit=1").await.json();
        let id = seen["items"][0]["id"].as_str().unwrap();
        assert_eq!(strange.get(&format!("/v1/events/{id}")).await.code(), "resource_not_found");
        assert_eq!(strange.at("acme").get("/v1/events").await.code(), "unauthorized");
        let unscoped = Vendor::new(&client, &world, &shop.tenant, "licenses:read usage:read").await;
        for path in ["/v1/events", &format!("/v1/events/{id}")] {
            assert_eq!(unscoped.get(path).await.code(), "insufficient_scope");
        }
    }

    async fn an_event_tells_who_what_and_what_came_of_it(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (license, key) = shop.license_with(PolicyRules::default()).await;
        let machine = shop.activate(&key, 1).await.unwrap().machine.id;
        shop.activate(&model::LicenseKey::parse("no-such-key").unwrap(), 2).await.unwrap_err();
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "events:read machines:write").await;
        let path = format!("/v1/machines/{machine}");
        vendor.send("PATCH", &path, &[("x-request-id", "r-1")], Some(&json!({"name": "Studio"}))).await;

        let first = async |query: &str| {
            let answer = vendor.get(&format!("/v1/events?{query}")).await;
            let event = answer.json()["items"][0].clone();
            let shown = vendor.get(&format!("/v1/events/{}", event["id"].as_str().unwrap())).await;
            assert_eq!((shown.status, shown.json()), (200, event.clone()));
            event
        };
        let renamed = first("type=machine.update").await;
        assert_eq!(
            renamed,
            json!({
                "id": renamed["id"], "at": testkit::NOW, "type": "machine.update",
                "actor": {"kind": "api_key", "id": vendor.key.id.to_string()},
                "subject": {"kind": "machine", "id": machine.to_string()}, "license": license.id.to_string(),
                "outcome": "done", "request_id": "r-1",
                "details": {"before": {"name": ""}, "after": {"name": "Studio"}},
            })
        );
        let refused = first("type=machine.activate").await;
        assert_eq!(
            refused,
            json!({
                "id": refused["id"], "at": testkit::NOW, "type": "machine.activate", "actor": {"kind": "app"},
                "outcome": "refused", "refused_for": "not_found", "address": "192.0.2.1", "request_id": "test",
                "details": {"codes": ["not_found"], "product": "app"},
            })
        );
        let prepared = first("subject_kind=key&type=key.create").await;
        assert_eq!(prepared["subject"]["id"].as_str().unwrap().len(), 43);
        let kid = prepared["subject"]["id"].as_str().unwrap();
        assert_eq!(first(&format!("subject_kind=key&subject={kid}")).await, prepared);
    }

    async fn nothing_is_null_however_deep(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let mut raw = world.database.raw().await;
        let details = r#"{"a": null, "before": {"b": null, "c": [1, null]}, "after": {}}"#;
        raw.execute(&format!("UPDATE events SET details = '{details}'")).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "events:read").await;
        // The client refuses answers that have a null somewhere.
        let answer = vendor.get("/v1/events?type=tenant.create").await;
        let items = answer.json()["items"].as_array().unwrap().clone();
        let details: Vec<&Value> = items.iter().map(|item| &item["details"]).collect();
        assert_eq!(details, [&json!({"before": {"c": [1]}, "after": {}})]);
    }
}
