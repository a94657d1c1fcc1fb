//! For every operation of every document: whoever may not call it gets nothing and changes nothing.

use std::collections::BTreeSet;

use licensing::Call;
use model::{Scope, Scopes};
use testkit::{World, on_both};

use crate::{
    client::Answer,
    swept::{Caller, Operation, Vendor, With, client, dump, key, operations},
};

/// The operations that ask for no credential of their own: apps call them, with a license key among the parameters. This
/// list may only become shorter.
const OPEN: [&str; 13] = [
    "delete /api/v1/license/deactivate",
    "delete /api/v1/licenses/deactivate",
    "get /.well-known/jwks.json",
    "get /api/check",
    "get /api/v1/licenses/first_check",
    "get /api/v1/licenses/last_check",
    "post /api/activate",
    "post /api/v1/licenses/activate",
    "post /api/v1/licenses/validate",
    "post /v1/activate",
    "post /v1/deactivate",
    "post /v1/leases/refresh",
    "post /v1/validate",
];

/// The operations that ask for an API key, each with its scope.
fn scoped() -> Vec<(Operation, Scope)> {
    let scope = |operation: Operation| match operation.caller() {
        Caller::ApiKey(scope) => Some((operation, scope)),
        Caller::Anyone | Caller::Operator => None,
    };
    operations().into_iter().filter_map(scope).collect()
}

/// The operations that anyone may call.
fn open() -> Vec<Operation> {
    operations().into_iter().filter(|operation| operation.caller() == Caller::Anyone).collect()
}

#[test]
fn the_open_operations_are_the_listed_ones() {
    let open: BTreeSet<String> = open().into_iter().map(|operation| operation.name).collect();
    assert_eq!(open, OPEN.iter().map(|name| (*name).to_owned()).collect());
}

fn refused(answer: &Answer, name: &str, what: &str, status: u16, code: &str) {
    assert_eq!((answer.status, &*answer.code()), (status, code), "{name}, {what}: {}", answer.text);
    let challenge = (status == 401).then_some("Bearer");
    assert_eq!(answer.header("www-authenticate"), challenge, "{name}, {what}");
}

/// The credentials that are none, each with what is wrong with it.
async fn bad_credentials(vendor: &Vendor<'_>, other: &Vendor<'_>) -> Vec<(&'static str, String)> {
    let (shop, world) = (&vendor.shop, vendor.shop.world);
    let good = vendor.admin.strip_prefix("Bearer ").unwrap();
    let flipped = |at: usize| {
        let mut text = good.to_owned().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        format!("Bearer {}", String::from_utf8(text).unwrap())
    };
    let expired = key(shop, Scopes::admin(), Some(world.clock.now().plus_seconds(60))).await.1;
    world.clock.advance(60);
    let revoked = key(shop, Scopes::admin(), None).await;
    world.licensing.revoke_api_key(&shop.tenant, &Call::operator(), revoked.0).await.unwrap();
    vec![
        ("no scheme", good.to_owned()),
        ("nothing behind the scheme", "Bearer".to_owned()),
        ("another scheme", format!("Basic {good}")),
        ("too short", format!("Bearer {}", &good[..good.len() - 1])),
        ("too long", format!("Bearer {good}A")),
        ("another prefix", format!("Bearer {}", good.replacen("lh_", "lx_", 1))),
        ("two keys", format!("Bearer {good} {good}")),
        ("an unknown name", flipped(5)),
        ("another secret", flipped(20)),
        ("expired", expired),
        ("revoked", revoked.1),
        ("of another tenant", other.admin.clone()),
    ]
}

