//! What operators set as rate limits.

use model::RateLimits;
use serde_json::{Value, json};
use testkit::{World, on_both};

use crate::platform::Operator;

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

        let events = operator.as_vendor(&key, "GET", "/t/acme/v1/events?type=tenant.update", None).await.json();
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
}
