//! The order of the FrameCAD API's refusals: of two neighbors that apply at once, the earlier is told.

use licensing::StateChange;
use serde_json::{Value, json};
use testkit::on_both;

use crate::{
    client::Client,
    demo::{Demo, FRAMECAD_KEYS, PRODUCT_KEY, SECOND_TESTER, TESTER},
    framecad::{activate, deactivate, said, validate},
};

const FREE: &str = FRAMECAD_KEYS[0];
const TAKEN: &str = FRAMECAD_KEYS[1];
const TAKEN_SUSPENDED: &str = FRAMECAD_KEYS[2];
const SUSPENDED_EXPIRED: &str = FRAMECAD_KEYS[3];
const EXPIRED: &str = FRAMECAD_KEYS[4];

/// A body of client, machine, product and license key; what is empty is not sent.
fn body(client: &str, machine: &str, product: &str, license: &str) -> Value {
    let members = [
        ("client_key", client),
        ("machine_key", machine),
        ("product_key", product),
        ("license_key", license),
    ];
    let sent = members.into_iter().filter(|(_, value)| !value.is_empty());
    sent.map(|(name, value)| (name.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

on_both! {
    async fn of_two_neighbors_the_earlier_is_told(database: Database) {
        let demo = Demo::new(database).await;
        let client = Client::new(&demo.world, None);
        // Expired next year; the others are activated by the second tester, or suspended, by then.
        for key in [SUSPENDED_EXPIRED, EXPIRED] {
            assert_eq!(activate(&client, &said(TESTER, key, "m-1")).await.number(), 0);
        }
        demo.change(SUSPENDED_EXPIRED, StateChange::Suspend).await;
        demo.world.clock.advance(366 * 86_400);
        for key in [TAKEN, TAKEN_SUSPENDED] {
            assert_eq!(activate(&client, &said(SECOND_TESTER, key, "m-2")).await.number(), 0);
        }
        demo.change(TAKEN_SUSPENDED, StateChange::Suspend).await;

        const NOBODY: &str = "0000000000000000";
        const UNKNOWN: &str = "H7AS-6IS8-R3V1-V6B9";
        const ELSEWHERE: &str = "NO-SUCH-PRODUCT";
        let mut unreadable = body(NOBODY, "", "", "");
        unreadable["license_key"] = json!(["not a text"]);
        // What is wrong; what activation and deactivation say, what checks say.
        let table = [
            ("6 before 12", unreadable, 6, 6, 6),
            ("12 before 8", body(NOBODY, "", PRODUCT_KEY, FREE), 12, 12, 12),
            ("12 before all others", body("", "", "", ""), 12, 12, 12),
            ("8 before 10", body(TESTER, "", "", FREE), 8, 8, 8),
            ("8 before 6", body(TESTER, "", PRODUCT_KEY, "x"), 8, 8, 8),
            ("10 before 6", body(TESTER, "m-1", "", "x"), 10, 10, 6),
            ("10 before 1", body(TESTER, "m-1", "", UNKNOWN), 10, 10, 1),
            ("6 before 11", body(TESTER, "m-1", ELSEWHERE, "x"), 6, 6, 6),
            ("1 before 11", body(TESTER, "m-1", ELSEWHERE, UNKNOWN), 1, 1, 1),
            ("11 before 2", body(TESTER, "m-1", ELSEWHERE, TAKEN), 11, 11, 2),
            ("11 before 5", body(TESTER, "m-1", ELSEWHERE, TAKEN_SUSPENDED), 11, 11, 2),
            ("2 before 5", body(TESTER, "m-1", PRODUCT_KEY, TAKEN_SUSPENDED), 2, 2, 2),
            ("2 before 3 and 7", body(TESTER, "m-1", PRODUCT_KEY, TAKEN), 2, 2, 2),
            // State and term of a license do not keep anyone from giving it back.
            ("5 before 4", body(TESTER, "m-9", PRODUCT_KEY, SUSPENDED_EXPIRED), 5, 7, 5),
            ("4 before 3 and 7", body(TESTER, "m-9", PRODUCT_KEY, EXPIRED), 4, 7, 4),
        ];
        for (name, body, activated, deactivated, checked) in table {
            assert_eq!(activate(&client, &body).await.number(), activated, "activate: {name}");
            assert_eq!(deactivate(&client, &body).await.number(), deactivated, "deactivate: {name}");
            assert_eq!(validate(&client, &body).await.number(), checked, "check: {name}");
        }

        // Given back and expired: the term comes before the state of the activation.
        assert_eq!(deactivate(&client, &said(TESTER, EXPIRED, "m-1")).await.number(), 9);
        assert_eq!(validate(&client, &said(TESTER, EXPIRED, "m-1")).await.number(), 4);
    }
}
