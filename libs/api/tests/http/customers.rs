//! Customers in the management API.

use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{client::Client, vendor::Vendor};

const EVERYTHING: &str = "customers:read customers:write";

fn northwind() -> Value {
    json!({
        "name": "Northwind ✓", "email": "It@Northwind.example", "number": 7, "client_key": "NW-0007",
        "metadata": {"Order ID": " 1.0 "},
    })
}

on_both! {
    async fn a_customer_lives(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let made = vendor.post("/v1/customers", &northwind()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let customer = made.json();
        let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
        assert_eq!(made.header("location"), Some(&*format!("/t/acme{path}")));
        assert_eq!(made.header("etag"), Some("\"1\""));
        for (name, value) in northwind().as_object().unwrap() {
            assert_eq!(&customer[name], value, "{name}");
        }
        assert_eq!(vendor.get(&path).await.json(), customer);

        let change = json!({"name": "Northwind 2", "metadata": {}, "clear": ["email"]});
        let changed = vendor.send("PATCH", &path, &[("if-match", "\"1\"")], Some(&change)).await;
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")), "{}", changed.text);
        let changed = changed.json();
        assert_eq!((&changed["name"], &changed["metadata"]), (&json!("Northwind 2"), &json!({})));
        assert_eq!((changed.get("email"), &changed["client_key"]), (None, &json!("NW-0007")));
        assert_eq!(vendor.get(&path).await.json(), changed);
        for (change, pointer) in [
            (json!({"client_key": "ANOTHER"}), "/client_key"),
            (json!({"number": 8}), "/number"),
            (json!({"email": "nowhere"}), "/email"),
            (json!({"email": "a@b.example", "clear": ["email"]}), "/clear/0"),
        ] {
            assert_eq!(vendor.patch(&path, &change).await.pointers(), [pointer]);
        }
        for method in ["PATCH", "DELETE"] {
            let body = (method == "PATCH").then_some(&change);
            let stale = vendor.send(method, &path, &[("if-match", "\"1\"")], body).await;
            assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
        }
        assert_eq!(vendor.delete(&path).await.status, 204);
        assert_eq!(vendor.get(&path).await.code(), "resource_not_found");
        assert_eq!(vendor.get("/v1/customers/nobody").await.code(), "resource_not_found");
    }

    async fn a_customer_is_made_once_and_kept_while_it_has_licenses(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", model::PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let headers = [("idempotency-key", "order-1")];
        let body = json!({"name": "Sam"});
        let first = vendor.send("POST", "/v1/customers", &headers, Some(&body)).await;
        let second = vendor.send("POST", "/v1/customers", &headers, Some(&body)).await;
        assert_eq!((first.status, second.status, second.header("idempotency-replayed")), (201, 201, Some("true")));
        assert_eq!(first.text, second.text);
        assert_eq!(vendor.get("/v1/customers").await.json()["items"].as_array().unwrap().len(), 1);
        for name in ["number", "client_key"] {
            let taken = json!({"name": "Pat", name: first.json()[name]});
            let taken = vendor.post("/v1/customers", &taken).await;
            assert_eq!((taken.status, taken.code().as_str()), (409, "conflict"), "{name}");
        }
        let id = first.json()["id"].as_str().unwrap().to_owned();
        let mut raw = world.database.raw().await;
        shop.license("standard").await;
        let as_id = raw.id(id.parse::<uuid::Uuid>().unwrap());
        raw.execute(&format!("UPDATE licenses SET customer_id = {as_id}")).await;
        let used = vendor.delete(&format!("/v1/customers/{id}")).await;
        assert_eq!((used.status, used.code().as_str()), (409, "conflict"));
        assert_eq!(vendor.get(&format!("/v1/customers/{id}")).await.status, 200);
    }

    async fn every_wrong_member_is_named(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let wrong = json!({
            "client_key": "a b", "email": "@", "id": "x", "metadata": [], "name": "", "number": 0,
        });
        let refused = vendor.post("/v1/customers", &wrong).await;
        let mut pointers = refused.pointers();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/client_key", "/email", "/id", "/metadata", "/name", "/number"]);
    }

    async fn customers_are_found(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, EVERYTHING).await;
        let stranger = Vendor::new(&client, &world, &other.tenant, EVERYTHING).await;
        stranger.post("/v1/customers", &northwind()).await;
        for (number, email) in [(1, "sam@example.com"), (2, "SAM@example.com"), (3, "pat@example.com")] {
            world.clock.advance(1);
            let body = json!({"name": "Sam", "email": email, "number": number, "client_key": format!("KEY-{number}")});
            assert_eq!(vendor.post("/v1/customers", &body).await.status, 201);
        }
        for (query, expected) in [
            ("", &[1, 2, 3][..]),
            ("?sort=-created_at", &[3, 2, 1]),
            ("?email=Sam@Example.com", &[1, 2]),
            ("?email=sam%40example.com&sort=-created_at&limit=1", &[2]),
            ("?client_key=KEY-3", &[3]),
            ("?number=2", &[2]),
            ("?number=2&client_key=KEY-3", &[]),
            ("?client_key=NW-0007", &[]),
            ("?email=it@northwind.example", &[]),
        ] {
            let listed = vendor.get(&format!("/v1/customers{query}")).await.json();
            let numbers: Vec<u64> =
                listed["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()).collect();
            assert_eq!(numbers, expected, "{query}");
        }
        let first = vendor.get("/v1/customers?email=sam@example.com&limit=1").await.json();
        let next = first["next_cursor"].as_str().unwrap();
        let second = vendor.get(&format!("/v1/customers?email=sam@example.com&limit=1&cursor={next}")).await.json();
        assert_eq!((&second["items"][0]["number"], second.get("next_cursor")), (&json!(2), None));
        for bad in ["email=sam", "client_key=a", "number=0", "number=%2B1", "number=x", "name=Sam"] {
            let refused = vendor.get(&format!("/v1/customers?{bad}")).await;
            assert_eq!((refused.status, refused.code().as_str()), (400, "bad_parameter"), "{bad}");
        }
    }

    async fn a_customer_is_its_tenants_alone(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let customer = shop.customer("THEIRS").await;
        let client = Client::new(&world, None);
        let stranger = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let mut raw = world.database.raw().await;
        let before = raw.dump_tenant(shop.tenant.id).await;
        let path = format!("/v1/customers/{}", customer.id);
        for (method, body) in [("GET", None), ("PATCH", Some(json!({"name": "mine"}))), ("DELETE", None)] {
            let missing = stranger.send(method, &path, &[], body.as_ref()).await;
            assert_eq!((missing.status, missing.code().as_str()), (404, "resource_not_found"), "{method}");
            let refused = stranger.at("acme").send(method, &path, &[], body.as_ref()).await;
            assert_eq!((refused.status, refused.code().as_str()), (401, "unauthorized"), "{method}");
        }
        for (method, body) in [("GET", None), ("POST", Some(json!({"name": "mine"})))] {
            assert_eq!(stranger.at("acme").send(method, "/v1/customers", &[], body.as_ref()).await.status, 401);
        }
        assert_eq!(raw.dump_tenant(shop.tenant.id).await, before);
    }
}