on_both! {
    async fn open_operations_want_no_credential(database: Database) {
        let world = World::new(database).await;
        let vendor = Vendor::new(&world, "acme").await;
        let client = client(&world);
        for operation in open() {
            let body = operation.example();
            let with = With { body: body.as_ref(), headers: &[] };
            let answer = operation.send(&client, &operation.path("acme", &vendor.names), None, with).await;
            assert_ne!(answer.status, 401, "{} needs no exception", operation.name);
        }
    }

    async fn nothing_without_a_good_credential(database: Database) {
        let world = World::new(database).await;
        let vendor = Vendor::new(&world, "acme").await;
        let other = Vendor::new(&world, "brix").await;
        let bad = bad_credentials(&vendor, &other).await;
        let client = client(&world);
        let before = dump(&world).await;
        let guarded = operations().into_iter().filter(|operation| operation.caller() != Caller::Anyone);
        for operation in guarded {
            let path = operation.path("acme", &vendor.names);
            let body = operation.example().map(|body| vendor.fit(body));
            let with = With { body: body.as_ref(), headers: &[] };
            let answer = operation.send(&client, &path, None, with).await;
            refused(&answer, &operation.name, "without", 401, "unauthorized");
            let wrong_kind = match operation.caller() {
                Caller::Operator => &vendor.admin,
                Caller::ApiKey(_) | Caller::Anyone => &vendor.operator,
            };
            let wrong_kind = ("the key of another door", wrong_kind.clone());
            for (what, credential) in bad.iter().chain([&wrong_kind]) {
                let answer = operation.send(&client, &path, Some(credential), with).await;
                refused(&answer, &operation.name, what, 401, "unauthorized");
                let secret = credential.rsplit(['_', ' ']).next().unwrap();
                let repeats = secret.len() > 20 && answer.text.contains(secret);
                assert!(!repeats, "{}, {what}: the answer repeats it", operation.name);
            }
            assert!(before == dump(&world).await, "{} changed something", operation.name);
        }
    }

    async fn nothing_without_the_scope(database: Database) {
        let world = World::new(database).await;
        let vendor = Vendor::new(&world, "acme").await;
        let client = client(&world);
        let mut keys = Vec::new();
        for scope in Scope::ALL {
            let all_others =
                Scope::ALL.iter().copied().filter(|other| other != scope && *other != Scope::Admin);
            let without = key(&vendor.shop, Scopes::new(all_others).unwrap(), None).await.1;
            let only = key(&vendor.shop, Scopes::new([*scope]).unwrap(), None).await.1;
            keys.push((*scope, without, only));
        }
        let before = dump(&world).await;
        for (operation, scope) in scoped() {
            let (_, without, _) = keys.iter().find(|(known, ..)| *known == scope).unwrap();
            let path = operation.path("acme", &vendor.names);
            let body = operation.example().map(|body| vendor.fit(body));
            let with = With { body: body.as_ref(), headers: &[] };
            let answer = operation.send(&client, &path, Some(without), with).await;
            refused(&answer, &operation.name, "without the scope", 403, "insufficient_scope");
        }
        assert!(before == dump(&world).await, "something was changed");
        // The documented scope suffices. A body that means nothing changes nothing.
        for (operation, scope) in scoped() {
            let (_, _, only) = keys.iter().find(|(known, ..)| *known == scope).unwrap();
            let path = operation.path("acme", &vendor.names);
            let nonsense = serde_json::json!({"nonsense": 1});
            let with = With { body: operation.example().is_some().then_some(&nonsense), headers: &[] };
            let answer = operation.send(&client, &path, Some(only), with).await;
            assert!(![401, 403].contains(&answer.status), "{}: {}", operation.name, answer.text);
        }
    }

    async fn nothing_of_another_tenant(database: Database) {
        let world = World::new(database).await;
        let vendor = Vendor::new(&world, "acme").await;
        let other = Vendor::new(&world, "brix").await;
        let client = client(&world);
        let before = dump(&world).await;
        for (operation, _) in scoped() {
            if operation.parameters("path").is_empty() {
                continue;
            }
            let path = operation.path("acme", &other.names);
            let body = operation.example().map(|body| vendor.fit(body));
            for headers in [&[][..], &[("if-match", "*")]] {
                let with = With { body: body.as_ref(), headers };
                let answer = operation.send(&client, &path, Some(&vendor.admin), with).await;
                refused(&answer, &operation.name, "a thing of another tenant", 404, "resource_not_found");
            }
        }
        assert!(before == dump(&world).await, "something was changed");
    }

    async fn nothing_at_a_suspended_tenant(database: Database) {
        let world = World::new(database).await;
        let vendor = Vendor::new(&world, "acme").await;
        let client = client(&world);
        let mut raw = world.database.raw().await;
        raw.execute("UPDATE tenants SET state = 'suspended' WHERE slug = 'acme'").await;
        let before = dump(&world).await;
        for operation in operations() {
            if operation.is_older || operation.caller() == Caller::Operator {
                continue;
            }
            let path = operation.path("acme", &vendor.names);
            let body = operation.example().map(|body| vendor.fit(body));
            let with = With { body: body.as_ref(), headers: &[] };
            for credential in [None, Some(&*vendor.admin)] {
                let answer = operation.send(&client, &path, credential, with).await;
                refused(&answer, &operation.name, "at a suspended tenant", 404, "tenant_not_found");
            }
        }
        assert!(before == dump(&world).await, "something was changed");
    }
}
