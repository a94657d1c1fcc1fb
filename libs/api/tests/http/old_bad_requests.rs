//! Whatever is sent to the APIs of older apps, the answer is in their format and never a 500, and what cannot be read
//! writes nothing.

use poem::http::Method;
use serde_json::json;
use testkit::Database;

use crate::{
    client::{Client, FRAMECAD, pieces, request, written},
    demo::{Demo, TEN},
};

/// The operations of mini-key-server.
pub(crate) const OLD: [(&str, &str); 2] = [("POST", "/api/activate"), ("GET", "/api/check")];

/// Bodies that no API reads, with the status that mini-key-server's has for them.
fn unreadable() -> Vec<(&'static str, &'static str, Vec<u8>, u16)> {
    const JSON: &str = "application/json";
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000)).into_bytes();
    vec![
        ("not JSON", JSON, b"token=x".to_vec(), 400),
        ("cut off", JSON, b"{\"token\":".to_vec(), 400),
        ("single quotes", JSON, b"{'token': 'x'}".to_vec(), 400),
        ("white space", JSON, b" \n".to_vec(), 400),
        ("two texts", JSON, b"{}{}".to_vec(), 400),
        ("deep", JSON, deep, 400),
        ("a list", JSON, b"[]".to_vec(), 400),
        ("null", JSON, b"null".to_vec(), 400),
        ("a text", JSON, b"\"token\"".to_vec(), 400),
        ("invalid UTF-8", JSON, b"{\"token\":\"\xff\"}".to_vec(), 400),
        ("half a surrogate pair", JSON, br#"{"token":"\ud800"}"#.to_vec(), 400),
        ("a repeated member", JSON, br#"{"token":"a","token":"a"}"#.to_vec(), 400),
        ("a repeated member of no meaning", JSON, br#"{"x":{"y":1,"y":2}}"#.to_vec(), 400),
        ("an absurd number", JSON, br#"{"token":1e400}"#.to_vec(), 400),
        ("text", "text/plain", b"token=x".to_vec(), 415),
        ("XML", "application/xml", b"<token/>".to_vec(), 415),
        ("parts", "multipart/form-data; boundary=x", b"--x--".to_vec(), 415),
        ("another character set", "application/json; charset=utf-16", b"{}".to_vec(), 415),
        ("no type", "", b"{}".to_vec(), 415),
        ("a megabyte", JSON, vec![b' '; 1 << 20], 413),
        ("a megabyte of text", "text/plain", vec![b'x'; 1 << 20], 413),
    ]
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let demo = Demo::new(Database::sqlite().await).await;
    let client = Client::new(&demo.world, None);
    let before = written(&demo.world);
    for (name, media_type, body, status) in unreadable() {
        for (method, path) in OLD.into_iter().chain(FRAMECAD) {
            let mut request = request(method.parse().unwrap(), &format!("/t/demo{path}"));
            if !media_type.is_empty() {
                request = request.header("content-type", media_type);
            }
            let answer = client.send(request.body(body.clone())).await;
            if path.starts_with("/api/v1") {
                assert_eq!((answer.status, answer.number()), (422, 6), "{name} to {path}");
            } else {
                assert_eq!(answer.status, status, "{name} to {path}: {}", answer.text);
                assert!(answer.json()["message"].is_string(), "{name} to {path}");
            }
        }
    }
    let forms: [&[u8]; 4] = [b"token=%", b"token=%ff", b"token=\xff", b"token=%zz"];
    for form in forms {
        for (method, path) in OLD {
            let request = request(method.parse().unwrap(), &format!("/t/demo{path}"));
            let form = request.content_type("application/x-www-form-urlencoded").body(form);
            assert_eq!(client.send(form).await.status, 400, "{path}");
        }
        for (method, path) in FRAMECAD {
            let request = request(method.parse().unwrap(), &format!("/t/demo{path}"));
            let form = request.content_type("application/x-www-form-urlencoded").body(form);
            assert_eq!(client.send(form).await.number(), 6, "{path}");
        }
    }
    for (method, path) in OLD.into_iter().chain(FRAMECAD) {
        let build = || request(method.parse().unwrap(), &format!("/t/demo{path}"));
        let wanted = if path.starts_with("/api/v1") { 422 } else { 413 };
        let streamed = build().content_type("application/json").body(pieces(&[b' '; 4096], 1 << 20));
        assert_eq!(client.send(streamed).await.status, wanted, "{path}");
        let announced = build().content_type("application/json").header("content-length", 65_537).body("{}");
        assert_eq!(client.send(announced).await.status, wanted, "{path}");
        let wanted = if path.starts_with("/api/v1") { 422 } else { 400 };
        let twice = build().content_type("application/json").header("content-type", "text/plain").body("{}");
        assert_eq!(client.send(twice).await.status, wanted, "{path}");
    }
    assert!(written(&demo.world) == before, "nothing is written");
}

#[tokio::test]
async fn paths_and_methods() {
    let demo = Demo::new(Database::sqlite().await).await;
    for default_tenant in [None, Some("demo")] {
        let client = Client::new(&demo.world, default_tenant);
        let before = written(&demo.world);
        for (allowed, path) in OLD {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
                if method == allowed {
                    continue;
                }
                let asked = request(method.parse().unwrap(), &format!("/t/demo{path}")).finish();
                let answer = client.send(asked).await;
                let expected = json!({"message": "The method is not allowed for the requested URL."});
                assert_eq!((answer.status, answer.json()), (405, expected), "{method} {path}");
                assert_eq!(answer.header("allow"), Some(allowed));
            }
            for slug in ["nobody", "DEMO", "..", "", "%64emo"] {
                let asked = request(allowed.parse().unwrap(), &format!("/t/{slug}{path}")).finish();
                let answer = client.send(asked).await;
                assert_eq!(
                    (answer.status, answer.json()),
                    (404, json!({"message": "There is no such tenant."}))
                );
            }
        }
        // What is not a path of theirs is answered as everywhere.
        for path in [
            "/api",
            "/api/",
            "/api/activate/",
            "/api/v1/licenses",
            "/api/v1/licenses/Activate",
            "/api//check",
        ] {
            let answer = client.send(request(Method::POST, &format!("/t/demo{path}")).finish()).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "route_not_found"), "{path}");
        }
        let at_root = client.send(request(Method::POST, "/api/activate").finish()).await;
        assert_eq!(at_root.status, if default_tenant.is_some() { 400 } else { 404 });
        assert!(written(&demo.world) == before, "nothing is written");
    }
}

