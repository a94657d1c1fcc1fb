//! For every operation of the published document: a tenant's key tells another tenant nothing and changes nothing.

use std::collections::BTreeSet;

use leasehold_api::{client_document, framecad_document, mini_key_server_document};
use model::PolicyRules;
use poem::http::Method;
use serde_json::{Value, json};
use testkit::{Shop, World, on_both};

use crate::client::{Answer, Client, request};

/// How the sweep calls an operation with a key; `None` for those that take none.
type Case = fn(key: &str) -> Option<Value>;

/// One case for each operation. An operation without one fails the sweep.
const CASES: &[(&str, &str, &str, Case)] = &[
    ("activateLicense", "post", "/v1/activate", named),
    ("validateLicense", "post", "/v1/validate", named),
    ("refreshLease", "post", "/v1/leases/refresh", named),
    ("deactivateLicense", "post", "/v1/deactivate", named),
    ("getKeySet", "get", "/.well-known/jwks.json", |_| None),
];

fn named(key: &str) -> Option<Value> {
    Some(json!({"key": key, "product": "app", "fingerprint": "machine-1", "nonce": "0123456789"}))
}

/// The same for the APIs of older apps.
const OLD_CASES: &[(&str, &str, &str, Keys)] = &[
    ("activateKey", "post", "/api/activate", Keys::License),
    ("checkKey", "get", "/api/check", Keys::License),
    ("activateLicense", "post", "/api/v1/licenses/activate", Keys::AllThree),
    ("validateLicense", "post", "/api/v1/licenses/validate", Keys::LicenseAndClient),
    ("firstCheck", "get", "/api/v1/licenses/first_check", Keys::LicenseAndClient),
    ("lastCheck", "get", "/api/v1/licenses/last_check", Keys::LicenseAndClient),
    ("deactivateLicense", "delete", "/api/v1/license/deactivate", Keys::AllThree),
    ("deactivateLicenses", "delete", "/api/v1/licenses/deactivate", Keys::AllThree),
];

/// Which keys of a tenant an operation takes.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    License,
    LicenseAndClient,
    AllThree,
}

type Listed = BTreeSet<(String, String, String)>;

fn listed<'a>(rows: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> Listed {
    rows.map(|(id, method, path)| (id.to_owned(), method.to_owned(), path.to_owned())).collect()
}

fn described(documents: &[String]) -> Listed {
    let mut described = BTreeSet::new();
    for document in documents {
        let document: Value = serde_json::from_str(document).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            let methods = methods.as_object().unwrap().iter();
            let rows = methods.map(|(method, operation)| {
                (operation["operationId"].as_str().unwrap(), method.as_str(), path.as_str())
            });
            described.extend(listed(rows));
        }
    }
    described
}

#[test]
fn every_operation_has_a_case() {
    const ADVICE: &str = "an operation was added or removed: sweep it too";
    let swept = CASES.iter().map(|(id, method, path, _)| (*id, *method, *path));
    assert_eq!(described(&[client_document()]), listed(swept), "{ADVICE}");
    let swept = OLD_CASES.iter().map(|(id, method, path, _)| (*id, *method, *path));
    let documents = [mini_key_server_document(), framecad_document()];
    assert_eq!(described(&documents), listed(swept), "{ADVICE}");
}

