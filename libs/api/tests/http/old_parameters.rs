//! Parameters of the APIs of older apps that are wrong, and where they are looked for.

use serde_json::{Value, json};
use testkit::Database;

use crate::{
    client::{Client, FRAMECAD, request, written},
    demo::{Demo, FRAMECAD_KEYS, PRODUCT_KEY, TEN, TESTER},
    old_bad_requests::OLD,
};

const KEY: &str = FRAMECAD_KEYS[0];

#[tokio::test]
async fn parameters_of_mini_key_server_that_are_wrong() {
    let demo = Demo::new(Database::sqlite().await).await;
    let client = Client::new(&demo.world, None);
    let before = written(&demo.world);
    let good = json!({"token": TEN, "machine": "ICEBREAKER", "user": "sam", "app_id": 1, "hwid": "m-1"});
    const TYPE: &str = "must be a text or a whole number";
    const NUMBER: &str = "must be a whole number below 4294967296";
    const NAME: &str = "must be 1 to 200 characters without control characters, not only white space";
    const MACHINE: &str = "must be 1 to 512 bytes of text without control characters";
    let cases: Vec<(&str, Value, &str)> = vec![
        ("token", json!(""), "is required"),
        ("token", Value::Null, "is required"),
        ("token", json!(["x"]), TYPE),
        ("token", json!({}), TYPE),
        ("token", json!(true), TYPE),
        ("token", json!(1.5), TYPE),
        ("machine", json!(""), "is required"),
        ("machine", json!("  "), NAME),
        ("machine", json!("a\u{0}b"), NAME),
        ("machine", json!("x".repeat(201)), NAME),
        ("user", Value::Null, "is required"),
        ("user", json!("a\nb"), NAME),
        ("user", json!("\u{0}"), NAME),
        ("app_id", json!("one"), NUMBER),
        ("app_id", json!("-1"), NUMBER),
        ("app_id", json!(-1), NUMBER),
        ("app_id", json!(1.0), TYPE),
        ("app_id", json!(" 1"), NUMBER),
        ("app_id", json!("99999999999999999999"), NUMBER),
        ("app_id", json!([1]), TYPE),
        ("hwid", json!("x".repeat(513)), MACHINE),
        ("hwid", json!("a\u{7f}"), MACHINE),
        ("hwid", json!({"a": 1}), TYPE),
    ];
    for (name, value, detail) in cases {
        for (method, path) in OLD {
            let mut body = good.clone();
            body[name] = value.clone();
            let answer = client.call(method, &format!("/t/demo{path}"), &body).await;
            let expected = json!({"message": {name: detail}});
            assert_eq!((answer.status, answer.json()), (400, expected), "{value} to {path}");
        }
    }
    let conflicts = "must be the same wherever it is repeated";
    for (method, path) in OLD {
        let nothing = request(method.parse().unwrap(), &format!("/t/demo{path}")).finish();
        let expected =
            json!({"message": {"token": "is required", "machine": "is required", "user": "is required"}});
        let answer = client.send(nothing).await;
        assert_eq!((answer.status, answer.json()), (400, expected), "all at once");

        let query = format!("token={TEN}&machine=a&machine=b&user=sam&hwid=x&hwid=y");
        let asked = request(method.parse().unwrap(), &format!("/t/demo{path}?{query}")).finish();
        let answer = client.send(asked).await;
        let expected = json!({"message": {"machine": conflicts, "hwid": conflicts}});
        assert_eq!((answer.status, answer.json()), (400, expected));

        for query in ["token=%ff", "token=%", "x=%zz"] {
            let asked = request(method.parse().unwrap(), &format!("/t/demo{path}?{query}"));
            let answer = client.send(asked.content_type("application/json").body(good.to_string())).await;
            assert_eq!(answer.status, 400, "{query}");
        }
    }
    assert!(written(&demo.world) == before, "nothing is written");
}

#[tokio::test]
async fn parameters_of_framecad_that_are_wrong() {
    let demo = Demo::new(Database::sqlite().await).await;
    let client = Client::new(&demo.world, None);
    let before = written(&demo.world);
    let good = json!({
        "client_key": TESTER, "license_key": KEY, "machine_key": "m-1", "product_key": PRODUCT_KEY,
    });
    for (method, path) in FRAMECAD {
        let is_check = path.ends_with("check") || path.ends_with("validate");
        for name in ["client_key", "license_key", "machine_key", "product_key"] {
            for value in [json!([]), json!({}), json!(true), json!(1.5), json!([KEY])] {
                let mut body = good.clone();
                body[name] = value.clone();
                let answer = client.call(method, &format!("/t/demo{path}"), &body).await;
                if is_check && name == "product_key" {
                    assert_eq!(answer.number(), 7, "{path} does not read it");
                } else {
                    assert_eq!((answer.status, answer.number()), (422, 6), "{name} {value} to {path}");
                    assert!(answer.json()["message"].as_str().unwrap().starts_with(name), "{}", answer.text);
                }
            }
            let mut body = good.clone();
            body[name] = Value::Null;
            let code = match name {
                "client_key" => 12,
                "license_key" => 6,
                "machine_key" => 8,
                _ if is_check => 7,
                _ => 10,
            };
            let answer = client.call(method, &format!("/t/demo{path}"), &body).await;
            assert_eq!(answer.number(), code, "null for {name} to {path}");
        }
    }
    let query = format!("client_key={TESTER}&license_key={KEY}&product_key={PRODUCT_KEY}");
    for (method, path) in FRAMECAD {
        let ask = async |query: &str| {
            let asked = request(method.parse().unwrap(), &format!("/t/demo{path}?{query}"));
            client.send(asked.finish()).await.number()
        };
        let takes_query = method != "POST";
        let expect = |code: u64| if takes_query { code } else { 12 };
        assert_eq!(ask(&query).await, expect(8), "{path}");
        assert_eq!(ask(&format!("{query}&machine_key=a&machine_key=b")).await, expect(6), "{path}");
        assert_eq!(ask(&format!("{query}&machine_key=%ff")).await, expect(6), "{path}");
        assert_eq!(ask(&format!("{query}&machine_key=a%00b")).await, expect(6), "{path}");
    }
    assert!(written(&demo.world) == before, "nothing is written");
}

#[tokio::test]
async fn the_body_counts_before_the_query() {
    let demo = Demo::new(Database::sqlite().await).await;
    let client = Client::new(&demo.world, None);
    let query = format!("client_key={TESTER}&license_key={KEY}&machine_key=m-2&product_key={PRODUCT_KEY}");
    for (method, path) in FRAMECAD {
        let ask = async |body: Value| {
            let asked = request(method.parse().unwrap(), &format!("/t/demo{path}?{query}"));
            let asked = asked.content_type("application/json").body(body.to_string());
            client.send(asked).await.number()
        };
        let takes_query = method != "POST";
        let expect = |code: u64| if takes_query { code } else { 12 };
        assert_eq!(ask(json!({"client_key": "", "machine_key": null})).await, expect(7), "{path}");
        assert_eq!(ask(json!({"license_key": "x"})).await, expect(6), "{path}");
        assert_eq!(ask(json!({"client_key": "0000000000000000"})).await, 12, "{path}");
        assert_eq!(ask(json!({"client_key": ["x"]})).await, 6, "{path}");
    }
}
