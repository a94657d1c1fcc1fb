//! Machines in the management API.

use model::{Limit, PolicyRules, SeatKind};
use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{
    client::{Answer, Client},
    vendor::Vendor,
};

const SCOPES: &str = "machines:read machines:write";

fn items(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

fn fingerprints(answer: &Answer) -> Vec<String> {
    items(answer).iter().map(|item| item["fingerprint"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn machines_are_listed_with_all_that_is_known_of_them(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let stranger = world.shop("other").await;
        let rules = PolicyRules { seats: Limit::Unlimited, ..PolicyRules::default() };
        let (license, key) = shop.license_with(rules.clone()).await;
        let (second, second_key) = shop.license("standard").await;
        let (_, strange_key) = stranger.license_with(rules).await;
        stranger.activate(&strange_key, 9).await.unwrap();
        for number in [1, 2, 3] {
            shop.activate(&key, number).await.unwrap();
            world.clock.advance(1);
        }
        shop.activate(&second_key, 4).await.unwrap();
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, SCOPES).await;

        let all = vendor.get("/v1/machines").await;
        assert_eq!(fingerprints(&all), ["machine-1", "machine-2", "machine-3", "machine-4"]);
        let third = items(&all)[2].clone();
        let id = third["id"].as_str().unwrap().to_owned();
        assert_eq!(third["license"], license.id.to_string());
        assert_eq!((&third["state"], &third["holds_seat"], &third["checks"]), (&json!("active"), &json!(true), &json!(0)));
        assert_eq!(third["activated_at"], "2026-03-01T12:00:02Z");
        assert_eq!(third["lease"]["expires_at"], "2026-03-15T12:00:02Z");
        assert_eq!(third["lease"]["key_id"].as_str().unwrap().len(), 43);
        for absent in ["name", "deactivated_at", "first_checked_at", "last_checked_from", "first_start_at", "metadata"] {
            assert!(third.get(absent).is_none(), "{absent}");
        }
        let shown = vendor.get(&format!("/v1/machines/{id}")).await;
        assert_eq!((shown.status, shown.header("etag")), (200, Some("\"1\"")));
        assert_eq!(shown.json(), third);

        let newest = vendor.get("/v1/machines?sort=-created_at&limit=2").await;
        assert_eq!(fingerprints(&newest), ["machine-4", "machine-3"]);
        let cursor = newest.json()["next_cursor"].as_str().unwrap().to_owned();
        let rest = vendor.get(&format!("/v1/machines?sort=-created_at&limit=2&cursor={cursor}")).await;
        assert_eq!(fingerprints(&rest), ["machine-2", "machine-1"]);
        assert!(rest.json().get("next_cursor").is_none());

        vendor.send("POST", &format!("/v1/machines/{id}/deactivate"), &[], None).await;
        let of = |query: String| { let vendor = &vendor; async move { vendor.get(&format!("/v1/machines?{query}")).await } };
        assert_eq!(fingerprints(&of(format!("license={}", second.id)).await), ["machine-4"]);
        assert_eq!(fingerprints(&of("state=deactivated".into()).await), ["machine-3"]);
        let both = of(format!("license={}&state=active", license.id)).await;
        assert_eq!(fingerprints(&both), ["machine-1", "machine-2"]);
        for bad in ["license=x", "state=gone", "name=x", "state=active&state=active", "fingerprint=machine-1"] {
            assert_eq!(of(bad.into()).await.status, 400, "{bad}");
        }
    }

    async fn a_machine_is_renamed_under_its_revision(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let (_, key) = shop.license_with(PolicyRules::default()).await;
        let id = shop.activate(&key, 1).await.unwrap().machine.id;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, SCOPES).await;
        let path = format!("/v1/machines/{id}");

        let renamed = vendor.send("PATCH", &path, &[("if-match", "\"1\"")], Some(&json!({"name": "Studio 3"}))).await;
        assert_eq!((renamed.status, renamed.header("etag")), (200, Some("\"2\"")), "{}", renamed.text);
        assert_eq!((&renamed.json()["name"], &renamed.json()["revision"]), (&json!("Studio 3"), &json!(2)));
        let stale = vendor.send("PATCH", &path, &[("if-match", "\"1\"")], Some(&json!({"name": "x"}))).await;
        assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
        assert_eq!(shop.activate(&key, 1).await.unwrap().machine.name.unwrap().as_str(), "Studio 3");
        assert_eq!(vendor.get(&path).await.header("etag"), Some("\"2\""), "what apps do does not count");
        assert_eq!(vendor.patch(&path, &json!({})).await.json()["name"], "Studio 3", "what is absent stays");
        let cleared = vendor.patch(&path, &json!({"clear": ["name"]})).await.json();
        assert!(cleared.get("name").is_none());
        for (body, pointer) in [
            (json!({"name": " "}), "/name"),
            (json!({"name": "x", "clear": ["name"]}), "/clear/0"),
            (json!({"state": "deactivated"}), "/state"),
            (json!({"fingerprint": "x"}), "/fingerprint"),
            (json!({"metadata": {}}), "/metadata"),
        ] {
            assert_eq!(vendor.patch(&path, &body).await.pointers(), [pointer]);
        }
    }

    async fn a_vendor_always_may_deactivate_and_it_uses_up_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let rules = PolicyRules { deactivation_limit: Limit::AtMost(0), ..PolicyRules::default() };
        let (license, key) = shop.license_with(rules).await;
        let id = shop.activate(&key, 1).await.unwrap().machine.id;
        shop.activate(&key, 2).await.unwrap_err();
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, SCOPES).await;
        world.licensing.change_license_state(
            &shop.tenant, &licensing::Call::operator(), license.id, licensing::StateChange::Suspend,
        ).await.unwrap();
        world.clock.advance(60);
        let path = format!("/v1/machines/{id}/deactivate");
        let done = vendor.send("POST", &path, &[], None).await;
        assert_eq!((done.status, done.header("etag")), (200, Some("\"2\"")), "{}", done.text);
        let machine = done.json();
        assert_eq!((&machine["state"], &machine["holds_seat"]), (&json!("deactivated"), &json!(false)));
        assert_eq!(machine["deactivated_at"], "2026-03-01T12:01:00Z");
        world.clock.advance(60);
        let again = vendor.send("POST", &path, &[], None).await;
        assert_eq!((again.status, again.json()), (200, machine), "nothing changes");

        let details = world.licensing.license(&shop.tenant, license.id).await.unwrap();
        assert_eq!((details.seats_used, details.license.deactivations_used), (0, 0));
        let mut tx = world.database.store.read(shop.tenant.id).await.unwrap();
        let events = tx.events().of_license(license.id, 100).await.unwrap();
        let told: Vec<_> = events.iter().filter(|event| event.action == model::Action::MachineDeactivate).collect();
        assert_eq!(told.len(), 1, "once");
        assert_eq!(told[0].actor, model::Actor::ApiKey(vendor.key.id));
        drop(tx);

        world.licensing.change_license_state(
            &shop.tenant, &licensing::Call::operator(), license.id, licensing::StateChange::Reinstate,
        ).await.unwrap();
        shop.activate(&key, 2).await.unwrap();
    }

    async fn a_floating_seat_is_held_while_its_lease_lives(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let rules = PolicyRules { seat_kind: SeatKind::Floating, ..PolicyRules::default() };
        let (_, key) = shop.license_with(rules).await;
        let id = shop.activate(&key, 1).await.unwrap().machine.id;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "machines:read").await;
        for (seconds, holds) in [(0, true), (17 * 86_400 - 1, true), (1, false)] {
            world.clock.advance(seconds);
            let shown = vendor.get(&format!("/v1/machines/{id}")).await.json();
            assert_eq!((&shown["holds_seat"], &shown["state"]), (&json!(holds), &json!("active")));
        }
    }

    async fn nobody_reaches_machines_of_others_or_without_the_scope(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let (_, key) = shop.license_with(PolicyRules::default()).await;
        let activated = shop.activate(&key, 1).await.unwrap();
        let (id, license) = (activated.machine.id, activated.license.license.id);
        let client = Client::new(&world, None);
        let stranger = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let reader = Vendor::new(&client, &world, &shop.tenant, "machines:read").await;
        let unscoped = Vendor::new(&client, &world, &shop.tenant, "licenses:read licenses:write").await;
        let before = world.database.raw().await.dump_tenant(shop.tenant.id).await;
        let (one, end) = (format!("/v1/machines/{id}"), format!("/v1/machines/{id}/deactivate"));
        for (method, path, body) in [
            ("GET", &one, None),
            ("PATCH", &one, Some(json!({"name": "mine"}))),
            ("POST", &end, None),
        ] {
            assert_eq!(stranger.send(method, path, &[], body.as_ref()).await.code(), "resource_not_found");
            assert_eq!(stranger.at("acme").send(method, path, &[], body.as_ref()).await.code(), "unauthorized");
            assert_eq!(unscoped.send(method, path, &[], body.as_ref()).await.code(), "insufficient_scope");
            if method != "GET" {
                assert_eq!(reader.send(method, path, &[], body.as_ref()).await.code(), "insufficient_scope");
            }
        }
        assert_eq!(items(&stranger.get(&format!("/v1/machines?license={license}")).await), [Value::Null; 0]);
        assert_eq!(world.database.raw().await.dump_tenant(shop.tenant.id).await, before);
    }
}
