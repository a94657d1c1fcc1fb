//! What operators set as rate limits, and from where requests are taken to come.

use std::net::SocketAddr;

use leasehold_api::Settings;
use model::RateLimits;
use poem::{Addr, http::Method, web::RemoteAddr};
use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::{
    client::{Client, request},
    platform::{Operator, TOKEN, settings},
    vendor::Vendor,
};

fn usual() -> Value {
    let usual = RateLimits::DEFAULT.named().into_iter();
    usual.map(|(name, quota)| (name.to_owned(), json!(quota.to_string()))).collect()
}

on_both! {
    async fn operators_set_rate_limits_and_vendors_see_what_counts(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        let key = operator.create("acme").await;
        operator.create("brix").await;
        let made = operator.get("/v1/tenants/acme").await.json();
        assert_eq!((&made["rate_limits"], &made["rate_limit_overrides"]), (&usual(), &json!({})));
        let path = "/v1/tenants/acme/rate-limits";
        let all = json!({
            "per_address": "1/2", "per_license_key": "3/4", "per_api_key": "5/6", "per_tenant": "7/8",
            "wrong_keys_per_address": "9/10", "wrong_keys_per_tenant": "10000000/86400",
        });
        let some = json!({"per_license_key": "240/60"});
        let mut counting = usual();
        counting["per_license_key"] = json!("240/60");
        for (revision, body, counts) in [(2, &all, &all), (3, &some, &counting), (3, &some, &counting), (4, &json!({}), &usual())] {
            let set = operator.send("PUT", path, Some(body)).await;
            let tag = format!("\"{revision}\"");
            assert_eq!((set.status, set.header("etag")), (200, Some(tag.as_str())), "{}", set.text);
            let set = set.json();
            assert_eq!((&set["rate_limit_overrides"], &set["rate_limits"]), (body, counts));
            assert_eq!(operator.get("/v1/tenants/acme").await.json(), set);
            let settings = operator.as_vendor(&key, "GET", "/t/acme/v1/settings", None).await;
            assert_eq!((&settings.json()["rate_limits"], settings.header("etag")), (counts, Some(tag.as_str())));
        }
        assert_eq!(operator.get("/v1/tenants/brix").await.json()["rate_limits"], usual(), "another tenant's stay");

        let events = operator.as_vendor(&key, "GET", "/t/acme/v1/events?action=tenant.update", None).await.json();
        let changes: Vec<_> = events["items"].as_array().unwrap().iter().map(|event| &event["details"]).collect();
        let set = |before: &Value, after: &Value| json!({"before": {"rate_limits": before}, "after": {"rate_limits": after}});
        assert_eq!(changes, [&set(&some, &json!({})), &set(&all, &some), &set(&json!({}), &all)], "what changed nothing is none");
        assert_eq!(events["items"][0]["actor"]["kind"], "operator", "{events}");
    }

    async fn what_is_no_rate_limit_is_refused(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        let key = operator.create("acme").await;
        let path = "/v1/tenants/acme/rate-limits";
        let before = operator.get("/v1/tenants/acme").await.json();
        for bad in [json!("60"), json!("0/60"), json!("060/60"), json!("60/86401"), json!(""), json!(60), json!(null), json!({"count": 1})] {
            let body = json!({"per_address": bad, "per_tenant": "60/60", "wrong_keys_per_tenant": bad});
            let refused = operator.send("PUT", path, Some(&body)).await;
            assert_eq!(refused.pointers(), ["/per_address", "/wrong_keys_per_tenant"], "{bad}");
        }
        assert_eq!(operator.send("PUT", path, Some(&json!({"address": "60/60"}))).await.pointers(), ["/address"]);
        assert_eq!(operator.send("PUT", path, Some(&json!([]))).await.pointers(), [""]);
        let unknown = operator.send("PUT", "/v1/tenants/nobody/rate-limits", Some(&json!({}))).await;
        assert_eq!((unknown.status, unknown.code().as_str()), (404, "resource_not_found"));
        let vendor = operator.as_vendor(&key, "PUT", "/platform/v1/tenants/acme/rate-limits", Some(&json!({}))).await;
        assert_eq!((vendor.status, vendor.code().as_str()), (401, "unauthorized"));
        assert_eq!(operator.as_vendor(&key, "PATCH", "/t/acme/v1/settings", Some(&json!({"rate_limits": {}}))).await.pointers(), ["/rate_limits"]);
        assert_eq!(operator.get("/v1/tenants/acme").await.json(), before);
    }

    async fn the_audit_log_has_the_address_that_trusted_proxies_tell(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let trusting = Settings { trusted_proxies: "10.0.0.0/8".parse().unwrap(), ..settings() };
        for (settings, peer, told, expected) in [
            (&trusting, "10.0.0.1:1", "198.51.100.9, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
            (&trusting, "[::ffff:10.0.0.1]:1", "2001:DB8::1", "2001:db8::1"),
            (&trusting, "10.0.0.1:1", "198.51.100.9, nonsense", "10.0.0.1"),
            (&trusting, "192.0.2.1:1", "203.0.113.1", "192.0.2.1"),
            (&settings(), "10.0.0.1:1", "203.0.113.1", "10.0.0.1"),
        ] {
            let client = Client::with(&world, settings.clone());
            let from = |method, path: &str| {
                let mut request = request(method, path).header("x-forwarded-for", told).finish();
                *request.remote_addr_mut() = RemoteAddr(Addr::SocketAddr(peer.parse::<SocketAddr>().unwrap()));
                request
            };
            let vendor = Vendor::new(&client, &world, &shop.tenant, "admin").await;
            let mut create = from(Method::POST, "/t/acme/v1/customers");
            create.headers_mut().insert("authorization", vendor.bearer().parse().unwrap());
            create.headers_mut().insert("content-type", "application/json".parse().unwrap());
            create.set_body(json!({"name": "Jo"}).to_string());
            assert_eq!(client.send(create).await.status, 201);
            let mut suspend = from(Method::POST, "/platform/v1/tenants/acme/suspend");
            suspend.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
            assert_eq!(client.send(suspend).await.status, 200);
            Operator::new(&world).post("/v1/tenants/acme/resume").await;
            for action in ["customer.create", "tenant.suspend"] {
                let events = vendor.get(&format!("/v1/events?limit=1&action={action}")).await.json();
                assert_eq!(events["items"][0]["address"], expected, "{action} {peer} {told}: {events}");
            }
        }
    }
}
