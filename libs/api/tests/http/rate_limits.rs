//! Limits on how often the API of a tenant is used. Time goes on while a test runs, so that what is limited here is limited
//! for an hour and more.

use std::net::SocketAddr;

use licensing::{Call, Surroundings};
use model::{ApiKeyToken, LicenseKey, Quota, RateLimitOverrides};
use poem::{
    Addr, Body, Request, RequestParts,
    http::{self, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use serde_json::{Value, json};
use testkit::{Database, Shop, World, on_both};

use crate::client::{Answer, Client};

const HERE: &str = "203.0.113.1";
const THERE: &str = "203.0.113.2";

fn quota(count: u32, seconds: u32) -> Option<Quota> {
    Some(Quota::new(count, seconds).unwrap())
}

/// A request that comes from an address.
fn from(address: &str, method: &str, path: &str, token: Option<&str>, body: &str) -> Request {
    let mut request = http::Request::builder().method(method).uri(path);
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
    let remote = RemoteAddr(Addr::SocketAddr(peer));
    let parts = RequestParts::from((parts, LocalAddr::default(), remote, Scheme::HTTP));
    Request::from_parts(parts, Body::from(body.to_owned()))
}

async fn check_from(client: &Client, address: &str, tenant: &str, key: &str) -> Answer {
    let body = json!({"key": key, "product": "app"}).to_string();
    client.send(from(address, "POST", &format!("/t/{tenant}/v1/validate"), None, &body)).await
}

async fn limit(shop: &Shop<'_>, limits: RateLimitOverrides) {
    let (operator, slug) = (Call::operator(), &shop.tenant.slug);
    shop.world.licensing.set_rate_limits(&operator, slug, limits).await.unwrap();
}

async fn license(shop: &Shop<'_>) -> LicenseKey {
    shop.license("standard").await.1
}

/// That an answer refuses because of one limit, and says for how long.
fn refused(answer: &Answer, limit: &str, seconds: u32) {
    assert_eq!(answer.status, 429, "{}", answer.text);
    let problem = answer.problem();
    assert_eq!(problem["code"], "quota_exceeded");
    assert_eq!(problem["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
    assert_eq!(problem["violated-policies"], json!([limit]), "{problem}");
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    // The test itself takes a few of the seconds.
    assert!(wait <= seconds && wait + 60 > seconds, "{wait}");
    assert!(answer.header("ratelimit").unwrap().contains(&format!("\"{limit}\";r=0;t=")));
}

on_both! {
    async fn a_license_key_is_asked_about_only_so_often(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        shop.policy("standard", Default::default()).await;
        let (first, second) = (license(&shop).await, license(&shop).await);
        let client = Client::new(&world, None);
        let usual = check_from(&client, HERE, "acme", second.reveal()).await;
        assert_eq!(usual.header("ratelimit-policy"), Some(r#""license_key";q=120;w=60, "address";q=600;w=60"#));
        assert_eq!(usual.header("ratelimit"), Some(r#""license_key";r=119;t=1, "address";r=599;t=1"#));

        limit(&shop, RateLimitOverrides { license_key: quota(3, 3_000), ..Default::default() }).await;
        for left in [2, 1, 0] {
            let answer = check_from(&client, HERE, "acme", first.reveal()).await;
            assert_eq!(answer.status, 200);
            assert!(answer.header("ratelimit").unwrap().starts_with(&format!("\"license_key\";r={left};t=")));
        }
        refused(&check_from(&client, HERE, "acme", first.reveal()).await, "license_key", 1_000);
        refused(&check_from(&client, THERE, "acme", first.reveal()).await, "license_key", 1_000);
        let body = json!({"key": first.reveal(), "product": "app", "fingerprint": "m-1"}).to_string();
        for path in ["activate", "leases/refresh", "deactivate"] {
            let answer = client.send(from(HERE, "POST", &format!("/t/acme/v1/{path}"), None, &body)).await;
            refused(&answer, "license_key", 1_000);
        }
        assert_eq!(check_from(&client, HERE, "acme", second.reveal()).await.status, 200, "another license");
        assert_eq!(check_from(&client, HERE, "other", first.reveal()).await.status, 200, "another tenant");
        assert_eq!(other.tenant.slug.as_str(), "other");
    }

    async fn an_address_asks_only_so_often_whatever_it_asks(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        limit(&shop, RateLimitOverrides { address: quota(4, 4_000), ..Default::default() }).await;
        let client = Client::new(&world, None);
        let requests = |address: &str| [
            from(address, "GET", "/t/acme/.well-known/jwks.json", None, ""),
            from(address, "POST", "/t/acme/v1/validate", None, "{not json"),
            from(address, "GET", "/t/acme/v1/licenses", None, ""),
            from(address, "GET", "/t/acme/api/check", None, ""),
        ];
        for request in requests(HERE) {
            assert_ne!(client.send(request).await.status, 429);
        }
        for request in requests(HERE) {
            let answer = client.send(request).await;
            assert_eq!((answer.status, answer.header("retry-after").is_some()), (429, true), "{}", answer.text);
        }
        for request in requests("2001:db8:1:2::1").into_iter().chain(requests("2001:db8:1:3::1")) {
            assert_ne!(client.send(request).await.status, 429);
        }
        let neighbour = from("2001:db8:1:2:3:4:5:6", "GET", "/t/acme/.well-known/jwks.json", None, "");
        refused(&client.send(neighbour).await, "address", 1_000);
    }

    async fn an_api_key_and_a_tenant_have_limits_too(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let new = licensing::NewApiKey {
            name: model::Name::parse("a program").unwrap(),
            scopes: model::Scopes::admin(),
            expires_at: None,
        };
        let (_, first) = world.licensing.create_api_key(&shop.tenant, &testkit::call(), new.clone()).await.unwrap();
        let (_, second) = world.licensing.create_api_key(&shop.tenant, &testkit::call(), new).await.unwrap();
        let client = Client::new(&world, None);
        let list_with = |token: &ApiKeyToken, address: &str| {
            from(address, "GET", "/t/acme/v1/licenses", Some(token.reveal()), "")
        };
        let list = |address: &str| list_with(&first, address);
        limit(&shop, RateLimitOverrides { api_key: quota(2, 2_000), ..Default::default() }).await;
        for address in [HERE, THERE] {
            let answer = client.send(list(address)).await;
            assert_eq!(answer.status, 200);
            assert!(answer.header("ratelimit-policy").unwrap().starts_with(r#""api_key";q=2;w=2000"#));
        }
        refused(&client.send(list(HERE)).await, "api_key", 1_000);
        limit(&shop, RateLimitOverrides { tenant: quota(5, 5_000), ..Default::default() }).await;
        let mut statuses = Vec::new();
        for number in 0..6 {
            let answer = client.send(list_with(&second, &format!("203.0.113.{number}"))).await;
            statuses.push(answer.status);
            if answer.status == 429 {
                refused(&answer, "tenant", 1_000);
            } else {
                assert!(!answer.header("ratelimit").unwrap().contains("tenant"), "it is nobody's business");
            }
        }
        assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
        assert_eq!(client.get("/t/acme/.well-known/jwks.json").await.status, 429);
    }

    async fn who_presents_wrong_keys_is_refused_and_nobody_else(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        shop.policy("standard", Default::default()).await;
        let good = license(&shop).await;
        let client = Client::new(&world, None);
        let budgets = |address, tenant| RateLimitOverrides {
            wrong_keys_address: quota(address, 1_000 * address),
            wrong_keys_tenant: quota(tenant, 800 * tenant),
            ..Default::default()
        };
        limit(&shop, budgets(2, 100)).await;
        for (path, key) in [("validate", "WRONG-KEY-1"), ("activate", "WRONG-KEY-2")] {
            let body = match path {
                "validate" => json!({"key": key, "product": "app"}),
                _ => json!({"key": key, "product": "app", "fingerprint": "m-1"}),
            };
            let answer = client.send(from(HERE, "POST", &format!("/t/acme/v1/{path}"), None, &body.to_string())).await;
            assert_eq!(answer.code(), "not_found");
        }
        refused(&check_from(&client, HERE, "acme", good.reveal()).await, "wrong_keys_address", 1_000);
        refused(&check_from(&client, HERE, "acme", "WRONG-KEY-3").await, "wrong_keys_address", 1_000);
        assert_eq!(check_from(&client, THERE, "acme", good.reveal()).await.status, 200);
        let no_key = from(HERE, "GET", "/t/acme/.well-known/jwks.json", None, "");
        assert_eq!(client.send(no_key).await.status, 200, "who presents no key cannot guess one");

        // A wrong API key counts like a wrong license key.
        let wrong = format!("lh_{}_{}", "a".repeat(8), "b".repeat(43));
        let wrong = Some(wrong.as_str());
        for status in [401, 401, 429] {
            let answer = client.send(from("203.0.113.9", "GET", "/t/acme/v1/licenses", wrong, "")).await;
            assert_eq!(answer.status, status, "{}", answer.text);
        }

        // Of all together: only those who were wrong themselves are refused.
        limit(&shop, budgets(50, 1)).await;
        assert_eq!(check_from(&client, "198.51.100.1", "acme", "WRONG-KEY-4").await.status, 200);
        refused(&check_from(&client, "198.51.100.1", "acme", good.reveal()).await, "wrong_keys_tenant", 800);
        assert_eq!(check_from(&client, "198.51.100.2", "acme", good.reveal()).await.status, 200);
        assert_eq!(check_from(&client, "198.51.100.2", "acme", "WRONG-KEY-5").await.status, 200);
        assert_eq!(check_from(&client, "198.51.100.2", "acme", good.reveal()).await.status, 429);
    }
}

#[tokio::test]
async fn old_apps_are_told_in_their_own_words() {
    let world = World::new(Database::sqlite().await).await;
    let shop = world.shop("acme").await;
    limit(&shop, RateLimitOverrides { tenant: quota(1, 1_000), ..Default::default() }).await;
    let client = Client::new(&world, None);
    assert_ne!(client.get("/t/acme/api/check?token=SOME-KEY-1&hwid=m").await.status, 429);
    let path = "/t/acme/api/v1/licenses/first_check?client_key=abcd&license_key=SOME-KEY-1&machine_key=m";
    for path in ["/t/acme/api/check?token=SOME-KEY-1&hwid=m", path] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.header("retry-after").is_some()), (429, true), "{}", answer.text);
        let message: Value = answer.json()["message"].clone();
        assert!(message.as_str().unwrap().starts_with("There were too many requests."), "{message}");
    }
}

#[tokio::test]
async fn without_limits_nothing_is_said_of_them() {
    let surroundings = Surroundings { rate_limits: None, ..Surroundings::alone() };
    let world = World::surrounded(Database::sqlite().await, surroundings).await;
    let shop = world.shop("acme").await;
    limit(&shop, RateLimitOverrides { tenant: quota(1, 1_000), ..Default::default() }).await;
    let client = Client::new(&world, None);
    for _ in 0..3 {
        let answer = client.get("/t/acme/.well-known/jwks.json").await;
        assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    }
}
