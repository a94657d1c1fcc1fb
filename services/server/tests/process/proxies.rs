//! From where requests come to a server that stands behind proxies.

use serde_json::Value;

use crate::support::{Place, Server, client};

const TOKEN: &str = "a-platform-token-of-enough-characters";

/// The addresses that the audit log has of an app and of an operator who come with this header.
async fn logged(place: &Place, flags: &[&str], header: (&str, &str)) -> [Value; 2] {
    let mut command = place.command(&[&["serve", "--listen", "127.0.0.1:0"], flags].concat());
    command.env("LEASEHOLD_PLATFORM_TOKEN", TOKEN);
    let server = Server::start(command);
    let made = place.run(&["api-key", "create", "reader", "--scope", "events:read", "--json"]).json();
    let reader = made["key"].as_str().unwrap();
    let json = ("Content-Type", "application/json");
    let activate = client().post(format!("{}/t/acme/v1/activate", server.url)).header(json.0, json.1);
    let activate = activate.header(header.0, header.1).body(place.license().on("studio-1"));
    assert_eq!(activate.send().await.unwrap().status().as_u16(), 201);
    for limits in [r#"{"per_tenant": "1000/1"}"#, "{}"] {
        let set = client().put(format!("{}/platform/v1/tenants/acme/rate-limits", server.url));
        let set = set.bearer_auth(TOKEN).header(json.0, json.1).header(header.0, header.1);
        assert_eq!(set.body(limits).send().await.unwrap().status().as_u16(), 200);
    }
    let mut addresses = [Value::Null, Value::Null];
    for (address, kind) in addresses.iter_mut().zip(["machine.activate", "tenant.update"]) {
        let url = format!("{}/t/acme/v1/events?limit=1&type={kind}", server.url);
        let events = client().get(url).bearer_auth(reader).send().await.unwrap();
        let events: Value = events.json().await.unwrap();
        *address = events["items"][0]["address"].clone();
    }
    server.kill();
    addresses
}

#[tokio::test]
async fn the_audit_log_has_the_address_that_trusted_proxies_tell() {
    let place = Place::embedded();
    place.sell("1");
    let trusting = ["--trusted-proxies", "127.0.0.0/8,10.0.0.0/8"];
    let told = ("X-Forwarded-For", "198.51.100.9, 203.0.113.1, 10.0.0.2");
    assert_eq!(logged(&place, &trusting, told).await, ["203.0.113.1", "203.0.113.1"]);
    let told = ("Forwarded", "for=198.51.100.9, for=\"[2001:DB8:0::1]:4711\"");
    assert_eq!(logged(&place, &trusting, told).await, ["2001:db8::1", "2001:db8::1"]);
    let told = ("X-Forwarded-For", "198.51.100.9");
    assert_eq!(logged(&place, &[], told).await, ["127.0.0.1", "127.0.0.1"]);
    assert_eq!(logged(&place, &["--trusted-proxies", "10.0.0.0/8"], told).await, ["127.0.0.1", "127.0.0.1"]);
}
