//! Licenses in the management API: changing them.

use model::{Limit, PolicyRules};
use serde_json::{Value, json};
use testkit::{Shop, World, on_both};

use crate::{client::Client, vendor::Vendor};

/// A license of a policy with a term, which a customer's machine has activated.
struct Sold {
    id: String,
    path: String,
    key: model::LicenseKey,
    customer: String,
}

impl Sold {
    async fn new(shop: &Shop<'_>) -> Self {
        let rules = PolicyRules {
            term: Some("P1Y".parse().unwrap()),
            seats: Limit::AtMost(2),
            ..PolicyRules::default()
        };
        let (license, key) = shop.license_with(rules).await;
        shop.activate(&key, 1).await.unwrap();
        let customer = shop.customer("CLIENT-1").await.id.to_string();
        let id = license.id.to_string();
        Self { path: format!("/v1/licenses/{id}"), id, key, customer }
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.path)
    }
}

const STALE: [(&str, &str); 1] = [("if-match", "\"77\"")];

on_both! {
    async fn a_license_is_changed_and_shown(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let sold = Sold::new(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:read licenses:write").await;
        let change = json!({
            "seats": -1, "activation_limit": 7, "expires_at": "2029-01-01T00:00:00Z", "memo": "paid\nlate",
            "metadata": {"Order ID": " 1.0 "},
        });
        let changed = vendor.send("PATCH", &sold.path, &[("if-match", "\"1\"")], Some(&change)).await;
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")), "{}", changed.text);
        let body = changed.json();
        for member in ["seats", "activation_limit", "expires_at", "memo", "metadata"] {
            assert_eq!(body[member], change[member], "{member}");
        }
        assert_eq!(body["overrides"], json!({"seats": -1, "activation_limit": 7, "entitlements": {}}));
        assert_eq!(vendor.get(&sold.path).await.json(), body);
        let again = vendor.patch(&sold.path, &change).await;
        assert_eq!(again.header("etag"), Some("\"2\""), "nothing changed");
        let taken = json!({"clear": ["seats", "activation_limit", "expires_at", "memo"]});
        let body = vendor.patch(&sold.path, &taken).await.json();
        assert_eq!((&body["seats"], &body["activation_limit"], &body["revision"]), (&json!(2), &json!(-1), &json!(3)));
        assert!(body.get("expires_at").is_none() && body.get("memo").is_none());
        assert_eq!(body["metadata"], change["metadata"], "what is absent stays");
    }

    async fn what_may_not_be_changed_is_named(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let sold = Sold::new(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let before = world.database.raw().await.dump().await;
        for (verb, rest, body, pointers) in [
            ("PATCH", "", json!({"state": "active", "key": "x", "revision": 9}), &["/key", "/revision", "/state"][..]),
            ("PATCH", "", json!({"customer": sold.customer, "policy": "standard"}), &["/customer", "/policy"]),
            ("PATCH", "", json!({"seats": -2, "activation_limit": 1.5, "memo": "", "expires_at": "soon"}),
                &["/activation_limit", "/expires_at", "/memo", "/seats"]),
            ("PATCH", "", json!({"seats": 1, "clear": ["seats", "state"]}), &["/clear/0", "/clear/1"]),
            ("PATCH", "", json!({"memo": null}), &["/memo"]),
            ("POST", "/renew", json!({"term": "P0D", "from": "yesterday"}), &["/from", "/term"]),
            ("POST", "/renew", json!({"expires_at": "2030-01-01T00:00:00Z"}), &["/expires_at"]),
            ("POST", "/transfer", json!({"customer": "anna"}), &["/customer"]),
            ("POST", "/transfer", json!({"customer": "0196a1c4-0a92-7d11-9c3e-5f4e3d2c1b0a"}), &["/customer"]),
            ("POST", "/transfer", json!({"policy": "none"}), &["/policy"]),
            ("POST", "/transfer", json!({"customer": sold.customer, "clear": ["customer"]}), &["/clear/0"]),
            ("POST", "/transfer", json!({"clear": ["policy"]}), &["/clear/0"]),
            ("POST", "/reset-activations", json!({"deactivate_machines": 1}), &["/deactivate_machines"]),
            ("PUT", "/entitlements/layers", json!({}), &["/value"]),
            ("PUT", "/entitlements/layers", json!({"value": {}, "code": "x"}), &["/code", "/value"]),
        ] {
            let refused = vendor.send(verb, &sold.at(rest), &[], Some(&body)).await;
            assert_eq!((refused.status, refused.code().as_str()), (422, "validation_failed"), "{body}");
            let problem = refused.json();
            let errors = problem["errors"].as_array().unwrap();
            let mut found: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
            found.sort_unstable();
            assert_eq!(found, pointers, "{body}");
        }
        let mut after = world.database.raw().await.dump().await;
        after.insert("api_keys".to_owned(), before["api_keys"].clone());
        assert_eq!(after, before);
    }

    async fn a_license_is_suspended_reinstated_and_revoked(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let sold = Sold::new(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let check = json!({"key": sold.key.reveal(), "product": "app"});
        for (verb, state, tag) in [
            ("suspend", "suspended", "\"2\""),
            ("suspend", "suspended", "\"2\""),
            ("reinstate", "active", "\"3\""),
            ("revoke", "revoked", "\"4\""),
            ("revoke", "revoked", "\"4\""),
        ] {
            let stale = vendor.send("POST", &sold.at(&format!("/{verb}")), &STALE, None).await;
            assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
            let done = vendor.send("POST", &sold.at(&format!("/{verb}")), &[], None).await;
            assert_eq!((done.status, done.header("etag")), (200, Some(tag)), "{verb}: {}", done.text);
            assert_eq!(done.json()["state"], state);
            let valid = client.post("/t/acme/v1/validate", &check).await.json()["valid"].clone();
            assert_eq!(valid, state == "active", "{verb}");
        }
        for (rest, body) in [
            ("/suspend", None),
            ("/reinstate", None),
            ("/renew", Some(json!({}))),
            ("/transfer", Some(json!({"clear": ["customer"]}))),
            ("/reset-activations", Some(json!({}))),
        ] {
            let refused = vendor.send("POST", &sold.at(rest), &[], body.as_ref()).await;
            assert_eq!((refused.status, refused.code().as_str()), (409, "conflict"), "{rest}");
            assert_eq!(refused.json()["detail"], "The license is revoked, which is final.");
        }
    }

    async fn a_renewal_counts_once_for_an_idempotency_key(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let sold = Sold::new(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let renew = async |key: &str, body: Value| {
            vendor.send("POST", &sold.at("/renew"), &[("idempotency-key", key), ("if-match", "*")], Some(&body)).await
        };
        let first = renew("order-1", json!({})).await;
        assert_eq!((first.status, first.header("etag")), (200, Some("\"2\"")), "{}", first.text);
        assert_eq!(first.json()["expires_at"], "2028-03-01T12:00:00Z");
        let second = renew("order-1", json!({})).await;
        assert_eq!((second.status, &second.text), (200, &first.text));
        assert_eq!((second.header("idempotency-replayed"), second.header("etag")), (Some("true"), Some("\"2\"")));
        let other = renew("order-1", json!({"term": "P2Y"})).await;
        assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
        let third = renew("order-2", json!({"term": "P1M", "from": "now"})).await.json();
        assert_eq!((&third["expires_at"], &third["revision"]), (&json!("2026-04-01T12:00:00Z"), &json!(3)));
        let stale = vendor.send("POST", &sold.at("/renew"), &STALE, Some(&json!({}))).await;
        assert_eq!(stale.status, 412);

        let (fresh, _) = shop.license("standard").await;
        let path = format!("/v1/licenses/{}/renew", fresh.id);
        let early = vendor.post(&path, &json!({})).await;
        assert_eq!((early.status, early.code().as_str()), (409, "conflict"));
        let same_key = vendor.send("POST", &path, &[("idempotency-key", "order-2")], Some(&json!({"term": "P1M", "from": "now"}))).await;
        assert_eq!((same_key.status, same_key.code().as_str()), (422, "idempotency_key_reused"), "of another license");

        shop.policy("endless", PolicyRules::default()).await;
        let (endless, _) = shop.license("endless").await;
        let path = format!("/v1/licenses/{}", endless.id);
        vendor.patch(&path, &json!({"expires_at": "2026-06-01T00:00:00Z"})).await;
        let without = vendor.post(&format!("{path}/renew"), &json!({})).await;
        assert_eq!((without.status, &without.json()["errors"][0]["pointer"]), (422, &json!("/term")));
    }

    async fn a_license_is_transferred(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let sold = Sold::new(&shop).await;
        shop.policy("large", PolicyRules { seats: Limit::AtMost(9), ..PolicyRules::default() }).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let to = json!({"customer": sold.customer, "policy": "large"});
        let moved = vendor.send("POST", &sold.at("/transfer"), &[("if-match", "\"1\"")], Some(&to)).await;
        assert_eq!((moved.status, moved.header("etag")), (200, Some("\"2\"")), "{}", moved.text);
        let body = moved.json();
        assert_eq!((&body["customer"], &body["policy"]), (&to["customer"], &to["policy"]));
        assert_eq!((&body["seats"], &body["seats_used"]), (&json!(9), &json!(1)));
        assert_eq!(body["expires_at"], "2027-03-01T12:00:00Z", "it stays");
        let nobody = vendor.post(&sold.at("/transfer"), &json!({"clear": ["customer"]})).await.json();
        assert!(nobody.get("customer").is_none());
        let stale = vendor.send("POST", &sold.at("/transfer"), &STALE, Some(&to)).await;
        assert_eq!(stale.status, 412);
    }

    async fn activations_are_reset(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let sold = Sold::new(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let headers = [("idempotency-key", "reset-1"), ("if-match", "\"1\"")];
        let reset = vendor.send("POST", &sold.at("/reset-activations"), &headers, Some(&json!({}))).await;
        assert_eq!((reset.status, reset.header("etag")), (200, Some("\"2\"")), "{}", reset.text);
        assert_eq!((&reset.json()["activations_used"], &reset.json()["seats_used"]), (&json!(0), &json!(1)));
        shop.activate(&sold.key, 2).await.unwrap();
        let again = vendor.send("POST", &sold.at("/reset-activations"), &headers, Some(&json!({}))).await;
        assert_eq!((again.header("idempotency-replayed"), &again.text), (Some("true"), &reset.text));
        let machines = vendor.post(&sold.at("/reset-activations"), &json!({"deactivate_machines": true})).await.json();
        assert_eq!((&machines["activations_used"], &machines["seats_used"]), (&json!(0), &json!(0)));
    }

    async fn a_key_is_shown_to_those_with_the_right(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let sold = Sold::new(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:reveal").await;
        let shown = vendor.send("POST", &sold.at("/reveal-key"), &[], None).await;
        assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")), "{}", shown.text);
        assert_eq!(shown.json(), json!({"id": sold.id, "key": sold.key.reveal()}));
        let events = world.database.raw().await.dump_tenant(shop.tenant.id).await["events"].join("\n");
        assert!(events.contains("license.reveal") && !events.contains(sold.key.reveal()));
        let other = Vendor::new(&client, &world, &shop.tenant, "licenses:read licenses:write").await;
        let refused = other.send("POST", &sold.at("/reveal-key"), &[], None).await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "insufficient_scope"));
    }

    async fn entitlements_are_set_and_removed(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let sold = Sold::new(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let place = sold.at("/entitlements/layers");
        let value = json!({"value": 64, "expires_at": "2026-06-01T00:00:00Z"});
        let set = vendor.send("PUT", &place, &[("if-match", "\"1\"")], Some(&value)).await;
        assert_eq!((set.status, set.header("etag")), (200, Some("\"2\"")), "{}", set.text);
        assert_eq!(set.json()["entitlements"], json!({"layers": 64}));
        assert_eq!(set.json()["overrides"]["entitlements"], json!({"layers": value}));
        for (verb, body) in [("PUT", Some(&value)), ("DELETE", None)] {
            let stale = vendor.send(verb, &place, &STALE, body).await;
            assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
        }
        let removed = vendor.delete(&place).await;
        assert_eq!((removed.status, removed.header("etag")), (200, Some("\"3\"")));
        assert_eq!(removed.json()["overrides"]["entitlements"], json!({}));
        for path in [place, sold.at("/entitlements/Bad%20Code")] {
            let gone = vendor.delete(&path).await;
            assert_eq!((gone.status, gone.code().as_str()), (404, "resource_not_found"));
        }
    }

    async fn another_tenants_license_is_not_there(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("brix").await);
        let sold = Sold::new(&shop).await;
        let client = Client::new(&world, None);
        let stranger = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let reader = Vendor::new(&client, &world, &shop.tenant, "licenses:read").await;
        let before = world.database.raw().await.dump_tenant(shop.tenant.id).await;
        for (verb, rest, body) in [
            ("PATCH", "", Some(json!({"memo": "mine"}))),
            ("POST", "/suspend", None),
            ("POST", "/reinstate", None),
            ("POST", "/revoke", None),
            ("POST", "/renew", Some(json!({}))),
            ("POST", "/transfer", Some(json!({"customer": sold.customer}))),
            ("POST", "/reset-activations", Some(json!({"deactivate_machines": true}))),
            ("POST", "/reveal-key", None),
            ("PUT", "/entitlements/layers", Some(json!({"value": true}))),
            ("DELETE", "/entitlements/layers", None),
        ] {
            let hidden = stranger.send(verb, &sold.at(rest), &[], body.as_ref()).await;
            assert_eq!((hidden.status, hidden.code().as_str()), (404, "resource_not_found"), "{verb} {rest}");
            let refused = reader.send(verb, &sold.at(rest), &[], body.as_ref()).await;
            assert_eq!((refused.status, refused.code().as_str()), (403, "insufficient_scope"), "{verb} {rest}");
            let elsewhere = stranger.at("acme").send(verb, &sold.at(rest), &[], body.as_ref()).await;
            assert_eq!((elsewhere.status, elsewhere.code().as_str()), (401, "unauthorized"), "{verb} {rest}");
        }
        assert_eq!(world.database.raw().await.dump_tenant(shop.tenant.id).await, before);
    }
}
