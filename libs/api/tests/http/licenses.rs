//! Licenses in the management API: making, finding and showing them.

use model::{Limit, PolicyRules};
use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{client::Client, vendor::Vendor};

fn rules() -> PolicyRules {
    PolicyRules { activation_limit: Limit::AtMost(10), trial: true, ..PolicyRules::default() }
}

on_both! {
    async fn a_license_is_made_shown_and_found(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", rules()).await;
        let customer = shop.customer("CLIENT-1").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:read licenses:write").await;

        let sent = json!({
            "policy": "standard", "customer": customer.id.to_string(), "seats": -1,
            "entitlements": {"layers": {"value": 64}, "beta": {"value": true, "expires_at": "2026-03-01T12:00:00Z"}},
            "expires_at": "2027-03-01T12:00:00Z", "memo": "paid\nlate", "metadata": {"Order ID": " 1.0 "},
        });
        let made = vendor.post("/v1/licenses", &sent).await;
        assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")), "{}", made.text);
        let (body, license) = (made.json(), made.json()["license"].clone());
        let id = license["id"].as_str().unwrap().to_owned();
        assert_eq!(body["id"], license["id"]);
        assert_eq!(made.header("location"), Some(format!("/t/acme/v1/licenses/{id}").as_str()));
        let key = body["key"].as_str().unwrap().to_owned();
        let expected = json!({
            "id": id, "number": 1, "key_hint": key.replace('-', "")[21..], "product": "app", "policy": "standard",
            "customer": customer.id.to_string(), "state": "active", "trial": true,
            "expires_at": "2027-03-01T12:00:00Z", "seats": -1, "seats_used": 0, "activation_limit": 10,
            "activations_used": 0, "deactivations_used": 0, "entitlements": {"layers": 64},
            "overrides": {"seats": -1, "entitlements": sent["entitlements"]},
            "memo": "paid\nlate", "metadata": sent["metadata"], "checks": 0, "revision": 1,
            "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
        });
        assert_eq!(license, expected);

        let shown = vendor.get(&format!("/v1/licenses/{id}")).await;
        assert_eq!((shown.status, shown.header("etag")), (200, Some("\"1\"")));
        assert_eq!(shown.json(), license);
        let found = vendor.post("/v1/licenses/lookup", &json!({"key": key.to_lowercase().replace('-', " ")})).await;
        assert_eq!((found.status, found.json()), (200, license.clone()));

        // What apps do shows, and is no new revision.
        let key = model::LicenseKey::parse(&key).unwrap();
        shop.activate(&key, 1).await.unwrap();
        let shown = vendor.get(&format!("/v1/licenses/{id}")).await.json();
        for (member, value) in [("seats_used", 1), ("activations_used", 1), ("revision", 1)] {
            assert_eq!(shown[member], value, "{member}");
        }

        let unknown = vendor.post("/v1/licenses/lookup", &json!({"key": "AAAA-BBBB-CCCC"})).await;
        assert_eq!((unknown.status, unknown.code().as_str()), (404, "resource_not_found"));
        for path in ["/v1/licenses/0196a1c4-0b52-7c7e-9d6a-1c2f3e4a5b60", "/v1/licenses/x"] {
            assert_eq!(vendor.get(path).await.code(), "resource_not_found");
        }
        let document = vendor.get(&format!("/v1/licenses/{id}")).await.text;
        assert!(!document.contains(key.reveal()), "the key is shown once");
    }

    async fn a_license_keeps_a_key_from_elsewhere(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let sent = json!({"policy": "standard", "key": "SHOP-0001-abcd"});
        let made = vendor.post("/v1/licenses", &sent).await;
        assert_eq!((made.status, &made.json()["key"]), (201, &json!("SHOP-0001-abcd")));
        let again = vendor.post("/v1/licenses", &json!({"policy": "standard", "key": "shop0001ABCD"})).await;
        assert_eq!((again.status, again.code().as_str()), (409, "conflict"));
        assert!(!again.text.contains("0001"), "a key is not repeated");
        for (wrong, pointer) in [
            (json!({"policy": "none"}), "/policy"),
            (json!({"policy": "standard", "customer": "0196a1c4-0b52-7c7e-9d6a-1c2f3e4a5b60"}), "/customer"),
            (json!({"policy": "standard", "customer": "CLIENT-1"}), "/customer"),
            (json!({"policy": "standard", "key": "abc"}), "/key"),
            (json!({"policy": "standard", "seats": -2}), "/seats"),
            (json!({"policy": "standard", "activations_used": 3}), "/activations_used"),
            (json!({"policy": "standard", "memo": ""}), "/memo"),
            (json!({"key": "SHOP-0002-abcd"}), "/policy"),
        ] {
            let refused = vendor.post("/v1/licenses", &wrong).await;
            assert_eq!((refused.status, refused.pointers()), (422, vec![pointer.to_owned()]), "{wrong}");
        }
        assert_eq!(database_count(&world, "licenses").await, 1);
    }

    async fn a_license_is_made_once_for_an_idempotency_key(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let one = json!({"policy": "standard"});
        let many = json!({"licenses": [{"policy": "standard", "count": 3}]});
        for (path, key, body) in [("/v1/licenses", "a", &one), ("/v1/licenses/bulk", "b", &many)] {
            let headers = [("idempotency-key", key)];
            let first = vendor.send("POST", path, &headers, Some(body)).await;
            let second = vendor.send("POST", path, &headers, Some(body)).await;
            assert_eq!((first.status, second.status), (201, 201), "{}", first.text);
            assert_eq!(first.text, second.text);
            assert_eq!(second.header("idempotency-replayed"), Some("true"));
            assert_eq!(first.header("location"), second.header("location"));
            assert_eq!(first.header("etag"), second.header("etag"));
        }
        assert_eq!(database_count(&world, "licenses").await, 4);
    }

    async fn many_licenses_are_made_at_once(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:read licenses:write").await;
        let events = database_count(&world, "outbox").await;
        // More than other requests may have.
        let metadata: Value = json!({"note": "x".repeat(400)});
        let mut licenses = vec![json!({"policy": "standard", "count": 701, "memo": "voucher"})];
        licenses.extend((0..299).map(|n| {
            json!({"policy": "standard", "key": format!("SHOP-{n:04}-AB"), "metadata": metadata})
        }));
        let made = vendor.post("/v1/licenses/bulk", &json!({"licenses": licenses})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json()["licenses"].as_array().unwrap().clone();
        assert_eq!(made.len(), 1_000);
        assert_eq!(database_count(&world, "outbox").await - events, 1_000);
        for (place, made) in made.iter().enumerate() {
            assert_eq!(made["number"], place + 1);
        }
        assert_eq!(made[701]["key"], "SHOP-0000-AB");
        for place in [0, 700, 701, 999] {
            let id = made[place]["id"].as_str().unwrap();
            let shown = vendor.get(&format!("/v1/licenses/{id}")).await.json();
            let found = vendor.post("/v1/licenses/lookup", &json!({"key": made[place]["key"]})).await.json();
            assert_eq!((&shown["number"], &shown), (&made[place]["number"], &found));
            let expected = if place < 701 { json!({}) } else { metadata.clone() };
            assert_eq!(shown["metadata"], expected);
            assert_eq!(shown.get("memo"), (place < 701).then_some(&json!("voucher")));
        }
        let keys: std::collections::BTreeSet<&str> = made.iter().map(|made| made["key"].as_str().unwrap()).collect();
        assert_eq!(keys.len(), 1_000);
    }

    async fn all_licenses_of_a_request_are_made_or_none(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.license_with(PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        vendor.post("/v1/licenses", &json!({"policy": "standard", "key": "TAKEN-KEY"})).await;
        let before = world.database.raw().await.dump_tenant(shop.tenant.id).await;
        let good = json!({"policy": "standard"});
        let nobody = "0196a1c4-0b52-7c7e-9d6a-1c2f3e4a5b60";
        for (licenses, pointers) in [
            (json!([good, {"policy": "none"}, good, {"policy": "other", "customer": nobody}]),
                vec!["/licenses/1/policy", "/licenses/3/policy", "/licenses/3/customer"]),
            (json!([good, {"policy": "standard", "key": "taken key"}, {"policy": "standard", "key": "NEW-KEY"},
                {"policy": "standard", "key": "new-key"}]), vec!["/licenses/1/key", "/licenses/3/key"]),
            (json!([{"policy": "standard", "seats": "1"}, {"policy": "B"}, 3, {"policy": "standard", "x/y": 1}]),
                vec!["/licenses/0/seats", "/licenses/1/policy", "/licenses/2", "/licenses/3/x~1y"]),
            (json!([{"policy": "standard", "count": 2, "key": "NEW-KEY"}]), vec!["/licenses/0/count"]),
            (json!([{"policy": "standard", "count": 0}]), vec!["/licenses/0/count"]),
            (json!([{"policy": "standard", "count": 1000}, good]), vec!["/licenses"]),
            (json!([]), vec!["/licenses"]),
            (json!({}), vec!["/licenses"]),
            (json!(vec![good.clone(); 1_001]), vec!["/licenses"]),
        ] {
            let refused = vendor.post("/v1/licenses/bulk", &json!({ "licenses": licenses })).await;
            assert_eq!((refused.status, refused.pointers()), (422, pointers.iter().map(ToString::to_string).collect()));
            assert!(!refused.text.to_lowercase().contains("new-key"), "a key is not repeated");
        }
        let large = json!({"licenses": [{"policy": "standard", "memo": "x".repeat(4 * 1024 * 1024)}]});
        let refused = vendor.post("/v1/licenses/bulk", &large).await;
        assert_eq!((refused.status, refused.code().as_str()), (413, "body_too_large"));
        assert_eq!(world.database.raw().await.dump_tenant(shop.tenant.id).await, before);
    }

    async fn licenses_are_those_of_one_tenant_and_need_their_scope(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let (license, key) = shop.license_with(PolicyRules::default()).await;
        let customer = shop.customer("CLIENT-1").await;
        other.policy("theirs", PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let reader = Vendor::new(&client, &world, &shop.tenant, "licenses:read").await;
        let writer = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let theirs = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let before = world.database.raw().await.dump().await;
        let one = json!({"policy": "standard"});
        let bulk = json!({"licenses": [one]});
        let lookup = json!({"key": key.reveal()});
        let path = format!("/v1/licenses/{}", license.id);

        assert_eq!(reader.post("/v1/licenses", &one).await.code(), "insufficient_scope");
        assert_eq!(reader.post("/v1/licenses/bulk", &bulk).await.code(), "insufficient_scope");
        assert_eq!(writer.post("/v1/licenses/lookup", &lookup).await.code(), "insufficient_scope");
        assert_eq!(writer.get(&path).await.code(), "insufficient_scope");
        // A credential of one tenant at another's, then a good one with what is another's.
        assert_eq!(reader.at("other").get(&path).await.status, 401);
        assert_eq!(theirs.get(&path).await.code(), "resource_not_found");
        assert_eq!(theirs.post("/v1/licenses/lookup", &lookup).await.code(), "resource_not_found");
        assert_eq!(theirs.post("/v1/licenses", &one).await.pointers(), ["/policy"]);
        assert_eq!(theirs.post("/v1/licenses/bulk", &bulk).await.pointers(), ["/licenses/0/policy"]);
        let mixed = json!({"policy": "theirs", "customer": customer.id.to_string()});
        assert_eq!(theirs.post("/v1/licenses", &mixed).await.pointers(), ["/customer"]);
        let mut after = world.database.raw().await.dump().await;
        // That a key was used is noted.
        after.insert("api_keys".to_owned(), before["api_keys"].clone());
        assert_eq!(after, before);
    }
}

async fn database_count(world: &World, table: &str) -> i64 {
    world.database.raw().await.number(&format!("SELECT count(*) FROM {table}")).await
}
