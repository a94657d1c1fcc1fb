//! Whatever body is sent, the answer is a problem document that says why, and nothing is written.

use model::PolicyRules;
use serde_json::{Value, json};
use testkit::{Database, World};

use crate::client::{Client, POSTS, body, json, pieces, written};

/// What is sent; the status, the code and the pointers that it is answered with.
type Case = (&'static str, Vec<u8>, u16, &'static str, &'static [&'static str]);

#[tokio::test]
async fn bodies() {
    let world = World::new(Database::sqlite().await).await;
    let shop = world.shop("acme").await;
    shop.license_with(PolicyRules::default()).await;
    let client = Client::new(&world, None);
    let before = written(&world);

    let set = |name: &'static str, value: Value| {
        body(|members| drop(members.insert(name.to_owned(), value.clone())))
    };
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000)).into_bytes();
    let deep_member = format!(r#"{{"key":{}1{}}}"#, r#"{"a":"#.repeat(5_000), "}".repeat(5_000)).into_bytes();
    let cases: Vec<Case> = vec![
        ("empty", vec![], 400, "malformed_json", &[]),
        ("white space", b" \r\n ".to_vec(), 400, "malformed_json", &[]),
        ("not JSON", b"key=AAAA-BBBB".to_vec(), 400, "malformed_json", &[]),
        ("cut off", b"{\"key\":\"AAAA".to_vec(), 400, "malformed_json", &[]),
        ("two texts", b"{}{}".to_vec(), 400, "malformed_json", &[]),
        ("a byte order mark", [b"\xef\xbb\xbf".to_vec(), body(|_| ())].concat(), 400, "malformed_json", &[]),
        (
            "UTF-16",
            "\u{feff}{}".encode_utf16().flat_map(u16::to_be_bytes).collect(),
            400,
            "malformed_json",
            &[],
        ),
        ("invalid UTF-8", b"{\"key\":\"\xff\xfe\"}".to_vec(), 400, "malformed_json", &[]),
        ("an overlong encoding", b"{\"key\":\"\xc0\x80\"}".to_vec(), 400, "malformed_json", &[]),
        ("half a surrogate pair", br#"{"key":"\ud800"}"#.to_vec(), 400, "malformed_json", &[]),
        ("a raw control character", b"{\"key\":\"a\x00b\"}".to_vec(), 400, "malformed_json", &[]),
        ("an absurd number", br#"{"key":1e400}"#.to_vec(), 400, "malformed_json", &[]),
        ("NaN", br#"{"key":NaN}"#.to_vec(), 400, "malformed_json", &[]),
        ("deep lists", deep, 400, "malformed_json", &[]),
        ("deep objects", deep_member, 400, "malformed_json", &[]),
        (
            "a repeated member",
            br#"{"key":"AAAA-BBBB","key":"CCCC-DDDD"}"#.to_vec(),
            400,
            "duplicate_member",
            &[],
        ),
        (
            "a repeated member behind an escape",
            br#"{"key":"A","k\u0065y":"B"}"#.to_vec(),
            400,
            "duplicate_member",
            &[],
        ),
        (
            "a repeated member deep down",
            br#"{"x":[{"y":{"a":1,"a":2}}]}"#.to_vec(),
            400,
            "duplicate_member",
            &[],
        ),
        ("a list", b"[]".to_vec(), 422, "validation_failed", &[""]),
        ("null", b"null".to_vec(), 422, "validation_failed", &[""]),
        ("a text", b"\"key\"".to_vec(), 422, "validation_failed", &[""]),
        (
            "a long number",
            br#"123456789012345678901234567890123456789012345678901234567890"#.to_vec(),
            422,
            "validation_failed",
            &[""],
        ),
        ("null for a key", set("key", Value::Null), 422, "validation_failed", &["/key"]),
        ("a number for a key", set("key", json!(123_456_789)), 422, "validation_failed", &["/key"]),
        ("a list for a key", set("key", json!(["AAAA-BBBB"])), 422, "validation_failed", &["/key"]),
        ("an empty key", set("key", json!("")), 422, "validation_failed", &["/key"]),
        ("a long key", set("key", json!("A".repeat(256))), 422, "validation_failed", &["/key"]),
        (
            "a key with a control character",
            set("key", json!("AAAA\u{0}BBBB")),
            422,
            "validation_failed",
            &["/key"],
        ),
        ("a key with a line break", set("key", json!("AAAA\r\nX: y")), 422, "validation_failed", &["/key"]),
        ("a key that is not ASCII", set("key", json!("ＡＡＡＡ-BBBB")), 422, "validation_failed", &["/key"]),
        (
            "a product that is none",
            set("product", json!("' OR 1=1 --")),
            422,
            "validation_failed",
            &["/product"],
        ),
        (
            "a fingerprint with NUL",
            set("fingerprint", json!("f\u{0}")),
            422,
            "validation_failed",
            &["/fingerprint"],
        ),
        (
            "a long fingerprint",
            set("fingerprint", json!("f".repeat(513))),
            422,
            "validation_failed",
            &["/fingerprint"],
        ),
        ("a customer that is none", set("customer", json!("a b")), 422, "validation_failed", &["/customer"]),
        ("a short nonce", set("nonce", json!("abc")), 422, "validation_failed", &["/nonce"]),
        (
            "a nonce that breaks out",
            set("nonce", json!("\"}],[{\"a\":\"")),
            422,
            "validation_failed",
            &["/nonce"],
        ),
        ("an unknown member", set("admin", json!(true)), 422, "validation_failed", &["/admin"]),
        ("a member in another case", set("Key", json!("AAAA-BBBB")), 422, "validation_failed", &["/Key"]),
        ("a prototype", set("__proto__", json!({})), 422, "validation_failed", &["/__proto__"]),
        (
            "an absurd date",
            set("expires_at", json!("99999-99-99T99:99:99Z")),
            422,
            "validation_failed",
            &["/expires_at"],
        ),
        (
            "all wrong",
            br#"{"key":1,"product":2,"fingerprint":3,"nonce":4,"zzz":5}"#.to_vec(),
            422,
            "validation_failed",
            &["/key", "/product", "/fingerprint", "/nonce", "/zzz"],
        ),
    ];
    for (name, body, status, code, pointers) in &cases {
        for path in POSTS {
            let answer = client.send(json(path).body(body.clone())).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (*status, *code),
                "{name} to {path}: {}",
                answer.text
            );
            if *status == 422 {
                assert_eq!(answer.pointers(), *pointers, "{name} to {path}");
            }
            assert!(!answer.text.contains("AAAA"), "the key is not repeated: {}", answer.text);
        }
    }
    assert_eq!(written(&world), before, "nothing is written");
}

#[tokio::test]
async fn sizes() {
    let world = World::new(Database::sqlite().await).await;
    world.shop("acme").await;
    let client = Client::new(&world, None);
    let before = written(&world);

    let padded = |size: usize| {
        let mut body = body(|members| drop(members.remove("product")));
        body.resize(size, b' ');
        body
    };
    let huge_key = body(|members| drop(members.insert("key".to_owned(), json!("A".repeat(10 << 20)))));
    for path in POSTS {
        // The last size that is read, which then fails for another reason; and the first that is not.
        assert_eq!(client.send(json(path).body(padded(65_536))).await.status, 422);
        for body in [padded(65_537), huge_key.clone()] {
            let answer = client.send(json(path).body(body.clone())).await;
            assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
            let announced = json(path).header("content-length", body.len()).body(body);
            assert_eq!(client.send(announced).await.code(), "body_too_large");
        }
        let answer = client.send(json(path).body(pieces(&[b' '; 4096], 1 << 20))).await;
        assert_eq!(answer.code(), "body_too_large", "four gigabytes in pieces are not read to their end");
        let announced = json(path).header("content-length", 65_537).body("{}");
        assert_eq!(client.send(announced).await.code(), "body_too_large", "refused before it is read");
        let lying = json(path).header("content-length", 2).body(padded(70_000));
        assert_eq!(client.send(lying).await.code(), "body_too_large");
    }
    assert_eq!(written(&world), before, "nothing is written");
}
