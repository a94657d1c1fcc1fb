//! Importing licenses from a file, on both databases.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::Place;

#[test]
fn licenses_are_imported_on_sqlite() {
    imports(&Place::embedded());
}

#[tokio::test]
async fn licenses_are_imported_on_postgres() {
    let place = Place::postgres().await;
    imports(&place);
}

fn imports(place: &Place) {
    place.sell("3");
    place.run(&["customer", "create", "Jo Doe", "--client-key", "JODOE-1"]).text();
    // More than two batches, as a spreadsheet would write them.
    let mut text =
        "\u{feff}key,policy,customer,seats,activation_limit,activations_used,expires_at,state\r\n".to_owned();
    for number in 0..1_200 {
        let _written = write!(text, "OLD-{number:05},basic,JODOE-1,-1,10,4,2030-01-01T00:00:00Z,active\r\n");
    }
    let file = place.file("good.csv", &text);
    let imported = place.run(&["license", "import", &file, "--json"]).json();
    assert_eq!(imported, json!({ "created": 1200, "existing": 0, "refused": 0, "refused_lines": [] }));
    let shown = place.run(&["license", "show", "old 01199", "--json"]).json();
    assert_eq!((&shown["activations_used"], &shown["activation_limit"]), (&json!(4), &json!(10)));
    assert_eq!((&shown["expires_at"], shown.get("seats")), (&json!("2030-01-01T00:00:00Z"), None));
    assert_eq!(shown["customer"]["client_key"], "JODOE-1");
    let again = place.run(&["license", "import", &file, "--json"]).json();
    assert_eq!(again, json!({ "created": 0, "existing": 1200, "refused": 0, "refused_lines": [] }));

    let bad = b"policy,key,state,customer\n\
        basic,\"GOOD, 1\",suspended,\n\
        nope,BAD-1,,\n\
        basic,BAD-2,,NOBODY-1\n\
        basic,BA\xFFD-3,,\n\
        basic,BAD-4,gone,\n\
        basic,BAD-5\n\
        basic,\"BAD-6,,\n\
        basic,GOOD-2,,\n\
        basic,good-2,,\n";
    let file = place.file("bad.csv", bad);
    let report = place.file("report.csv", "");
    let ended = place.run(&["license", "import", &file, "--report", &report, "--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(3), ""), "{ended:?}");
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&summary["created"], &summary["refused"]), (&json!(2), &json!(6)), "{summary}");
    let lines: Vec<_> = summary["refused_lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8]);
    let report = std::fs::read_to_string(report).unwrap();
    assert_eq!(report.lines().count(), 7);
    assert!(report.starts_with("line,reason\n3,"), "{report}");
    assert!(!report.contains("BAD-") && !ended.stdout.contains("BAD-"), "reports hold no keys: {report}");
    assert_eq!(place.run(&["license", "show", "GOOD, 1", "--json"]).json()["state"], "suspended");

    let other = place.file("other.csv", "name,price\nx,1\n");
    place.run(&["license", "import", &other]).failed(2, "unknown column \"name\"");
    place.run(&["license", "import", "/nowhere.csv"]).failed(2, "cannot read /nowhere.csv");
}

#[test]
fn the_tables_of_mini_key_server_are_imported_on_sqlite() {
    imports_tables(&Place::embedded());
}

#[tokio::test]
async fn the_tables_of_mini_key_server_are_imported_on_postgres() {
    imports_tables(&Place::postgres().await);
}

fn imports_tables(place: &Place) {
    place.sell("3");
    let applications = place.file(
        "application.csv",
        "id,uuid,name,support_message\n7,x,Test Application,call 555-555-5555\n8,,Other,\n",
    );
    let keys = place.file(
        "key.csv",
        "id,app_id,enabled,memo,hwid,remaining,token,total_activations,valid_until\n\
         1,7,t,\"sold\nat a fair\",HW-1,9,2SZRHXZBNB3GUCHM375FTB8DJ,1,\n\
         2,8,f,,,-1,UNLIMITEDACTIVATIONS00000,0,2099-01-01 00:00:00\n\
         3,9,t,,,1,NOAPPLICATION,0,\n",
    );
    let import = || place.run(&["license", "import-mini-key-server", &applications, &keys, "--json"]);
    let first = import();
    assert_eq!(first.code, Some(3), "{first:?}");
    let report: Value = serde_json::from_str(&first.stdout).unwrap();
    assert_eq!((&report["created"], &report["refused"]), (&json!(2), &json!(1)));
    assert_eq!(report["refused_lines"], json!([{ "line": 5, "reason": "there is no application 9" }]));
    let report: Value = serde_json::from_str(&import().stdout).unwrap();
    assert_eq!((&report["created"], &report["existing"]), (&json!(0), &json!(2)));

    let shown = place.run(&["license", "show", "2SZRHXZBNB3GUCHM375FTB8DJ", "--json"]).json();
    assert_eq!((&shown["product"], &shown["memo"]), (&json!("test-application"), &json!("sold\nat a fair")));
    assert_eq!((&shown["activations_used"], &shown["activation_limit"]), (&json!(1), &json!(10)));
    assert_eq!(shown["machines"].as_array().map(Vec::len), Some(1));
    let shown = place.run(&["license", "show", "unlimited activations 00000", "--json"]).json();
    assert_eq!((&shown["state"], shown.get("activation_limit")), (&json!("suspended"), None));
    assert_eq!(shown["expires_at"], "2099-01-01T00:00:00Z");
}

#[test]
fn customers_are_imported() {
    let place = Place::embedded();
    place.sell("3");
    let file = place.file(
        "customers.csv",
        "\u{feff}client_key,name,number,email\n3D9AACA84BEC559A,Tester,41,tester@example.com\nBAD KEY,Nobody,,\n\
         E3200EA9C4D291CA,Second Tester,41,\nE3200EA9C4D291CB,Third Tester,,\n",
    );
    let first = place.run(&["customer", "import", &file, "--json"]);
    assert_eq!(first.code, Some(3), "{first:?}");
    let report: Value = serde_json::from_str(&first.stdout).unwrap();
    assert_eq!(
        (&report["created"], &report["existing"], &report["refused"]),
        (&json!(2), &json!(0), &json!(2))
    );
    assert_eq!(
        (&report["refused_lines"][0]["line"], &report["refused_lines"][1]["line"]),
        (&json!(3), &json!(4))
    );
    let again = place.run(&["customer", "import", &file, "--json"]);
    let report: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&report["created"], &report["existing"]), (&json!(0), &json!(2)));
    place
        .run(&["customer", "import", &place.file("x.csv", "name,color\n")])
        .failed(2, "unknown column \"color\"");
}