#[tokio::test]
async fn a_lost_database_is_told_in_their_format() {
    let demo = Demo::new(Database::sqlite().await).await;
    let client = Client::new(&demo.world, None);
    demo.world.database.store.close().await;
    for (method, path) in OLD {
        let asked = request(method.parse().unwrap(), &format!("/t/demo{path}?token={TEN}")).finish();
        let answer = client.send(asked).await;
        let expected = json!({"message": "The service is not available at the moment."});
        assert_eq!((answer.status, answer.json()), (503, expected));
        assert_eq!(answer.header("retry-after"), Some("2"));
    }
}

#[tokio::test]
async fn a_failure_of_the_server_is_told_in_their_format() {
    let demo = Demo::new(Database::sqlite().await).await;
    let client = Client::new(&demo.world, None);
    demo.world.database.raw().await.break_table("events").await;
    let form = format!("token={TEN}&machine=ICEBREAKER&user=sam&hwid=m-1");
    let answer = client.form("/t/demo/api/activate", &form).await;
    let expected = json!({"message": "Something went wrong on our side."});
    assert_eq!((answer.status, answer.json()), (500, expected));
    demo.world.database.raw().await.mend("events").await;
    let answer = client.form("/t/demo/api/activate", &form).await;
    assert_eq!(answer.json()["remainingActivations"], "9", "nothing was used up");
}
