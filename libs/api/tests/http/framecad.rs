//! The FrameCAD API: the requests of its document, and the life of a license.

use model::{Action, Outcome, Reason};
use poem::http::Method;
use serde_json::{Value, json};
use testkit::on_both;

use crate::{
    client::{Answer, Client, request},
    demo::{Demo, FRAMECAD_KEYS, PRODUCT_KEY, SECOND_TESTER, TEN, TESTER},
};

const KEY: &str = FRAMECAD_KEYS[0];

pub(crate) fn said(client: &str, license: &str, machine: &str) -> Value {
    json!({"client_key": client, "license_key": license, "machine_key": machine, "product_key": PRODUCT_KEY})
}

pub(crate) fn at(path: &str) -> String {
    format!("/t/demo/api/v1/{path}")
}

pub(crate) async fn activate(client: &Client, body: &Value) -> Answer {
    client.call("POST", &at("licenses/activate"), body).await
}

pub(crate) async fn validate(client: &Client, body: &Value) -> Answer {
    client.call("POST", &at("licenses/validate"), body).await
}

pub(crate) async fn deactivate(client: &Client, body: &Value) -> Answer {
    client.call("DELETE", &at("license/deactivate"), body).await
}

on_both! {
    /// Copied from the document, with the quotes repaired that are not JSON.
    async fn the_documented_requests(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, Some("demo"));
        let as_printed = json!({
            "client_key": "E3200EA9C4D291CA", "license_key": "H7AS-6IS8-R3V1-V6B9", "machine_key": "XXXXXXXXXXXXXXXXXXXXX",
        });
        let answer = client.call("POST", "/api/v1/licenses/activate", &as_printed).await;
        assert_eq!((answer.status, answer.number()), (422, 10), "its own example names no product");
        let as_printed = json!({"client_key": "E3200EA9C4D291CB", "license_key": "H7AS-6IS8-R3V1-V6B8"});
        let answer = client.call("POST", "/api/v1/licenses/validate", &as_printed).await;
        assert_eq!((answer.status, answer.number()), (403, 12), "a client that is not among the data");
        let as_printed = json!({
            "client_key": "E3200EA9C4D291CB", "license_key": "H7AS-6IS8-R3V1-V6B8",
            "machine_key": "XXXXXXXXXXXXXXXXXXXXX", "product_key": "XXXXXXXXXXXXXXXXXXXXX",
        });
        let answer = client.call("DELETE", "/api/v1/license/deactivate", &as_printed).await;
        assert_eq!((answer.status, answer.number()), (403, 12));

        for key in FRAMECAD_KEYS {
            let answer = client.call("POST", "/api/v1/licenses/activate", &said(TESTER, key, "KOKOLALA")).await;
            assert_eq!((answer.status, answer.number()), (200, 0), "{}", answer.text);
        }
        let answer = client.call("POST", "/api/v1/licenses/validate", &said(TESTER, KEY, "KOKOLALA")).await;
        let id = demo.details(KEY).await.0.number;
        let expected = json!({
            "message": "License key HIOZ-W7RA-JNET-X039 is activated and valid",
            "license": {
                "id": id, "reserved": false, "license_key": KEY, "machine_key": "KOKOLALA",
                "expiration_date": "2027-03-01T12:00:00.000Z", "status": "activated",
                "created_at": "2026-03-01T12:00:00.000Z", "updated_at": "2026-03-01T12:00:00.000Z", "client_id": 1,
            },
            "now": "2026-03-01T12:00:00.000+00:00",
            "code": 0,
        });
        assert_eq!((answer.status, answer.json()), (200, expected));

        let taken = said(SECOND_TESTER, KEY, "KOKOLALA");
        let answer = client.call("POST", "/api/v1/licenses/activate", &taken).await;
        let expected = json!({
            "message": "License key HIOZ-W7RA-JNET-X039 has already been taken by another user",
            "code": 2,
            "now": "2026-03-01T12:00:00.000+00:00",
            "license": {
                "id": id, "reserved": false, "license_key": KEY, "machine_key": null,
                "expiration_date": "2027-03-01T12:00:00.000Z", "status": "activated",
                "created_at": "2026-03-01T12:00:00.000Z", "updated_at": "2026-03-01T12:00:00.000Z", "client_id": null,
            },
        });
        assert_eq!((answer.status, answer.json()), (409, expected));

        demo.world.clock.advance(1);
        let answer = client.call("DELETE", "/api/v1/license/deactivate", &said(TESTER, KEY, "KOKOLALA")).await;
        let expected = json!({
            "message": "License key HIOZ-W7RA-JNET-X039 was deactivated by user 3D9AACA84BEC559A.",
            "code": 9,
            "now": "2026-03-01T12:00:01.000+00:00",
            "license": {
                "id": id, "reserved": false, "license_key": KEY, "machine_key": null, "expiration_date": null,
                "status": "deactivated", "created_at": "2026-03-01T12:00:00.000Z",
                "updated_at": "2026-03-01T12:00:01.000Z", "client_id": null,
            },
        });
        assert_eq!((answer.status, answer.json()), (200, expected));
    }

    async fn deactivating_and_activating_again_never_buys_a_new_term(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let first = activate(&client, &said(TESTER, KEY, "m-1")).await.json();
        assert_eq!(first["license"]["expiration_date"], "2027-03-01T12:00:00.000Z");
        for (client_key, machine) in [(TESTER, "m-1"), (TESTER, "m-2"), (SECOND_TESTER, "m-3")] {
            demo.world.clock.advance(30 * 86_400);
            let again = activate(&client, &said(client_key, KEY, machine)).await;
            assert_eq!(again.number(), 0, "{}", again.text);
            assert_eq!(again.json()["license"]["expiration_date"], "2027-03-01T12:00:00.000Z");
            let gone = deactivate(&client, &said(client_key, KEY, machine)).await;
            assert_eq!((gone.status, gone.number()), (200, 9));
            assert_eq!(gone.json()["license"]["expiration_date"], Value::Null);
        }
        demo.world.clock.advance(300 * 86_400);
        assert_eq!(activate(&client, &said(TESTER, KEY, "m-1")).await.number(), 4);
    }

    async fn checks_are_counted_and_first_and_last_ones_noted(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        activate(&client, &said(TESTER, KEY, "m-1")).await;
        let query = format!("client_key={TESTER}&license_key={KEY}&machine_key=m-1");
        let marks = async || {
            let machine = demo.machine(KEY, "m-1").await;
            let mut tx = demo.world.database.store.read(demo.tenant.id).await.unwrap();
            let (start, end) = tx.machines().marks(machine.id).await.unwrap();
            (start.map(|at| at.to_string()), end.map(|at| at.to_string()))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(marks().await, (None, None));
        validate(&client, &said(TESTER, KEY, "m-1")).await;
        assert_eq!(marks().await, (None, None));
        for (path, expected) in [
            ("first_check", (some("2026-03-01T12:00:10Z"), None)),
            ("first_check", (some("2026-03-01T12:00:10Z"), None)),
            ("last_check", (some("2026-03-01T12:00:10Z"), some("2026-03-01T12:00:30Z"))),
            ("last_check", (some("2026-03-01T12:00:10Z"), some("2026-03-01T12:00:40Z"))),
        ] {
            demo.world.clock.advance(10);
            let answer = client.get(&at(&format!("licenses/{path}?{query}"))).await;
            assert_eq!((answer.status, answer.number()), (200, 0), "{}", answer.text);
            assert_eq!(marks().await, expected, "{path}");
        }
        let body = said(TESTER, KEY, "m-1");
        let answer = client.call("GET", &at("licenses/first_check"), &body).await;
        assert_eq!((answer.status, answer.number()), (200, 0), "a body is taken too");
        let answer = client.get(&at(&format!("licenses/last_check?client_key={TESTER}&license_key={KEY}&machine_key=m-2"))).await;
        assert_eq!((answer.status, answer.number()), (403, 7));
        assert_eq!(marks().await.1, some("2026-03-01T12:00:40Z"), "only valid checks are noted");

        demo.world.licensing.flush_checks().await.unwrap();
        let id = demo.id(KEY).await;
        let mut tx = demo.world.database.store.read(demo.tenant.id).await.unwrap();
        assert_eq!(tx.checks().of_license(id).await.unwrap().unwrap().count, 7);
    }

    async fn both_spellings_and_both_places_deactivate(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        for path in ["license/deactivate", "licenses/deactivate"] {
            let query = format!("client_key={TESTER}&license_key={KEY}&machine_key=m-1&product_key={PRODUCT_KEY}");
            let body = said(TESTER, KEY, "m-1");
            activate(&client, &body).await;
            let answer = client.call("DELETE", &at(path), &body).await;
            assert_eq!((answer.status, answer.number()), (200, 9), "{path}");
            activate(&client, &body).await;
            let asked = request(Method::DELETE, &at(&format!("{path}?{query}"))).finish();
            let answer = client.send(asked).await;
            assert_eq!((answer.status, answer.number()), (200, 9), "{path}: {}", answer.text);
            let answer = client.call("DELETE", &at(path), &body).await;
            assert_eq!((answer.status, answer.number()), (200, 9), "twice is the same");
        }
    }

    async fn the_apis_see_each_others_activations(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let native = |key: &str, product: &str| json!({"key": key, "product": product, "fingerprint": "m-1"});
        let valid = async |key: &str, product: &str| {
            client.post("/t/demo/v1/validate", &native(key, product)).await.json()["valid"].as_bool().unwrap()
        };
        let old_check = async |key: &str| {
            let query = format!("token={key}&machine=ICEBREAKER&user=sam&hwid=m-1");
            client.get(&format!("/t/demo/api/check?{query}")).await.status
        };

        // By FrameCAD, seen by the two others; given back natively, seen by FrameCAD.
        assert!(!valid(KEY, "framecad").await);
        assert_eq!(activate(&client, &said(TESTER, KEY, "m-1")).await.number(), 0);
        assert!(valid(KEY, "framecad").await);
        assert_eq!(old_check(KEY).await, 201);
        assert_eq!(client.post("/t/demo/v1/deactivate", &native(KEY, "framecad")).await.status, 200);
        assert_eq!(validate(&client, &said(TESTER, KEY, "m-1")).await.number(), 9);
        assert_eq!(old_check(KEY).await, 404);

        // Natively, seen by FrameCAD; given back by FrameCAD, seen natively.
        let mut body = native(KEY, "framecad");
        body["customer"] = json!(TESTER);
        assert_eq!(client.post("/t/demo/v1/activate", &body).await.status, 201);
        assert_eq!(validate(&client, &said(TESTER, KEY, "m-1")).await.number(), 0);
        assert_eq!(deactivate(&client, &said(TESTER, KEY, "m-1")).await.number(), 9);
        assert!(!valid(KEY, "framecad").await);

        // By mini-key-server, seen natively; and the other way round.
        let form = format!("token={TEN}&app_id=1&machine=ICEBREAKER&user=sam&hwid=m-1");
        assert_eq!(client.form("/t/demo/api/activate", &form).await.status, 201);
        assert!(valid(TEN, "test-application").await);
        client.post("/t/demo/v1/deactivate", &native(TEN, "test-application")).await;
        assert_eq!(old_check(TEN).await, 404);
        let activated = client.post("/t/demo/v1/activate", &native(TEN, "test-application")).await;
        assert_eq!(activated.status, 201);
        assert_eq!(old_check(TEN).await, 201);
        let answer = client.form("/t/demo/api/activate", &form).await.json();
        assert_eq!(answer["remainingActivations"], "7", "one count for both APIs");
    }

    async fn attempts_are_audited(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let mut other_product = said(TESTER, KEY, "m-1");
        other_product["product_key"] = json!("NO-SUCH-PRODUCT");
        for body in [said("0000000000000000", KEY, "m-1"), other_product, said(TESTER, KEY, "m-1")] {
            // Events of one instant are in no order.
            demo.world.clock.advance(1);
            activate(&client, &body).await;
            demo.world.clock.advance(1);
            deactivate(&client, &body).await;
        }
        let attempts = demo.events(KEY).await;
        let attempts = attempts.iter().filter(|event| event.action != Action::LicenseCreate);
        let attempts: Vec<_> = attempts.map(|event| (event.action, event.outcome)).collect();
        let (on, off) = (Action::MachineActivate, Action::MachineDeactivate);
        let (client_key, product_key) = (Reason::CustomerMismatch, Reason::ProductMismatch);
        assert_eq!(
            attempts,
            [
                (on, Outcome::Refused(client_key)),
                (off, Outcome::Refused(client_key)),
                (on, Outcome::Refused(product_key)),
                (off, Outcome::Refused(product_key)),
                (on, Outcome::Done),
                (off, Outcome::Done),
            ]
        );
        let before = demo.event_count().await;
        for client_key in [TESTER, "0000000000000000"] {
            activate(&client, &said(client_key, "NO-SUCH-LICENSE", "m-1")).await;
        }
        assert_eq!(demo.event_count().await, before + 2);
        validate(&client, &said(TESTER, KEY, "m-1")).await;
        activate(&client, &json!({"client_key": TESTER})).await;
        assert_eq!(demo.event_count().await, before + 2, "checks and malformed requests are not");
    }
}
