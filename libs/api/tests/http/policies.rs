//! Policies in the management API.

use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{client::Client, vendor::Vendor};

const EVERYTHING: &str = "products:read products:write";

fn everything() -> Value {
    json!({
        "product": "app", "code": "pro", "name": "Pro ✓", "term": "P1Y6M", "term_starts": "creation", "seats": 3,
        "seat_kind": "floating", "overage_percent": 50, "activation_limit": 9, "deactivation_limit": 0,
        "requires_customer": true, "lease_seconds": 86_400, "refresh_seconds": 3_600, "grace_seconds": 0,
        "offline_lease_seconds": 864_000, "trial": true,
        "entitlements": {
            "export": {"value": true, "expires_at": "2027-01-01T00:00:00Z"}, "layers": {"value": 64},
            "tier": {"value": "gold"}, "regions": {"value": ["de", "fr"]},
        },
        "metadata": {"Order ID": " 1.0 ", "order_id": "a\nb"},
    })
}

on_both! {
    async fn a_policy_lives(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let made = vendor.post("/v1/policies", &everything()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.header("location"), Some("/t/acme/v1/policies/pro"));
        assert_eq!(made.header("etag"), Some("\"1\""));
        let policy = made.json();
        for (name, value) in everything().as_object().unwrap() {
            assert_eq!(&policy[name], value, "{name}");
        }
        assert_eq!(vendor.get("/v1/policies/pro").await.json(), policy);

        let change = json!({
            "name": "Pro 2", "seats": -1, "activation_limit": -1, "clear": ["term"], "entitlements": {},
        });
        let changed = vendor.send("PATCH", "/v1/policies/pro", &[("if-match", "\"1\"")], Some(&change)).await;
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")), "{}", changed.text);
        let changed = changed.json();
        let expected = json!({
            "seats": -1, "activation_limit": -1, "deactivation_limit": 0, "name": "Pro 2", "entitlements": {},
            "seat_kind": "floating", "metadata": everything()["metadata"], "trial": true, "revision": 2,
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&changed[name], value, "{name}");
        }
        assert!(changed.get("term").is_none());
        assert_eq!(vendor.get("/v1/policies/pro").await.json(), changed);
        for method in ["PATCH", "DELETE"] {
            let body = (method == "PATCH").then_some(&change);
            let stale = vendor.send(method, "/v1/policies/pro", &[("if-match", "\"1\"")], body).await;
            assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
        }
        let gone = vendor.send("DELETE", "/v1/policies/pro", &[("if-match", "\"2\"")], None).await;
        assert_eq!((gone.status, gone.text.as_str()), (204, ""));
        assert_eq!(vendor.get("/v1/policies/pro").await.code(), "resource_not_found");
        assert_eq!(vendor.delete("/v1/policies/pro").await.status, 404);
    }

    async fn limits_are_told_also_where_there_is_none(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let body = json!({"product": "app", "code": "plain", "name": "Plain"});
        let made = vendor.post("/v1/policies", &body).await.json();
        let expected = json!({
            "seats": 1, "activation_limit": -1, "deactivation_limit": -1, "seat_kind": "node_locked",
            "overage_percent": 0, "requires_customer": false, "lease_seconds": 1_209_600, "refresh_seconds": 86_400,
            "grace_seconds": 259_200, "offline_lease_seconds": 31_536_000, "trial": false, "entitlements": {},
            "metadata": {}, "term_starts": "first_activation",
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&made[name], value, "{name}");
        }
    }

    async fn every_broken_rule_is_named(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let wrong = json!({
            "product": "", "code": "PRO", "name": " ", "term": "P0D", "term_starts": "now", "seats": -2,
            "seat_kind": "loose", "overage_percent": 1_001, "activation_limit": 4_294_967_296_i64,
            "deactivation_limit": "3", "requires_customer": 1, "lease_seconds": 59, "refresh_seconds": 0,
            "grace_seconds": 31_622_401, "offline_lease_seconds": 316_224_001, "trial": "yes",
            "entitlements": {"a": {"value": 1.5}}, "metadata": {"a": 1}, "other": 1,
        });
        let mut expected: Vec<String> = wrong.as_object().unwrap().keys().map(|name| format!("/{name}")).collect();
        expected.retain(|pointer| pointer != "/entitlements");
        expected.push("/entitlements/a/value".to_owned());
        expected.sort_unstable();
        let refused = vendor.post("/v1/policies", &wrong).await;
        assert_eq!(refused.status, 422);
        let mut pointers = refused.pointers();
        pointers.sort_unstable();
        assert_eq!(pointers, expected);

        let with = |name: &str, value: Value| {
            let mut body = json!({"product": "app", "code": "pro", "name": "Pro"});
            body[name] = value;
            body
        };
        for (name, value, expected) in [
            ("refresh_seconds", json!(1_209_601), "/refresh_seconds"),
            ("lease_seconds", json!(60), "/refresh_seconds"),
            ("product", json!("nonesuch"), "/product"),
            ("entitlements", json!({"BAD": {"value": true}}), "/entitlements"),
        ] {
            let refused = vendor.post("/v1/policies", &with(name, value)).await;
            assert_eq!((refused.status, refused.pointers()), (422, vec![expected.to_owned()]), "{name}");
        }
        assert_eq!(vendor.get("/v1/policies").await.json(), json!({"items": []}), "nothing was made");
        shop.policy("standard", model::PolicyRules::default()).await;
        for (change, expected) in [
            (json!({"lease_seconds": 3_600}), "/refresh_seconds"),
            (json!({"clear": ["seats"]}), "/clear/0"),
            (json!({"clear": ["term"], "term": "P1Y"}), "/clear/0"),
            (json!({"code": "another"}), "/code"),
            (json!({"product": "app"}), "/product"),
        ] {
            let refused = vendor.patch("/v1/policies/standard", &change).await;
            assert_eq!((refused.status, refused.pointers()), (422, vec![expected.to_owned()]), "{change}");
        }
        assert_eq!(vendor.get("/v1/policies/standard").await.json()["revision"], 1);
    }

    async fn entitlements_are_set_and_removed_one_by_one(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(model::PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let path = "/v1/policies/standard/entitlements/layers";
        for (revision, body) in [(2, json!({"value": 64})), (3, json!({"value": ["a"], "expires_at": "2027-01-01T00:00:00Z"}))]
        {
            let set = vendor.send("PUT", path, &[], Some(&body)).await;
            assert_eq!(set.status, 200, "{}", set.text);
            assert_eq!(set.json()["entitlements"], json!({"layers": body}));
            assert_eq!((set.json()["revision"].as_u64(), set.header("etag")), (Some(revision), Some(&*format!("\"{revision}\""))));
        }
        let check = json!({"key": key.reveal(), "product": "app", "entitlements": ["layers"]});
        let checked = client.post("/t/acme/v1/validate", &check).await.json();
        assert_eq!(checked["license"]["entitlements"], json!({"layers": ["a"]}), "from the next check on");
        for (body, pointer) in [(json!({}), "/value"), (json!({"value": {}}), "/value"), (json!({"value": 1, "code": "x"}), "/code")] {
            assert_eq!(vendor.send("PUT", path, &[], Some(&body)).await.pointers(), [pointer]);
        }
        let stale = vendor.send("PUT", path, &[("if-match", "\"2\"")], Some(&json!({"value": true}))).await;
        assert_eq!(stale.status, 412);
        assert_eq!(vendor.send("DELETE", path, &[("if-match", "\"2\"")], None).await.status, 412);
        let removed = vendor.send("DELETE", path, &[("if-match", "\"3\"")], None).await;
        assert_eq!((removed.status, &removed.json()["entitlements"]), (200, &json!({})));
        assert_eq!(vendor.delete(path).await.code(), "resource_not_found");
        let checked = client.post("/t/acme/v1/validate", &check).await.json();
        assert_eq!(checked["code"], "entitlement_missing");
        for path in ["/v1/policies/nonesuch/entitlements/layers", "/v1/policies/standard/entitlements/LAYERS"] {
            assert_eq!(vendor.send("PUT", path, &[], Some(&json!({"value": 1}))).await.status, 404, "{path}");
        }
    }

    async fn a_policy_is_made_once_and_kept_while_it_is_needed(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.license_with(model::PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let headers = [("idempotency-key", "order-1")];
        let first = vendor.send("POST", "/v1/policies", &headers, Some(&everything())).await;
        let second = vendor.send("POST", "/v1/policies", &headers, Some(&everything())).await;
        assert_eq!((first.status, second.status, second.header("idempotency-replayed")), (201, 201, Some("true")));
        assert_eq!((&first.text, first.header("location")), (&second.text, second.header("location")));
        let taken = vendor.post("/v1/policies", &everything()).await;
        assert_eq!((taken.status, taken.code().as_str()), (409, "conflict"));
        let used = vendor.delete("/v1/policies/standard").await;
        assert_eq!((used.status, used.code().as_str()), (409, "conflict"));
        assert_eq!(vendor.get("/v1/policies/standard").await.status, 200);
    }

    async fn policies_are_listed_by_product(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        shop.product("cad").await;
        other.policy("standard", model::PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        for (code, product) in [("a", "app"), ("b", "cad"), ("c", "app")] {
            world.clock.advance(1);
            let body = json!({"product": product, "code": code, "name": code});
            assert_eq!(vendor.post("/v1/policies", &body).await.status, 201);
        }
        for (query, expected) in [
            ("", &["a", "b", "c"][..]),
            ("?sort=-created_at", &["c", "b", "a"]),
            ("?product=app", &["a", "c"]),
            ("?product=app&sort=-created_at&limit=1", &["c"]),
            ("?product=cad", &["b"]),
            ("?product=nonesuch", &[]),
        ] {
            let listed = vendor.get(&format!("/v1/policies{query}")).await.json();
            let codes: Vec<&str> =
                listed["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
            assert_eq!(codes, expected, "{query}");
        }
        let first = vendor.get("/v1/policies?product=app&limit=1").await.json();
        let next = first["next_cursor"].as_str().unwrap();
        let second = vendor.get(&format!("/v1/policies?product=app&limit=1&cursor={next}")).await.json();
        assert_eq!(second["items"][0]["code"], "c");
        assert!(second.get("next_cursor").is_none());
        assert_eq!(vendor.get("/v1/policies?product=BAD").await.code(), "bad_parameter");
    }

    async fn a_policy_is_its_tenants_alone(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        shop.policy("theirs", model::PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let stranger = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let mut raw = world.database.raw().await;
        let before = raw.dump_tenant(shop.tenant.id).await;
        let set = json!({"value": 1});
        for (method, path, body) in [
            ("GET", "/v1/policies/theirs", None),
            ("PATCH", "/v1/policies/theirs", Some(json!({"name": "mine"}))),
            ("DELETE", "/v1/policies/theirs", None),
            ("PUT", "/v1/policies/theirs/entitlements/x", Some(set)),
            ("DELETE", "/v1/policies/theirs/entitlements/x", None),
        ] {
            let missing = stranger.send(method, path, &[], body.as_ref()).await;
            assert_eq!((missing.status, missing.code().as_str()), (404, "resource_not_found"), "{method} {path}");
            let refused = stranger.at("acme").send(method, path, &[], body.as_ref()).await;
            assert_eq!((refused.status, refused.code().as_str()), (401, "unauthorized"), "{method} {path}");
        }
        let body = json!({"product": "app", "code": "theirs", "name": "Mine"});
        assert_eq!(stranger.post("/v1/policies", &body).await.status, 201, "a code is taken in one tenant only");
        assert_eq!(stranger.at("acme").post("/v1/policies", &body).await.status, 401);
        assert_eq!(raw.dump_tenant(shop.tenant.id).await, before);
    }
}
