//! No answer of the FrameCAD API holds a machine key that was not in its request, or names another client.

use licensing::StateChange;
use model::{Limit, Overrides, PolicyRules};
use serde_json::{Value, json};
use testkit::on_both;

use crate::{
    client::{Client, FRAMECAD},
    demo::{Demo, FRAMECAD_KEYS, PRODUCT_KEY, SECOND_TESTER, TESTER},
    framecad::{activate, deactivate, said, validate},
};

const HERS: [&str; 3] = ["HER-MACHINE-1", "HER-MACHINE-2", "HER-MACHINE-3"];

/// Whatever the second tester asks with that license key, nothing of the first tester is told; gives all codes.
async fn asks(client: &Client, license: &str) -> Vec<u64> {
    let mut codes = Vec::new();
    let other_product = |mut body: Value| {
        body["product_key"] = json!("NO-SUCH-PRODUCT");
        body
    };
    let bodies = ["HIS-MACHINE-1", "HIS-MACHINE-2"].map(|machine| said(SECOND_TESTER, license, machine));
    for body in bodies.iter().cloned().chain(bodies.iter().cloned().map(other_product)) {
        for (method, path) in FRAMECAD {
            let answer = client.call(method, &format!("/t/demo{path}"), &body).await;
            codes.push(answer.number());
            for hers in HERS {
                assert!(!answer.text.contains(hers), "{method} {path} {body}: {}", answer.text);
            }
            assert!(!answer.text.contains(TESTER), "{method} {path} {body}: {}", answer.text);
            assert_ne!(answer.json()["license"]["client_id"], 1, "{method} {path} {body}");
        }
    }
    codes
}

on_both! {
    async fn another_clients_machine_key_is_never_shown_whatever_the_seats(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let three = || Overrides { seats: Some(Limit::AtMost(3)), ..Overrides::default() };
        let loose = PolicyRules { seats: Limit::AtMost(3), ..PolicyRules::default() };
        demo.policy("framecad", "loose", loose).await;

        // One seat: hers, then suspended, then given back.
        let key = FRAMECAD_KEYS[0];
        activate(&client, &said(TESTER, key, HERS[0])).await;
        assert!(asks(&client, key).await.iter().all(|code| [2, 11].contains(code)));
        demo.change(key, StateChange::Suspend).await;
        asks(&client, key).await;
        demo.change(key, StateChange::Reinstate).await;
        deactivate(&client, &said(TESTER, key, HERS[0])).await;
        assert!(asks(&client, key).await.contains(&0), "he may have it then");

        // Three seats, two of them hers: giving one back does not make the license his to take.
        demo.license("THREE-SEATS-1", "framecad", three()).await;
        for machine in &HERS[..2] {
            assert_eq!(activate(&client, &said(TESTER, "THREE-SEATS-1", machine)).await.number(), 0);
        }
        assert_eq!(deactivate(&client, &said(TESTER, "THREE-SEATS-1", HERS[0])).await.number(), 9);
        assert_eq!(deactivate(&client, &said(TESTER, "THREE-SEATS-1", HERS[0])).await.number(), 9);
        assert_eq!(validate(&client, &said(TESTER, "THREE-SEATS-1", HERS[1])).await.number(), 0);
        assert!(asks(&client, "THREE-SEATS-1").await.iter().all(|code| [2, 11].contains(code)));

        // Activated by apps that name no client: the license is nobody's, and he may take a seat.
        demo.license("NOBODYS-1", "loose", Overrides::default()).await;
        for machine in &HERS[..2] {
            let body = json!({"key": "NOBODYS-1", "product": "framecad", "fingerprint": machine});
            assert_eq!(client.post("/t/demo/v1/activate", &body).await.status, 201);
        }
        let answer = validate(&client, &said(SECOND_TESTER, "NOBODYS-1", "HIS-MACHINE-1")).await;
        assert_eq!((answer.number(), &answer.json()["license"]["machine_key"]), (7, &Value::Null));
        let codes = asks(&client, "NOBODYS-1").await;
        assert!(codes.contains(&0) && codes.contains(&9), "{codes:?}");

        // His, with a machine that was activated behind his back and is newer than his own.
        demo.license("HIS-1", "loose", Overrides::default()).await;
        activate(&client, &said(SECOND_TESTER, "HIS-1", "HIS-MACHINE-2")).await;
        let body = json!({"key": "HIS-1", "product": "framecad", "fingerprint": HERS[2]});
        assert_eq!(client.post("/t/demo/v1/activate", &body).await.status, 201);
        let answer = validate(&client, &said(SECOND_TESTER, "HIS-1", "HIS-MACHINE-9")).await;
        assert_eq!((answer.number(), &answer.json()["license"]["machine_key"]), (7, &Value::Null));
        asks(&client, "HIS-1").await;
    }

    async fn a_guessed_machine_key_is_not_confirmed(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let key = FRAMECAD_KEYS[0];
        activate(&client, &said(TESTER, key, HERS[0])).await;
        for product in [PRODUCT_KEY, "NO-SUCH-PRODUCT"] {
            for (method, path) in FRAMECAD {
                let ask = async |machine: &str| {
                    let mut body = said(SECOND_TESTER, key, machine);
                    body["product_key"] = json!(product);
                    client.call(method, &format!("/t/demo{path}"), &body).await
                };
                let (right, wrong) = (ask(HERS[0]).await, ask("A-WRONG-GUESS").await);
                assert_eq!((right.status, right.json()), (wrong.status, wrong.json()), "{method} {path}");
                assert_eq!(right.json()["license"]["machine_key"], Value::Null);
            }
        }
    }
}
