//! Every code of the FrameCAD API.

use licensing::StateChange;
use model::{Limit, Overrides, PolicyRules};
use serde_json::{Value, json};
use testkit::on_both;

use crate::{
    client::{Answer, Client, FRAMECAD},
    demo::{Demo, FRAMECAD_KEYS, SECOND_TESTER, TEN, TESTER},
    framecad::{activate, deactivate, said, validate},
};

const KEY: &str = FRAMECAD_KEYS[0];
const OTHER: &str = FRAMECAD_KEYS[1];

fn told(answer: &Answer) -> (u16, u64) {
    (answer.status, answer.number())
}

fn without(mut body: Value, member: &str) -> Value {
    body.as_object_mut().unwrap().remove(member);
    body
}

fn with(mut body: Value, member: &str, value: &str) -> Value {
    body[member] = json!(value);
    body
}

/// To all operations that take the body.
async fn all(client: &Client, body: &Value) -> Vec<(u16, u64)> {
    let mut found = Vec::new();
    for (method, path) in FRAMECAD {
        found.push(told(&client.call(method, &format!("/t/demo{path}"), body).await));
    }
    found
}

on_both! {
    async fn code_0_ok(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let body = said(TESTER, KEY, "m-1");
        for _ in 0..2 {
            let answer = activate(&client, &body).await;
            assert_eq!(told(&answer), (200, 0));
            let license = &answer.json()["license"];
            assert_eq!(
                (&license["machine_key"], &license["client_id"], &license["status"], &license["expiration_date"]),
                (&json!("m-1"), &json!(1), &json!("activated"), &json!("2027-03-01T12:00:00.000Z"))
            );
            demo.world.clock.advance(86_400);
        }
        // As people type it.
        let typed = said(TESTER, &KEY.to_lowercase().replace('-', " "), "m-1");
        assert_eq!(told(&validate(&client, &typed).await), (200, 0));
        assert_eq!(validate(&client, &typed).await.json()["license"]["license_key"], KEY);
    }

    async fn code_1_missing(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        assert_eq!(all(&client, &said(TESTER, "H7AS-6IS8-R3V1-V6B9", "m-1")).await, [(404, 1); 6]);
        let answer = validate(&client, &said(TESTER, "H7AS-6IS8-R3V1-V6B9", "m-1")).await;
        assert!(answer.json().get("license").is_none());
    }

    async fn code_2_reserved_by_other_client(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        activate(&client, &said(TESTER, KEY, "m-1")).await;
        for machine in ["m-1", "m-2"] {
            assert_eq!(all(&client, &said(SECOND_TESTER, KEY, machine)).await, [(409, 2); 6]);
            let answer = validate(&client, &said(SECOND_TESTER, KEY, machine)).await.json();
            assert_eq!(answer["message"], format!("License key {KEY} has already been taken by another user"));
            let license = &answer["license"];
            assert_eq!((&license["machine_key"], &license["client_id"]), (&Value::Null, &Value::Null));
        }
        // Assigned before it was ever activated.
        demo.license_for("ASSIGNED-1", "framecad", Overrides::default(), Some(TESTER)).await;
        let answer = validate(&client, &said(TESTER, "ASSIGNED-1", "m-1")).await;
        let license = &answer.json()["license"];
        assert_eq!(told(&answer), (403, 7));
        assert_eq!((&license["status"], &license["reserved"], &license["client_id"]), (&json!("reserved"), &json!(true), &json!(1)));
        assert_eq!(told(&activate(&client, &said(SECOND_TESTER, "ASSIGNED-1", "m-1")).await), (409, 2));
    }

    async fn code_3_already_activated(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        activate(&client, &said(TESTER, KEY, "m-1")).await;
        assert_eq!(told(&activate(&client, &said(TESTER, KEY, "m-2")).await), (409, 3));
        // A machine more where there is a seat more.
        let two = Overrides { seats: Some(Limit::AtMost(2)), ..Overrides::default() };
        demo.license("TWO-SEATS-1", "framecad", two).await;
        for (machine, expected) in [("m-1", (200, 0)), ("m-2", (200, 0)), ("m-3", (409, 3))] {
            assert_eq!(told(&activate(&client, &said(TESTER, "TWO-SEATS-1", machine)).await), expected, "{machine}");
        }
        // The activation limit counts here too.
        let once = Overrides { activation_limit: Some(Limit::AtMost(1)), ..Overrides::default() };
        demo.license("ONLY-ONCE-1", "framecad", once).await;
        activate(&client, &said(TESTER, "ONLY-ONCE-1", "m-1")).await;
        deactivate(&client, &said(TESTER, "ONLY-ONCE-1", "m-1")).await;
        assert_eq!(told(&activate(&client, &said(TESTER, "ONLY-ONCE-1", "m-1")).await), (409, 3));
    }

    async fn code_4_expired(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let body = said(TESTER, KEY, "m-1");
        activate(&client, &body).await;
        demo.world.clock.advance(365 * 86_400 - 1);
        assert_eq!(told(&validate(&client, &body).await), (200, 0));
        demo.world.clock.advance(1);
        assert_eq!(all(&client, &body).await, [(403, 4), (403, 4), (403, 4), (403, 4), (200, 9), (200, 9)]);
        let answer = validate(&client, &body).await;
        assert_eq!((told(&answer), &answer.json()["license"]["status"]), ((403, 4), &json!("expired")));
    }

    async fn code_5_revoked(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let body = said(TESTER, KEY, "m-1");
        activate(&client, &body).await;
        for (change, status) in [(StateChange::Suspend, "suspended"), (StateChange::Revoke, "revoked")] {
            demo.change(KEY, change).await;
            for answer in [activate(&client, &body).await, validate(&client, &body).await] {
                assert_eq!((told(&answer), &answer.json()["license"]["status"]), ((403, 5), &json!(status)));
            }
        }
        assert_eq!(told(&deactivate(&client, &body).await), (200, 9), "it may always be given back");
    }

    async fn code_6_invalid(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        for body in [
            said(TESTER, "ABC", "m-1"),
            said(TESTER, "- - - -", "m-1"),
            said(TESTER, "ÄÖÜß", "m-1"),
            said(TESTER, &"A".repeat(256), "m-1"),
            said(TESTER, "", "m-1"),
            without(said(TESTER, KEY, "m-1"), "license_key"),
            said(TESTER, KEY, "m\u{0}1"),
            said(TESTER, KEY, &"m".repeat(513)),
        ] {
            assert_eq!(all(&client, &body).await, [(422, 6); 6], "{body}");
        }
    }

    async fn code_7_not_activated(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        for answer in [validate(&client, &said(TESTER, OTHER, "m-1")).await, deactivate(&client, &said(TESTER, OTHER, "m-1")).await] {
            assert_eq!(told(&answer), (403, 7));
            assert_eq!(answer.json()["license"]["status"], "available");
        }
        activate(&client, &said(TESTER, OTHER, "m-1")).await;
        for answer in [validate(&client, &said(TESTER, OTHER, "m-2")).await, deactivate(&client, &said(TESTER, OTHER, "m-2")).await] {
            assert_eq!(told(&answer), (403, 7));
        }
    }

    async fn code_8_no_machine_key(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        assert_eq!(all(&client, &without(said(TESTER, KEY, "m-1"), "machine_key")).await, [(422, 8); 6]);
        assert_eq!(all(&client, &said(TESTER, KEY, "")).await, [(422, 8); 6]);
    }

    async fn code_9_deactivated(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let body = said(TESTER, KEY, "m-1");
        activate(&client, &body).await;
        let answer = deactivate(&client, &body).await;
        assert_eq!(told(&answer), (200, 9));
        assert_eq!(answer.json()["message"], format!("License key {KEY} was deactivated by user {TESTER}."));
        assert_eq!(told(&deactivate(&client, &body).await), (200, 9));
        let answer = validate(&client, &body).await;
        assert_eq!(told(&answer), (403, 9));
        let license = &answer.json()["license"];
        assert_eq!(license["status"], "deactivated");
        for member in ["machine_key", "expiration_date", "client_id"] {
            assert_eq!(license[member], Value::Null, "{member}");
        }
        assert_eq!(demo.details(KEY).await.0.expires_at.unwrap().to_string(), "2027-03-01T12:00:00Z", "kept inside");
        // By then it is anyone's.
        assert_eq!(told(&activate(&client, &said(SECOND_TESTER, KEY, "m-2")).await), (200, 0));
    }

    async fn code_10_no_product_key(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        for body in [without(said(TESTER, KEY, "m-1"), "product_key"), with(said(TESTER, KEY, "m-1"), "product_key", "")] {
            assert_eq!(told(&activate(&client, &body).await), (422, 10));
            assert_eq!(told(&deactivate(&client, &body).await), (422, 10));
            assert_eq!(told(&validate(&client, &body).await), (403, 7), "checks do not want it");
        }
    }

    async fn code_11_wrong_product_key(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        demo.product("other", 9, None, Some("OTHER-PRODUCT-KEY")).await;
        let body = said(TESTER, KEY, "m-1");
        for product_key in ["NO-SUCH-PRODUCT", "OTHER-PRODUCT-KEY", "x", "ä ö", &"x".repeat(200)] {
            let body = with(body.clone(), "product_key", product_key);
            for answer in [activate(&client, &body).await, deactivate(&client, &body).await] {
                assert_eq!((told(&answer), &answer.json()["license"]["status"]), ((403, 11), &json!("available")));
            }
            assert_eq!(told(&validate(&client, &body).await), (403, 7), "checks do not read it");
        }
        assert_eq!(told(&activate(&client, &said(TESTER, TEN, "m-1")).await), (403, 11), "a key of another product");
    }

    async fn code_12_wrong_client(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        for client_key in ["", "0000000000000000", "x", "a b", &"A".repeat(100), &TESTER.to_lowercase()] {
            assert_eq!(all(&client, &said(client_key, KEY, "m-1")).await, [(403, 12); 6], "{client_key}");
        }
        assert_eq!(all(&client, &json!({})).await, [(403, 12); 6]);
    }

    async fn code_13_unknown(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        let body = said(TESTER, KEY, "m-1");
        activate(&client, &body).await;
        for (allowed, path) in FRAMECAD {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
                if method != allowed {
                    let answer = client.call(method, &format!("/t/demo{path}"), &body).await;
                    assert_eq!((told(&answer), answer.header("allow")), ((405, 13), Some(allowed)), "{method} {path}");
                }
            }
            let answer = client.call(allowed, &format!("/t/nobody{path}"), &body).await;
            assert_eq!(told(&answer), (404, 13), "no such tenant");
        }
        // A refusal that this API has no word for.
        let never = PolicyRules { deactivation_limit: Limit::AtMost(0), ..PolicyRules::default() };
        demo.policy("framecad", "keep", never).await;
        demo.license("KEEP-IT-1", "keep", Overrides::default()).await;
        activate(&client, &said(TESTER, "KEEP-IT-1", "m-1")).await;
        assert_eq!(told(&deactivate(&client, &said(TESTER, "KEEP-IT-1", "m-1")).await), (403, 13));

        demo.world.database.raw().await.break_table("events").await;
        assert_eq!(told(&activate(&client, &said(TESTER, OTHER, "m-1")).await), (500, 13));
        demo.world.database.raw().await.mend("events").await;
        assert_eq!(told(&activate(&client, &said(TESTER, OTHER, "m-1")).await), (200, 0), "nothing was used up");

        demo.world.database.store.close().await;
        for (method, path) in FRAMECAD {
            let answer = client.call(method, &format!("/t/demo{path}"), &body).await;
            assert_eq!((told(&answer), answer.header("retry-after")), ((503, 13), Some("2")), "{path}");
            for word in ["pool", "sql", "SQL", "closed", KEY] {
                assert!(!answer.text.contains(word), "{}", answer.text);
            }
        }
    }
}
