//! Settings in the management API.

use serde_json::json;
use testkit::{World, on_both};

use crate::{client::Client, vendor::Vendor};

on_both! {
    async fn settings_are_shown_and_changed(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "settings:read settings:write").await;
        let stranger = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let mut raw = world.database.raw().await;
        let others = raw.dump_tenant(other.tenant.id).await;
        let shown = vendor.get("/v1/settings").await;
        assert_eq!((shown.status, shown.header("etag")), (200, Some("\"1\"")), "{}", shown.text);
        let shown = shown.json();
        assert_eq!(
            (&shown["slug"], &shown["issuer"], &shown["state"], &shown["checks_are_events"]),
            (&json!("acme"), &json!(shop.tenant.issuer.as_str()), &json!("active"), &json!(false))
        );
        let change = json!({"name": "Acme 2", "checks_are_events": true});
        let changed = vendor.send("PATCH", "/v1/settings", &[("if-match", "\"1\"")], Some(&change)).await;
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")), "{}", changed.text);
        assert_eq!(changed.json()["name"], "Acme 2");
        assert_eq!(vendor.get("/v1/settings").await.json(), changed.json());
        let stale = vendor.send("PATCH", "/v1/settings", &[("if-match", "\"1\"")], Some(&change)).await;
        assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
        for fixed in ["slug", "issuer", "state", "revision", "created_at"] {
            assert_eq!(vendor.patch("/v1/settings", &json!({fixed: "x"})).await.pointers(), [format!("/{fixed}")]);
        }
        assert_eq!(vendor.patch("/v1/settings", &json!({"checks_are_events": 1})).await.pointers(), ["/checks_are_events"]);
        for method in ["GET", "PATCH"] {
            let body = (method == "PATCH").then_some(&change);
            assert_eq!(stranger.at("acme").send(method, "/v1/settings", &[], body).await.status, 401);
        }
        assert_eq!(raw.dump_tenant(other.tenant.id).await, others, "another tenant's stay");
        assert_eq!(stranger.get("/v1/settings").await.json()["name"], json!(other.tenant.name.as_str()));
    }

    async fn checks_become_events_with_the_next_request(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(model::PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "settings:write").await;
        let mut raw = world.database.raw().await;
        let check = json!({"key": key.reveal(), "product": "app"});
        for (asked, expected) in [(None, 0), (Some(true), 1), (Some(false), 1)] {
            if let Some(asked) = asked {
                vendor.patch("/v1/settings", &json!({"checks_are_events": asked})).await;
            }
            assert_eq!(client.post("/t/acme/v1/validate", &check).await.status, 200);
            world.licensing.flush_checks().await.unwrap();
            let events = raw.texts("SELECT action FROM events WHERE action = 'license.check'").await;
            assert_eq!(events.len(), expected, "{asked:?}");
        }
    }
}
