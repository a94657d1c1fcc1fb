//! The command line from end to end, on both databases.

use serde_json::{Value, json};

use crate::support::{Place, leasehold, run, run_with_input};

#[test]
fn the_story_of_a_license_on_sqlite() {
    story(&Place::embedded());
}

#[tokio::test]
async fn the_story_of_a_license_on_postgres() {
    let place = Place::postgres().await;
    assert_eq!(place.run(&["migrate", "--json"]).json()["applied"].as_u64().map(|n| n > 0), Some(true));
    story(&place);
}

fn story(place: &Place) {
    let tenant = place.run(&["tenant", "create", "acme", "--name", "ACME Inc.", "--json"]).json();
    assert_eq!(tenant["slug"], "acme");
    assert_eq!(tenant["issuer"], "http://127.0.0.1:8080/t/acme");
    place.run(&["tenant", "create", "acme"]).failed(5, "exists already");
    assert_eq!(place.run(&["tenant", "list", "--json"]).json()["tenants"][0], tenant);
    assert!(place.run(&["tenant", "list"]).text().contains("ACME Inc."));

    let product = place.run(&["product", "create", "atelier", "--support-message", "help", "--json"]).json();
    assert_eq!((&product["number"], &product["support_message"]), (&json!(1), &json!("help")));
    let arguments =
        ["policy", "create", "basic", "--product", "atelier", "--seats", "3", "--term", "P1Y", "--json"];
    let more =
        ["--entitlement", "export=true", "--entitlement", "max-layers=64", "--entitlement", "tiers=a,b"];
    let policy = place.run(&[arguments.as_slice(), &more].concat()).json();
    assert_eq!((&policy["seats"], &policy["term"]), (&json!(3), &json!("P1Y")));
    assert_eq!(policy["entitlements"], json!({ "export": true, "max-layers": 64, "tiers": ["a", "b"] }));
    assert_eq!(policy.get("activation_limit"), None, "absent is unlimited");
    place.run(&["policy", "create", "x", "--product", "nope"]).failed(4, "there is no such product");
    place
        .run(&["policy", "create", "x", "--product", "atelier", "--lease-seconds", "1"])
        .failed(2, "60 seconds");
    let customer = place.run(&["customer", "create", "Jo Doe", "--email", "jo@doe.example", "--json"]).json();
    let client_key = customer["client_key"].as_str().unwrap();

    let arguments =
        ["license", "create", "--policy", "basic", "--seats", "unlimited", "--customer", client_key];
    let made =
        place.run(&[arguments.as_slice(), &["--entitlement", "export=false", "--json"]].concat()).json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let shown = place.run(&["license", "show", id]);
    assert!(!shown.text().contains(key) && shown.text().contains("Jo Doe"), "{shown:?}");
    let shown = place.run(&["license", "show", key, "--json"]).json();
    assert_eq!((&shown["id"], shown.get("seats"), shown.get("key")), (&made["id"], None, None));
    assert_eq!(shown["entitlements"], json!({ "max-layers": 64, "tiers": ["a", "b"] }));

    let state = |verb: &str| place.run(&["license", verb, id, "--json"]).json()["state"].clone();
    assert_eq!(state("suspend"), "suspended");
    assert_eq!(state("suspend"), "suspended");
    assert_eq!(state("reinstate"), "active");
    let revoke = place.command(&["license", "revoke", "--key-file", "-", "--json"]);
    assert_eq!(run_with_input(revoke, &format!("{key}\n")).json()["state"], "revoked");
    place.run(&["license", "reinstate", id]).failed(5, "revoked");
    place.run(&["license", "show", "no-such-key"]).failed(4, "there is no such license");
    place.run(&["license", "show", "x"]).failed(2, "a license key must be");
    place.run(&["license", "show", id, "--tenant", "nobody"]).failed(4, "there is no tenant nobody");
    let mut command = place.command(&["license", "show", id]);
    command.env_remove("LEASEHOLD_DEFAULT_TENANT");
    run(command).failed(2, "--tenant");

    rate_limits(place);
    keys_and_health(place);
}

