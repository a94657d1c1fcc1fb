//! Usage figures in the management API.

use model::{LicenseKey, PolicyRules};
use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{client::Client, vendor::Vendor};

on_both! {
    async fn figures_are_those_of_the_tenant_day_by_day(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let (_, key) = shop.license_with(PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let body = |key: &LicenseKey, machine: &str| json!({"key": key.reveal(), "product": "app", "fingerprint": machine});
        let unknown = LicenseKey::parse("no-such-key").unwrap();
        for (path, key, machine, status) in [
            ("activate", &key, "m-1", 201),
            ("activate", &key, "m-1", 201),
            ("activate", &key, "m-2", 409),
            ("activate", &unknown, "m-1", 404),
            ("validate", &key, "m-1", 200),
            ("validate", &key, "m-2", 200),
            ("validate", &unknown, "m-2", 200),
            ("leases/refresh", &key, "m-1", 200),
            ("leases/refresh", &key, "m-2", 403),
            ("deactivate", &unknown, "m-1", 404),
        ] {
            let answer = client.post(&format!("/t/acme/v1/{path}"), &body(key, machine)).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
        }
        let vendor = Vendor::new(&client, &world, &shop.tenant, "usage:read").await;
        assert_eq!(vendor.get("/v1/usage").await.json()["days"][29]["checks"], 0, "not written yet");
        world.licensing.flush_checks().await.unwrap();
        world.licensing.sweep().await.unwrap();
        world.clock.advance(86_400);
        client.post("/t/acme/v1/deactivate", &body(&key, "m-1")).await;
        client.post("/t/acme/v1/validate", &body(&key, "m-1")).await;
        world.licensing.flush_checks().await.unwrap();

        let answer = vendor.get("/v1/usage?from=2026-02-28&to=2026-03-02").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let nothing = json!({"checks": 0, "valid_checks": 0, "activation_attempts": 0, "activations": 0, "refusals": {}});
        let on = |day: &str, figures: Value| {
            let mut figures = figures;
            figures["day"] = json!(day);
            figures
        };
        assert_eq!(
            answer.json(),
            json!({
                "active_machines": 0,
                "days": [
                    on("2026-02-28", nothing.clone()),
                    on("2026-03-01", json!({
                        "checks": 3, "valid_checks": 1, "activation_attempts": 4, "activations": 2,
                        "refusals": {"not_found": 3, "seats_exhausted": 1, "machine_mismatch": 2},
                        "active_machines": 1,
                    })),
                    on("2026-03-02", json!({
                        "checks": 1, "valid_checks": 0, "activation_attempts": 0, "activations": 0,
                        "refusals": {"machine_deactivated": 1},
                    })),
                ],
            })
        );
        let usual = vendor.get("/v1/usage").await.json();
        let days = usual["days"].as_array().unwrap();
        assert_eq!((days.len(), &days[0]["day"], &days[29]["day"]), (30, &json!("2026-02-01"), &json!("2026-03-02")));
        let stranger = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let strange = stranger.get("/v1/usage?from=2026-03-01&to=2026-03-01").await.json();
        assert_eq!(strange["days"], json!([on("2026-03-01", json!({
            "checks": 0, "valid_checks": 0, "activation_attempts": 0, "activations": 0, "refusals": {}, "active_machines": 0,
        }))]));
        assert_eq!(stranger.at("acme").get("/v1/usage").await.code(), "unauthorized");
        let unscoped = Vendor::new(&client, &world, &shop.tenant, "events:read licenses:read").await;
        assert_eq!(unscoped.get("/v1/usage").await.code(), "insufficient_scope");
        for (query, status) in [
            ("from=2025-03-02&to=2026-03-02", 200),
            ("from=2025-03-01&to=2026-03-02", 400),
            ("from=2026-03-02&to=2026-03-01", 400),
            ("from=2026-03-01T00:00:00Z", 400),
            ("from=2026-3-1", 400),
            ("to=9999-12-31", 200),
            ("to=1970-01-01", 200),
            ("day=2026-03-01", 400),
        ] {
            assert_eq!(vendor.get(&format!("/v1/usage?{query}")).await.status, status, "{query}");
        }
    }
}
