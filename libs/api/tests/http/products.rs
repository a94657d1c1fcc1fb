//! Products in the management API, and what holds for all of it: credentials, pieces of lists, changes under a revision.

use serde_json::json;
use testkit::{World, on_both};

use crate::{client::Client, vendor::Vendor};

on_both! {
    async fn a_product_lives(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "products:write products:read").await;

        let sent = json!({
            "code": "cad", "name": "CAD ✓", "support_message": "write to us",
            "metadata": {"Order ID": " 1.0 ", "order_id": "a\nb"},
        });
        let made = vendor.post("/v1/products", &sent).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.header("location"), Some("/t/acme/v1/products/cad"));
        assert_eq!(made.header("etag"), Some("\"1\""));
        let product = made.json();
        assert_eq!(product["metadata"], sent["metadata"], "kept byte for byte");
        assert_eq!((&product["revision"], &product["key_format"]), (&json!(1), &json!("crockford_5x5")));

        let shown = vendor.get("/v1/products/cad").await;
        assert_eq!((shown.status, shown.header("etag")), (200, Some("\"1\"")));
        assert_eq!(shown.json(), product);

        let change = json!({"name": "CAD 2", "clear": ["support_message"]});
        let changed = vendor.send("PATCH", "/v1/products/cad", &[("if-match", "\"1\"")], Some(&change)).await;
        assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
        let changed = changed.json();
        assert_eq!((&changed["name"], &changed["revision"]), (&json!("CAD 2"), &json!(2)));
        assert_eq!(changed["metadata"], sent["metadata"], "what is absent stays");
        assert!(changed.get("support_message").is_none());
        assert_eq!(vendor.get("/v1/products/cad").await.json(), changed);

        let stale = vendor.send("PATCH", "/v1/products/cad", &[("if-match", "\"1\"")], Some(&change)).await;
        assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
        let stale = vendor.send("DELETE", "/v1/products/cad", &[("if-match", "\"1\"")], None).await;
        assert_eq!(stale.status, 412);
        let gone = vendor.send("DELETE", "/v1/products/cad", &[("if-match", "\"2\"")], None).await;
        assert_eq!((gone.status, gone.text.as_str()), (204, ""));
        assert_eq!(vendor.get("/v1/products/cad").await.status, 404);
        assert_eq!(vendor.delete("/v1/products/cad").await.code(), "resource_not_found");
    }

    async fn what_is_in_use_or_taken_is_a_conflict(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", model::PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "admin").await;
        let taken = vendor.post("/v1/products", &json!({"code": "app", "name": "App"})).await;
        assert_eq!((taken.status, taken.code().as_str()), (409, "conflict"));
        let used = vendor.delete("/v1/products/app").await;
        assert_eq!((used.status, used.code().as_str()), (409, "conflict"));
        assert_eq!(vendor.get("/v1/products/app").await.status, 200);
    }

    async fn a_product_is_made_once_for_an_idempotency_key(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "products:write").await;
        let body = json!({"code": "cad", "name": "CAD"});
        let headers = [("idempotency-key", "order-1")];
        let first = vendor.send("POST", "/v1/products", &headers, Some(&body)).await;
        let second = vendor.send("POST", "/v1/products", &headers, Some(&body)).await;
        assert_eq!((first.status, second.status), (201, 201));
        assert_eq!(first.text, second.text);
        assert_eq!(second.header("idempotency-replayed"), Some("true"));
        for name in ["location", "etag"] {
            assert_eq!(first.header(name), second.header(name), "{name}");
        }
        let other = vendor.send("POST", "/v1/products", &headers, Some(&json!({"code": "x", "name": "X"}))).await;
        assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
    }

    async fn lists_come_in_pieces(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        for code in ["b", "c", "d"] {
            world.clock.advance(1);
            shop.product(code).await;
        }
        world.shop("other").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "products:read").await;
        for (sort, expected) in [("created_at", ["app", "b", "c", "d"]), ("-created_at", ["d", "c", "b", "app"])] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let piece = vendor.get(&format!("/v1/products?limit=3&sort={sort}{cursor}")).await;
                assert_eq!(piece.status, 200, "{}", piece.text);
                let piece = piece.json();
                let items = piece["items"].as_array().unwrap();
                seen.extend(items.iter().map(|item| item["code"].as_str().unwrap().to_owned()));
                match piece.get("next_cursor") {
                    Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
                    None => break,
                }
            }
            assert_eq!(seen, expected);
        }
        for bad in ["limit=0", "limit=101", "limit=x", "cursor=%21", "cursor=AAAA", "sort=name", "offset=3",
            "limit=1&limit=1", "limit=%zz"]
        {
            let refused = vendor.get(&format!("/v1/products?{bad}")).await;
            assert_eq!(refused.status, 400, "{bad}: {}", refused.text);
        }
    }

    async fn a_credential_counts_only_while_it_is_good_for_its_tenant_and_with_its_scope(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let client = Client::new(&world, None);
        let reader = Vendor::new(&client, &world, &shop.tenant, "products:read").await;
        let stranger = Vendor::new(&client, &world, &other.tenant, "admin").await;
        assert_eq!(reader.get("/v1/products/app").await.status, 200);

        let unscoped = reader.post("/v1/products", &json!({"code": "x", "name": "X"})).await;
        assert_eq!((unscoped.status, unscoped.code().as_str()), (403, "insufficient_scope"));
        for refused in [stranger.at("acme").get("/v1/products/app").await, client.get("/t/acme/v1/products/app").await] {
            assert_eq!((refused.status, refused.code().as_str()), (401, "unauthorized"));
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        }
        assert_eq!(reader.at("nobody").get("/v1/products/app").await.status, 404);

        world.licensing.revoke_api_key(&shop.tenant, &testkit::call(), reader.key.id).await.unwrap();
        assert_eq!(reader.get("/v1/products/app").await.status, 401);
    }

    async fn an_api_key_is_made_shown_once_used_and_revoked(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let admin = Vendor::new(&client, &world, &shop.tenant, "api_keys:write api_keys:read products:read").await;
        let made = admin.post("/v1/api-keys", &json!({"name": "shop", "scopes": ["products:read"]})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let key = made.json()["key"].as_str().unwrap().to_owned();
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), Some(format!("/t/acme/v1/api-keys/{id}").as_str()));

        let use_it = || {
            let request = crate::client::request(poem::http::Method::GET, "/t/acme/v1/products");
            client.send(request.header("authorization", format!("bearer {key}")).finish())
        };
        assert_eq!(use_it().await.status, 200);
        world.licensing.flush_checks().await.unwrap();
        let shown = admin.get(&format!("/v1/api-keys/{id}")).await;
        assert_eq!(shown.json()["last_used_at"], testkit::NOW);
        let secret = key.rsplit_once('_').unwrap().1;
        for text in [shown.text, admin.get("/v1/api-keys").await.text] {
            assert!(!text.contains(secret), "a secret is shown a second time");
        }

        let more = admin.post("/v1/api-keys", &json!({"name": "more", "scopes": ["admin"]})).await;
        assert_eq!((more.status, more.code().as_str()), (403, "insufficient_scope"), "nobody gives what he has not");
        let past = json!({"name": "past", "scopes": ["products:read"], "expires_at": testkit::NOW});
        assert_eq!(admin.post("/v1/api-keys", &past).await.pointers(), ["/expires_at"]);

        let revoked = admin.send("POST", &format!("/v1/api-keys/{id}/revoke"), &[], None).await;
        assert_eq!((revoked.status, &revoked.json()["revoked_at"]), (200, &json!(testkit::NOW)));
        assert_eq!(use_it().await.status, 401);
    }

    async fn an_expired_key_counts_no_more(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let admin = Vendor::new(&client, &world, &shop.tenant, "admin").await;
        let body = json!({"name": "short", "scopes": ["products:read"], "expires_at": "2026-03-01T12:00:10Z"});
        let key = admin.post("/v1/api-keys", &body).await.json()["key"].as_str().unwrap().to_owned();
        for (seconds, status) in [(0, 200), (9, 200), (1, 401)] {
            world.clock.advance(seconds);
            let request = crate::client::request(poem::http::Method::GET, "/t/acme/v1/products");
            let answer = client.send(request.header("authorization", format!("Bearer {key}")).finish()).await;
            assert_eq!(answer.status, status);
        }
    }
}