fn rate_limits(place: &Place) {
    let limits = |more: &[&str]| place.run(&[&["tenant", "rate-limits", "acme"], more].concat());
    let own = |more: &[&str]| limits(&[more, &["--json"]].concat()).json()["rate_limit_overrides"].clone();
    let shown = limits(&["--json"]).json();
    assert_eq!((&shown["tenant"], &shown["rate_limit_overrides"]), (&json!("acme"), &json!({})));
    assert_eq!((&shown["rate_limits"], &shown["usual"]["per_tenant"]), (&shown["usual"], &json!("60000/60")));
    let changed = limits(&["--license-key", "240/60", "--wrong-keys-tenant", "9/10", "--json"]).json();
    let expected = json!({ "per_license_key": "240/60", "wrong_keys_per_tenant": "9/10" });
    assert_eq!(changed["rate_limit_overrides"], expected);
    assert_eq!(changed["rate_limits"]["per_license_key"], "240/60");
    assert_eq!(changed["rate_limits"]["per_address"], changed["usual"]["per_address"]);
    assert_eq!(limits(&["--json"]).json(), changed);
    let text = limits(&[]).text().to_owned();
    let line = text.lines().find(|line| line.starts_with("license-key")).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["license-key", "120/60", "240/60", "240/60"],
        "{text}"
    );
    let kept = own(&["--license-key", "usual", "--address", "1/1"]);
    assert_eq!(kept, json!({ "per_address": "1/1", "wrong_keys_per_tenant": "9/10" }));
    assert_eq!(own(&["--reset", "--tenant-total", "5/60"]), json!({ "per_tenant": "5/60" }));
    assert_eq!(own(&["--reset"]), json!({}));
    let wrong = limits(&["--address", "60"]);
    assert!(
        wrong.code == Some(2) && wrong.stderr.contains("must be a number from 1 to 10000000, a slash"),
        "{wrong:?}"
    );
    place.run(&["tenant", "rate-limits", "nobody"]).failed(4, "there is no such tenant");
}

fn keys_and_health(place: &Place) {
    let kids = |keys: &Value, state: &str| -> Vec<Value> {
        let keys = keys["keys"].as_array().unwrap();
        keys.iter().filter(|key| key["state"] == state).map(|key| key["kid"].clone()).collect()
    };
    let before = place.run(&["keys", "list", "--json"]).json();
    let after = place.run(&["keys", "rotate", "--json"]).json();
    assert_eq!(kids(&after, "active"), kids(&before, "next"));
    assert_eq!(kids(&after, "retired"), kids(&before, "active"));
    assert_eq!(kids(&after, "next").len(), 1);
    let published: Value = serde_json::from_str(place.run(&["keys", "list", "--jwks"]).text()).unwrap();
    assert_eq!(published["keys"].as_array().unwrap().len(), 3);

    let doctor = place.run(&["doctor", "--json"]).json();
    let checks = doctor["checks"].as_array().unwrap();
    let names: Vec<_> = checks.iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(names, ["configuration", "master key", "database", "migrations", "keys", "clock"]);
    assert!(checks.iter().all(|check| check["state"] == "ok"), "{doctor}");
    let mut command = place.command(&["doctor", "--json"]);
    command.env("LEASEHOLD_MASTER_KEY", "08".repeat(32));
    let ended = run(command);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let doctor: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(
        doctor["checks"]
            .as_array()
            .unwrap()
            .iter()
            .any(|check| check["check"] == "keys" && check["state"] == "fail")
    );
}