/// An answer without what differs between any two requests.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let headers = answer
        .headers
        .iter()
        // The second of two requests has one fewer left, whatever it was about.
        .filter(|(name, _)| !["x-request-id", "ratelimit"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let mut body = answer.json();
    for member in ["request_id", "decision_id", "verdict"] {
        if let Some(value) = body.get_mut(member) {
            assert!(value.is_string());
            *value = json!("…");
        }
    }
    (answer.status, headers, body)
}

async fn state(shop: &Shop<'_>, license: model::LicenseId) -> String {
    format!("{:?}", shop.world.licensing.license(&shop.tenant, license).await.unwrap())
}

on_both! {
    async fn sweep(database: Database) {
        let world = World::new(database).await;
        let (acme, brix) = (world.shop("acme").await, world.shop("brix").await);
        let two_seats = || PolicyRules { seats: model::Limit::AtMost(2), ..PolicyRules::default() };
        let (acme_license, acme_key) = acme.license_with(two_seats()).await;
        let (brix_license, brix_key) = brix.license_with(two_seats()).await;
        acme.activate(&acme_key, 1).await.unwrap();
        brix.activate(&brix_key, 1).await.unwrap();
        // A well-formed key with a right check character that nobody has.
        let unknown = model::KeyFormat::Crockford5x5.generate([9; 16]);
        let client = Client::new(&world, None);
        let before = (state(&acme, acme_license.id).await, state(&brix, brix_license.id).await);

        for (here, foreign, owner) in [("acme", &brix_key, "brix"), ("brix", &acme_key, "acme")] {
            for (id, _, path, case) in CASES {
                let path = format!("/t/{here}{path}");
                let Some(request) = case(foreign.reveal()) else { continue };
                // On a connection that has just served the owner of the key.
                let served = client.post(&format!("/t/{owner}/v1/validate"), &request).await.json();
                assert_eq!(served["valid"], true);

                let answer = client.post(&path, &request).await;
                let nobodys = client.post(&path, &case(unknown.reveal()).unwrap()).await;
                assert_eq!(answer.code(), "not_found", "{id} at {here}");
                assert_eq!(comparable(&answer), comparable(&nobodys), "{id} at {here}");
                for secret in [acme_license.id, brix_license.id] {
                    assert!(!answer.text.contains(&secret.to_string()), "{id} at {here}");
                }
            }
        }
        let after = (state(&acme, acme_license.id).await, state(&brix, brix_license.id).await);
        assert_eq!(after, before, "nothing has changed");
    }

    async fn sweep_of_the_old_apis(database: Database) {
        let world = World::new(database).await;
        let (acme, brix) = (world.shop("acme").await, world.shop("brix").await);
        acme.customer("acme-client").await;
        brix.customer("brix-client").await;
        let (acme_license, acme_key) = acme.license_with(PolicyRules::default()).await;
        let (brix_license, brix_key) = brix.license_with(PolicyRules::default()).await;
        acme.activate(&acme_key, 1).await.unwrap();
        brix.activate(&brix_key, 1).await.unwrap();
        let product_key = async |shop: &Shop<'_>| {
            let code = model::ProductCode::parse("app").unwrap();
            world.licensing.product(&shop.tenant, &code).await.unwrap().product_key.as_str().to_owned()
        };
        let unknown = model::KeyFormat::Crockford5x5.generate([9; 16]);
        let client = Client::new(&world, None);
        let before = (state(&acme, acme_license.id).await, state(&brix, brix_license.id).await);

        // License, client and product key of the tenant here, and of the other one.
        let acmes = (acme_key.reveal(), "acme-client", &*product_key(&acme).await);
        let brixs = (brix_key.reveal(), "brix-client", &*product_key(&brix).await);
        for (here, own, foreign) in [("acme", acmes, brixs), ("brix", brixs, acmes)] {
            for (id, method, path, keys) in OLD_CASES {
                let ask = async |license: &str, client_key: &str, product_key: &str| {
                    let body = json!({
                        "token": license, "machine": "ICEBREAKER", "user": "sam", "hwid": "machine-1",
                        "license_key": license, "client_key": client_key, "machine_key": "machine-1",
                        "product_key": product_key,
                    });
                    let method: Method = method.to_uppercase().parse().unwrap();
                    let asked = request(method, &format!("/t/{here}{path}")).content_type("application/json");
                    client.send(asked.body(body.to_string())).await
                };
                let same = |foreign: Answer, nobodys: Answer| {
                    assert_eq!(comparable(&foreign), comparable(&nobodys), "{id} at {here}");
                    assert!(foreign.status >= 400, "{id} at {here}: {}", foreign.text);
                };
                same(ask(foreign.0, own.1, own.2).await, ask(unknown.reveal(), own.1, own.2).await);
                if matches!(keys, Keys::LicenseAndClient | Keys::AllThree) {
                    same(ask(own.0, foreign.1, own.2).await, ask(own.0, "nobodys-client", own.2).await);
                }
                if matches!(keys, Keys::AllThree) {
                    same(ask(own.0, own.1, foreign.2).await, ask(own.0, own.1, "NOBODYS-PRODUCT").await);
                }
            }
        }
        let after = (state(&acme, acme_license.id).await, state(&brix, brix_license.id).await);
        assert_eq!(after, before, "nothing has changed");
    }

    async fn numbers_of_products_are_apart(database: Database) {
        let world = World::new(database).await;
        let (acme, brix) = (world.shop("acme").await, world.shop("brix").await);
        brix.product("second").await;
        let (_, key) = acme.license_with(PolicyRules::default()).await;
        let client = Client::new(&world, None);
        let form = |number: u32| format!("token={}&machine=a&user=b&app_id={number}", key.reveal());
        assert_eq!(client.form("/t/acme/api/activate", &form(1)).await.status, 201);
        let (brixs, nobodys) = (
            client.form("/t/acme/api/activate", &form(2)).await,
            client.form("/t/acme/api/activate", &form(99)).await,
        );
        assert_eq!(comparable(&brixs), comparable(&nobodys));
        assert_eq!(brixs.json()["support_message"], Value::Null, "not that of the other tenant's product");
    }

    async fn key_sets_are_apart(database: Database) {
        let world = World::new(database).await;
        world.shop("acme").await;
        world.shop("brix").await;
        let client = Client::new(&world, None);
        let kids = async |slug: &str| -> BTreeSet<String> {
            let keys = client.get(&format!("/t/{slug}/.well-known/jwks.json")).await.json();
            let keys = keys["keys"].as_array().unwrap().iter();
            keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
        };
        let (acme, brix) = (kids("acme").await, kids("brix").await);
        assert_eq!((acme.len(), brix.len()), (2, 2));
        assert!(acme.is_disjoint(&brix));
    }
}
