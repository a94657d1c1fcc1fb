//! Signing keys in the management API.

use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{
    client::{Answer, Client},
    vendor::Vendor,
};

/// The states of all keys, oldest first.
async fn states(vendor: &Vendor<'_>) -> Vec<String> {
    let answer = vendor.get("/v1/signing-keys").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["state"].as_str().unwrap().to_owned())
        .collect()
}

async fn kid(vendor: &Vendor<'_>, state: &str) -> String {
    let keys = vendor.get("/v1/signing-keys").await.json();
    let keys = keys["items"].as_array().unwrap().clone();
    keys.iter().find(|key| key["state"] == state).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn act(vendor: &Vendor<'_>, kid: &str, action: &str) -> Answer {
    vendor.send("POST", &format!("/v1/signing-keys/{kid}/{action}"), &[], None).await
}

async fn published(client: &Client) -> Vec<String> {
    let keys = client.get("/t/acme/.well-known/jwks.json").await.json();
    let mut kids: Vec<_> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    kids.sort();
    kids
}

fn sorted(kids: &[&String]) -> Vec<String> {
    let mut kids: Vec<String> = kids.iter().map(|kid| (*kid).clone()).collect();
    kids.sort();
    kids
}

on_both! {
    async fn a_signing_key_lives(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "signing_keys:read signing_keys:write").await;
        let (first, second) = (kid(&vendor, "active").await, kid(&vendor, "next").await);
        let taken = vendor.send("POST", "/v1/signing-keys", &[], None).await;
        assert_eq!((taken.status, taken.code().as_str()), (409, "conflict"), "there is a next one");

        world.clock.advance(1);
        let activated = act(&vendor, &second, "activate").await;
        assert_eq!((activated.status, &activated.json()["state"]), (200, &json!("active")), "{}", activated.text);
        assert_eq!(activated.json()["activated_at"], "2026-03-01T12:00:01Z");
        let again = act(&vendor, &second, "activate").await;
        assert_eq!((again.status, again.json()), (200, activated.json()), "nothing changes");
        let old = vendor.get(&format!("/v1/signing-keys/{first}")).await.json();
        assert_eq!((&old["state"], &old["retired_at"]), (&json!("retired"), &json!("2026-03-01T12:00:01Z")));
        assert_eq!(published(&client).await, sorted(&[&first, &second]), "there is no next key by itself");
        assert_eq!(act(&vendor, &first, "activate").await.code(), "conflict", "it does not come back");
        for action in ["retire", "revoke"] {
            assert_eq!(act(&vendor, &second, action).await.code(), "conflict", "no other could sign");
        }

        world.clock.advance(1);
        let headers = [("idempotency-key", "rotation-1")];
        let made = vendor.send("POST", "/v1/signing-keys", &headers, None).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let third = made.json()["kid"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), Some(format!("/t/acme/v1/signing-keys/{third}").as_str()));
        let replayed = vendor.send("POST", "/v1/signing-keys", &headers, None).await;
        assert_eq!((replayed.status, &replayed.text), (201, &made.text));
        assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
        let shown = vendor.get(&format!("/v1/signing-keys/{third}")).await.json();
        assert_eq!(shown, made.json());
        let names: Vec<&String> = shown.as_object().unwrap().keys().collect();
        assert_eq!(names, ["created_at", "kid", "state", "x"], "and no private half");

        let revoked = act(&vendor, &second, "revoke").await;
        assert_eq!((revoked.status, &revoked.json()["state"]), (200, &json!("revoked")));
        assert_eq!(act(&vendor, &second, "revoke").await.json(), revoked.json(), "nothing changes");
        assert_eq!(states(&vendor).await, ["retired", "revoked", "active"], "the next one signs");
        assert_eq!(published(&client).await, sorted(&[&first, &third]));
        for action in ["activate", "retire"] {
            assert_eq!(act(&vendor, &second, action).await.code(), "conflict", "revoked is for good");
        }

        world.clock.advance(1);
        let fourth = vendor.send("POST", "/v1/signing-keys", &[], None).await.json()["kid"].as_str().unwrap().to_owned();
        assert_eq!(act(&vendor, &fourth, "retire").await.json()["state"], "retired");
        assert_eq!(published(&client).await, sorted(&[&first, &third]), "a next key that is withdrawn is not published");
        world.clock.advance(1);
        let fifth = vendor.send("POST", "/v1/signing-keys", &[], None).await.json()["kid"].as_str().unwrap().to_owned();
        assert_eq!(act(&vendor, &third, "retire").await.json()["state"], "retired");
        assert_eq!(states(&vendor).await, ["retired", "revoked", "retired", "retired", "active"]);
        assert_eq!(published(&client).await, sorted(&[&first, &third, &fifth]));
        act(&vendor, &first, "revoke").await;
        assert_eq!(published(&client).await, sorted(&[&third, &fifth]), "a retired key can be revoked");
    }

    async fn lists_come_in_pieces(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        for _ in 0..2 {
            world.clock.advance(1);
            world.licensing.rotate_keys(&shop.tenant, &licensing::Call::operator()).await.unwrap();
        }
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "signing_keys:read").await;
        let whole = vendor.get("/v1/signing-keys?limit=4").await.json();
        assert!(whole.get("next_cursor").is_none());
        let mut kids: Vec<Value> = whole["items"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
        for sort in ["created_at", "-created_at"] {
            let mut seen: Vec<Value> = Vec::new();
            let mut cursor = String::new();
            loop {
                let piece = vendor.get(&format!("/v1/signing-keys?limit=3&sort={sort}{cursor}")).await.json();
                seen.extend(piece["items"].as_array().unwrap().iter().map(|key| key["kid"].clone()));
                let Some(next) = piece.get("next_cursor") else { break };
                cursor = format!("&cursor={}", next.as_str().unwrap());
            }
            assert_eq!(seen, kids, "{sort}");
            kids.reverse();
        }
        assert_eq!(vendor.get("/v1/signing-keys?cursor=AAAA").await.code(), "bad_parameter");
    }

    async fn nobody_reaches_keys_of_others_or_without_the_scope(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        let client = Client::new(&world, None);
        let stranger = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let reader = Vendor::new(&client, &world, &shop.tenant, "signing_keys:read").await;
        let next = kid(&reader, "next").await;
        let before = world.database.raw().await.dump_tenant(shop.tenant.id).await;
        for action in ["activate", "retire", "revoke"] {
            assert_eq!(act(&stranger, &next, action).await.code(), "resource_not_found");
            assert_eq!(act(&stranger.at("acme"), &next, action).await.code(), "unauthorized");
            assert_eq!(act(&reader, &next, action).await.code(), "insufficient_scope");
            assert_eq!(act(&stranger, "no-kid", action).await.code(), "resource_not_found");
        }
        assert_eq!(stranger.get(&format!("/v1/signing-keys/{next}")).await.code(), "resource_not_found");
        assert_eq!(reader.send("POST", "/v1/signing-keys", &[], None).await.code(), "insufficient_scope");
        assert_eq!(world.database.raw().await.dump_tenant(shop.tenant.id).await, before);
    }
}
