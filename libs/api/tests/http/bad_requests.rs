//! Whatever headers, paths and methods are sent, the answer is a problem document that says why, and nothing is written.

use poem::http::Method;
use testkit::{Database, World};

use crate::client::{Client, POSTS, body, json, request, written};

type Headers = &'static [(&'static str, &'static [u8])];

#[tokio::test]
async fn headers() {
    let world = World::new(Database::sqlite().await).await;
    world.shop("acme").await;
    let client = Client::new(&world, None);
    let before = written(&world);

    let cases: &[(Headers, u16, &str)] = &[
        (&[], 415, "unsupported_media_type"),
        (&[("content-type", b"text/plain")], 415, "unsupported_media_type"),
        (&[("content-type", b"application/x-www-form-urlencoded")], 415, "unsupported_media_type"),
        (&[("content-type", b"application/json; charset=utf-16")], 415, "unsupported_media_type"),
        (&[("content-type", b"\xff")], 400, "bad_header"),
        (&[("content-type", b"application/json"), ("content-type", b"application/json")], 400, "bad_header"),
        (
            &[("content-type", b"application/json"), ("content-encoding", b"gzip")],
            415,
            "unsupported_media_type",
        ),
    ];
    for (headers, status, code) in cases {
        for path in POSTS {
            let mut request = request(Method::POST, path);
            for (name, value) in *headers {
                request = request.header(*name, *value);
            }
            let answer = client.send(request.body(body(|_| ()))).await;
            assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{headers:?}");
        }
    }

    let long = "k".repeat(256);
    let keys: &[&[&str]] =
        &[&[""], &["\"\""], &[&long], &["a\"b"], &["\"a\\\"b\""], &["a", "b"], &["a", "a"], &["ä"]];
    for path in POSTS.iter().filter(|path| !path.contains("validate")) {
        for values in keys {
            let mut request = json(path);
            for value in *values {
                request = request.header("idempotency-key", value.as_bytes());
            }
            let answer = client.send(request.body(body(|_| ()))).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "bad_header"), "{values:?}");
        }
    }
    assert_eq!(written(&world), before, "nothing is written");
}

#[tokio::test]
async fn paths_and_methods() {
    let world = World::new(Database::sqlite().await).await;
    world.shop("acme").await;
    for default_tenant in [None, Some("acme")] {
        let client = Client::new(&world, default_tenant);
        let before = written(&world);

        let nowhere: &[&str] = &[
            "/t/acme/v1/nothing",
            "/t/acme/v1/activate/",
            "/t/acme//v1/activate",
            "//v1/activate",
            "/t/acme/v1//activate",
            "/t/acme/../acme/v1/activate",
            "/t/acme/v1/%61ctivate",
            "/t/acme/v1/activate%00",
            "/t/acme/V1/activate",
            "/t",
            "/t/",
            "/t/acme",
            "/t/acme/",
            "/",
            "/v2/activate",
            "/t/acme/healthz",
            "/t/acme/problems",
            "/problems/",
            "/problems/none",
            "/problems/../healthz",
            "/.env",
            "/t/acme/v1/activate;x=1",
            "/%2e%2e/v1/activate",
            "*",
        ];
        for path in nowhere {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let answer = client
                    .send(request(method, path).header("content-type", "application/json").body("{}"))
                    .await;
                assert_eq!((answer.status, answer.code().as_str()), (404, "route_not_found"), "{path}");
            }
        }
        let nobody: &[&str] = &[
            "..",
            ".",
            "%2e%2e",
            "acm%65",
            "ACME",
            "acme%00",
            "acme%2f..",
            "a_b",
            "-acme",
            "acme-",
            "nobody",
            "",
            "'%20OR%201=1",
            &"a".repeat(64),
            "%c3%a4",
        ];
        for slug in nobody {
            for path in POSTS.map(|path| path.replace("acme", slug)) {
                let answer = client.send(json(&path).body(body(|_| ()))).await;
                assert_eq!((answer.status, answer.code().as_str()), (404, "tenant_not_found"), "{path}");
            }
        }

        let odd = ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "BREW"];
        for path in POSTS {
            for method in odd.into_iter().chain(["GET", "HEAD"]) {
                let answer = client.send(request(method.parse().unwrap(), path).finish()).await;
                assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (405, "method_not_allowed"),
                    "{method} {path}"
                );
                assert_eq!(answer.header("allow"), Some("POST"), "{method} {path}");
            }
        }
        for path in [
            "/t/acme/.well-known/jwks.json",
            "/t/acme/openapi/client.json",
            "/healthz",
            "/readyz",
            "/problems",
        ] {
            for method in odd.into_iter().chain(["POST"]) {
                let answer = client.send(request(method.parse().unwrap(), path).finish()).await;
                assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (405, "method_not_allowed"),
                    "{method} {path}"
                );
                assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
            }
            assert_eq!(client.send(request(Method::HEAD, path).finish()).await.status, 200, "HEAD {path}");
        }
        assert_eq!(written(&world), before, "nothing is written");
    }
}
