//! Lists of licenses in the management API: filters, orders, cursors.

use licensing::{Call, StateChange};
use model::PolicyRules;
use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{client::Client, vendor::Vendor};

/// The numbers of the licenses of a whole list, read piece by piece.
async fn numbers(vendor: &Vendor<'_>, query: &str, limit: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let piece = vendor.get(&format!("/v1/licenses?limit={limit}{query}{cursor}")).await;
        assert_eq!(piece.status, 200, "{query}: {}", piece.text);
        let piece = piece.json();
        let items = piece["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        seen.extend(items.iter().map(|item| item["number"].as_u64().unwrap()));
        match piece.get("next_cursor") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => return seen,
        }
        assert_eq!(items.len(), limit, "a piece that is not the last is full");
    }
}

on_both! {
    async fn licenses_are_listed_by_every_filter_and_order(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        for policy in ["standard", "pro"] {
            shop.policy(policy, PolicyRules::default()).await;
        }
        let customer = shop.customer("CLIENT-1").await;
        let other = world.shop("other").await;
        other.license_with(PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:read licenses:write").await;
        let mut keys = Vec::new();
        for sent in [
            json!({"policy": "standard", "metadata": {"Order ID": "A&1", "shop": "x"}}),
            json!({"policy": "pro", "customer": customer.id.to_string(), "expires_at": "2026-06-01T00:00:00Z"}),
            json!({"policy": "standard", "customer": customer.id.to_string(), "expires_at": "2026-05-01T00:00:00Z"}),
            json!({"policy": "pro", "metadata": {"Order ID": "A&2"}}),
            json!({"policy": "standard", "expires_at": "2026-05-01T00:00:00Z"}),
        ] {
            world.clock.advance(1);
            let made = vendor.post("/v1/licenses", &sent).await.json();
            keys.push((made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned()));
        }
        let id = keys[4].0.parse().unwrap();
        let suspend = StateChange::Suspend;
        world.licensing.change_license_state(&shop.tenant, &Call::operator(), id, suspend).await.unwrap();
        // Checked in another order than they were made in.
        for place in [3, 1] {
            world.clock.advance(60);
            let check = json!({"key": keys[place].1, "product": "app"});
            assert_eq!(client.post("/t/acme/v1/validate", &check).await.status, 200);
            world.licensing.flush_checks().await.unwrap();
        }
        let customer = format!("&customer={}", customer.id);
        for (query, expected) in [
            ("", &[1, 2, 3, 4, 5][..]),
            ("&sort=created_at", &[1, 2, 3, 4, 5]),
            ("&sort=-created_at", &[5, 4, 3, 2, 1]),
            ("&sort=expires_at", &[3, 5, 2, 1, 4]),
            ("&sort=-expires_at", &[4, 1, 2, 5, 3]),
            ("&sort=last_checked_at", &[1, 3, 5, 4, 2]),
            ("&sort=-last_checked_at&product=app", &[2, 4, 5, 3, 1]),
            ("&product=app", &[1, 2, 3, 4, 5]),
            ("&product=none", &[]),
            ("&sort=last_checked_at&product=none", &[]),
            ("&policy=pro", &[2, 4]),
            ("&policy=pro&sort=-expires_at", &[4, 2]),
            ("&policy=theirs", &[]),
            (&customer, &[2, 3]),
            (&format!("{customer}&sort=expires_at&state=active"), &[3, 2]),
            ("&state=suspended", &[5]),
            ("&state=revoked", &[]),
            ("&state=active&product=app&sort=-created_at", &[4, 3, 2, 1]),
            ("&expires_before=2026-06-01T00:00:00Z", &[3, 5]),
            ("&expires_after=2026-05-01T00:00:00Z&sort=-expires_at", &[2, 5, 3]),
            ("&expires_after=2026-05-01T00:00:00.000001Z", &[2]),
            ("&expires_after=2026-05-01T00:00:00Z&expires_before=2026-05-02T00:00:00%2B02:00&state=active", &[3]),
            ("&metadata_name=Order+ID", &[1, 4]),
            ("&metadata_name=Order%20ID&sort=-created_at", &[4, 1]),
            ("&metadata_name=Order%20ID&metadata_value=A%262", &[4]),
            ("&metadata_name=order%20id", &[]),
        ] {
            for limit in [1, 2, 100] {
                assert_eq!(numbers(&vendor, query, limit).await, expected, "{query}");
            }
        }
        let shown = vendor.get("/v1/licenses?limit=1").await.json()["items"][0].clone();
        assert_eq!(shown, vendor.get(&format!("/v1/licenses/{}", keys[0].0)).await.json());
    }

    async fn what_no_index_serves_and_what_is_malformed_is_refused(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.license_with(PolicyRules::default()).await;
        shop.license("standard").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:read").await;
        let next = |query: String| {
            let vendor = &vendor;
            async move { vendor.get(&query).await.json()["next_cursor"].as_str().unwrap().to_owned() }
        };
        let by_creation = next("/v1/licenses?limit=1".to_owned()).await;
        let by_expiry = next("/v1/licenses?limit=1&sort=expires_at".to_owned()).await;
        let (of_another, id) = (format!("sort=expires_at&cursor={by_creation}"), "0196a1c4-0b52-7c7e-9d6a-1c2f3e4a5b60");
        for bad in [
            "product=app&policy=standard",
            &format!("product=app&customer={id}"),
            "product=A",
            "policy=",
            "customer=CLIENT-1",
            "state=expired",
            "expires_before=tomorrow",
            "expires_before=2026-06-01T00:00:00Z&sort=created_at",
            "expires_after=2026-06-01T00:00:00Z&sort=last_checked_at",
            "metadata_value=1",
            "metadata_name=",
            "metadata_name=a&product=app",
            "metadata_name=a&state=active",
            "metadata_name=a&sort=expires_at",
            "metadata_name=a&expires_before=2026-06-01T00:00:00Z",
            "sort=last_checked_at&state=active",
            "sort=last_checked_at&policy=standard",
            "sort=number",
            "sort=--created_at",
            "key=AAAA-BBBB",
            "limit=101",
            "cursor=AAAA",
            &of_another,
            &format!("sort=-created_at&cursor={by_creation}"),
            &format!("state=active&cursor={by_creation}"),
            &format!("cursor={by_expiry}"),
            &format!("cursor={by_creation}AAAAAAAAAAA"),
        ] {
            let refused = vendor.get(&format!("/v1/licenses?{bad}")).await;
            assert_eq!((refused.status, refused.code().as_str()), (400, "bad_parameter"), "{bad}: {}", refused.text);
        }
        let good: Value = vendor.get(&format!("/v1/licenses?cursor={by_creation}")).await.json();
        assert_eq!(good["items"].as_array().unwrap().len(), 1);
        let writer = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        assert_eq!(writer.get("/v1/licenses").await.code(), "insufficient_scope");
        assert_eq!(vendor.at("none").get("/v1/licenses").await.code(), "tenant_not_found");
    }
}