#[tokio::test]
async fn a_lease_is_verified_offline() {
    let place = Place::embedded();
    place.sell("1");
    let license = place.license();
    let server = place.serve(&[]);
    let (status, activation) = server.post("/t/acme/v1/activate", license.on("studio-1")).await;
    assert_eq!(status, 201, "{activation}");
    server.kill();
    let lease = activation["lease"].as_str().unwrap();
    let keys = place.file("keys.json", place.run(&["keys", "list", "--jwks"]).text());
    let file = format!("@{}", place.file("lease.jwt", format!("{lease}\n")));
    let issuer = "https://licenses.example.com/t/acme";
    let verify = |lease: &str, fingerprint: &str, more: &[&str]| {
        let arguments = ["verify", lease, "--keys", &keys, "--issuer", issuer, "--product", "atelier"];
        run(leasehold(&[arguments.as_slice(), &["--fingerprint", fingerprint], more].concat()))
    };
    assert!(verify(lease, "studio-1", &[]).text().contains("ok    signature"));
    let good = verify(&file, "studio-1", &["--json"]).json();
    assert_eq!((&good["permitted"], &good["state"]), (&json!(true), &json!("valid")));
    let in_grace =
        verify(&file, "studio-1", &["--json", "--at", activation["lease_expires_at"].as_str().unwrap()]);
    assert_eq!(in_grace.json()["state"], "in_grace");
    let expired = verify(&file, "studio-1", &["--json", "--at", activation["grace_until"].as_str().unwrap()]);
    assert_eq!(expired.code, Some(3));
    let other = verify(&file, "studio-2", &["--json"]);
    assert_eq!(other.code, Some(3));
    let other: Value = serde_json::from_str(&other.stdout).unwrap();
    assert_eq!(other["checks"].as_array().unwrap().last().unwrap()["code"], "wrong_machine");
    let cut = verify(lease.get(..lease.len() - 1).unwrap(), "studio-1", &[]);
    assert_eq!((cut.code, cut.stdout.contains("FAIL  base64url")), (Some(3), true), "{cut:?}");
    let no_keys = place.file("none.json", "{}");
    let arguments = ["verify", lease, "--keys", &no_keys, "--issuer", issuer, "--product", "atelier"];
    run(leasehold(&[arguments.as_slice(), &["--fingerprint", "x"]].concat()))
        .failed(2, "the key set cannot be read");
}

#[test]
fn documents_are_written_and_compared() {
    let place = Place::embedded();
    let out = place.data().display().to_string();
    assert_eq!(run(leasehold(&["openapi", "--out", &out, "--check"])).code, Some(1));
    assert!(!place.data().exists());
    let written = run(leasehold(&["openapi", "--out", &out]));
    for name in ["client", "mini-key-server", "framecad"] {
        assert!(written.text().contains(&format!("{name}.json: written")), "{written:?}");
    }
    run(leasehold(&["openapi", "--out", &out, "--check"])).text();
    std::fs::write(place.data().join("client.json"), "{}").unwrap();
    let drifted = run(leasehold(&["openapi", "--out", &out, "--check"]));
    drifted.failed(1, "leasehold openapi --out");
    assert!(drifted.stdout.contains("client.json: differs"), "{drifted:?}");
}

#[test]
fn every_command_explains_itself() {
    let commands = [
        "",
        "serve",
        "demo",
        "tour",
        "tenant create",
        "tenant list",
        "tenant rate-limits",
        "product create",
        "policy create",
        "customer create",
        "license create",
        "license import",
        "license show",
        "license suspend",
        "license reinstate",
        "license revoke",
        "keys list",
        "keys prepare",
        "keys rotate",
        "verify",
        "migrate",
        "doctor",
        "openapi",
    ];
    for command in commands {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let ended = run(leasehold(&arguments));
        assert!(ended.text().contains("Usage: leasehold"), "{command}");
        let reference = include_str!("../../../../docs/cli.md");
        assert!(reference.contains(&format!("leasehold {command}")), "docs/cli.md lacks {command}");
    }
    assert_eq!(run(leasehold(&["frobnicate"])).code, Some(2));
}
