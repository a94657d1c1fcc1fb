//! Files in and out: what is given out comes back as it was, and what goes wrong leaves nothing.

use std::collections::BTreeMap;

use licensing::Validate;
use model::{LicenseKey, Limit, PolicyRules, Tenant};
use poem::Body;
use serde_json::{Value, json};
use testkit::{Shop, World, call, on_both};

use crate::{client::Client, vendor::Vendor};

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

fn rules(seats: u32) -> PolicyRules {
    PolicyRules { seats: Limit::AtMost(seats), ..PolicyRules::default() }
}

async fn import(client: &Client, vendor: &Vendor<'_>, path: &str, text: impl Into<Vec<u8>>) -> Value {
    let media_type = if path.contains(".csv") { CSV } else { NDJSON };
    let path = format!("/v1/imports/{path}");
    let answer = client.send(vendor.file(&path, media_type, text.into())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn export(client: &Client, vendor: &Vendor<'_>, path: &str) -> String {
    let answer = client.send(vendor.fetch(&format!("/v1/exports/{path}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let disposition = answer.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
    answer.text
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Objects without what a new place gives anew, by one of their members.
fn comparable(text: &str, by: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for mut object in objects(text) {
        let members = object.as_object_mut().unwrap();
        for new in ["id", "customer_id", "license_id", "created_at", "updated_at"] {
            members.remove(new);
        }
        if by != "client_key" {
            members.remove("number");
        }
        all.insert(object[by].as_str().unwrap().to_owned(), object);
    }
    all
}

/// Everything of a tenant but the numbers, which a failed import may have used up.
async fn kept(world: &World, tenant: &Tenant) -> BTreeMap<String, Vec<String>> {
    let mut all = world.database.raw().await.dump_tenant(tenant.id).await;
    all.remove("numbers");
    // The last use of the API key is written down now and then.
    all.remove("api_keys");
    all
}

const LICENSES: &str = "\
{\"key\":\"OLD-1\",\"policy\":\"standard\",\"product\":\"app\",\"customer\":\"OWNER-1\",\"seats\":2,\"memo\":\"=1+1, \\\"a\\\"\\nb\",\"metadata\":{\"order\":\"1,2\",\"\\u00e4\":\"\"}}
{\"key\":\"old 2\",\"policy\":\"standard\",\"activation_limit\":-1,\"activations_used\":7,\"deactivations_used\":3,\"state\":\"suspended\"}
{\"key\":\"OLD-3\",\"policy\":\"yearly\",\"expires_at\":\"2027-01-02T03:04:05.000006Z\",\"term_started_at\":\"2026-01-02T03:04:05Z\"}
{\"key\":\"OLD-4\",\"policy\":\"yearly\",\"expires_at\":\"never\",\"state\":\"revoked\"}
{\"key\":\"OLD-5\",\"policy\":\"yearly\",\"entitlements\":{\"layers\":{\"value\":64,\"expires_at\":\"2030-01-01T00:00:00Z\"},\"export\":{\"value\":false},\"tiers\":{\"value\":[\"a\",\"b\"]},\"skin\":{\"value\":\"dark\"}}}
";

async fn furnish(shop: &Shop<'_>) {
    shop.policy("standard", rules(1)).await;
    let term = Some("P1Y".parse().unwrap());
    shop.policy("yearly", PolicyRules { term, ..rules(1) }).await;
}

on_both! {
    async fn what_is_exported_comes_back_as_it_was(database: Database) {
        let world = World::new(database).await;
        let (from, to, last) = (world.shop("from").await, world.shop("to").await, world.shop("last").await);
        for shop in [&from, &to, &last] {
            furnish(shop).await;
        }
        let client = Client::new(&world, None);
        let of_from = Vendor::new(&client, &world, &from.tenant, "admin").await;
        let of_to = Vendor::new(&client, &world, &to.tenant, "admin").await;
        let of_last = Vendor::new(&client, &world, &last.tenant, "admin").await;
        let customers = "name,client_key,number,email,metadata\n\
            \"=HYPERLINK(\"\"x\"\"), Ltd.\",OWNER-1,17,a@example.com,\"{\"\"a\"\":\"\"b\"\"}\"\n\
            \u{e4},OWNER-2,,,\n";
        let done = import(&client, &of_from, "customers.csv", customers).await;
        assert_eq!(done, json!({"applied": true, "created": 2, "existing": 0, "refused": 0, "refused_lines": []}));
        let done = import(&client, &of_from, "licenses.ndjson", LICENSES).await;
        assert_eq!(done, json!({"applied": true, "created": 5, "existing": 0, "refused": 0, "refused_lines": []}));
        let key = LicenseKey::parse("OLD-1").unwrap();
        shop_activates(&from, &key, 1).await;
        shop_activates(&from, &key, 2).await;

        for (source, target, format) in [(&of_from, &of_to, "csv"), (&of_to, &of_last, "ndjson")] {
            for kind in ["customers", "licenses", "machines"] {
                let keys = if kind == "customers" { "" } else { "?keys=true" };
                let file = export(&client, source, &format!("{kind}.{format}{keys}")).await;
                let before = export(&client, source, &format!("{kind}.ndjson{keys}")).await;
                let first = import(&client, target, &format!("{kind}.{format}"), file.clone()).await;
                let count = objects(&before).len();
                assert_eq!((&first["created"], &first["refused"]), (&json!(count), &json!(0)), "{first}");
                let again = import(&client, target, &format!("{kind}.{format}"), file).await;
                assert_eq!((&again["created"], &again["existing"]), (&json!(0), &json!(count)), "{again}");
                let after = export(&client, target, &format!("{kind}.ndjson{keys}")).await;
                let by = match kind {
                    "customers" => "client_key",
                    "licenses" => "key",
                    _ => "fingerprint",
                };
                assert_eq!(comparable(&after, by), comparable(&before, by), "{kind}.{format}");
            }
        }
        // The keys work in the last place, and the machines hold the seats.
        let validate = Validate {
            key: key.clone(),
            product: "app".parse().unwrap(),
            fingerprint: Some(testkit::fingerprint(2)),
            customer: None,
            entitlements: vec![],
            binding: None,
        };
        let valid = world.licensing.validate(&last.tenant, &call(), validate).await.unwrap();
        assert!(format!("{valid:?}").contains("seats_used: 2"), "{valid:?}");
        let refused = last.activate(&key, 3).await.unwrap_err();
        assert_eq!(refused.refusal.primary().code(), "seats_exhausted");
    }

    async fn lines_that_are_refused_are_told_and_the_others_are_there(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        furnish(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "licenses:write").await;
        let text = [
            b"\xEF\xBB\xBFkey,policy,customer,metadata\r\n".as_slice(),
            b"GOOD-1,standard,,\r\nBAD-SECRET-1,nonesuch,,\r\nBAD-SECRET-2,standard,NOBODY,\r\n",
            b"BAD-\xFF,standard,,\r\ngood 1,standard,,\r\n\"BAD-SECRET-3,standard,,\r\n",
            b"GOOD-2,standard,,\"{\"\"a\"\":\"\"b\"\"}\"\r\nBAD-SECRET-4,standard,,{}x\r\n",
        ].concat();
        let before = kept(&world, &shop.tenant).await;
        let expected = |applied: bool| json!({
            "applied": applied, "created": 2, "existing": 1, "refused": 5,
            "refused_lines": [
                {"line": 3, "member": "policy", "reason": "names no policy"},
                {"line": 4, "member": "customer", "reason": "names no customer"},
                {"line": 5, "member": "key", "reason": "is not UTF-8 text"},
                {"line": 7, "reason": "has a quote that is not closed"},
                {"line": 9, "member": "metadata", "reason": "must be a JSON object that has no member twice"},
            ],
        });
        for mode in ["?all_or_nothing=true", "?dry_run=true", "?all_or_nothing=true&dry_run=true"] {
            let done = import(&client, &vendor, &format!("licenses.csv{mode}"), text.clone()).await;
            assert_eq!(done, expected(false), "{mode}");
            assert_eq!(kept(&world, &shop.tenant).await, before, "{mode}");
        }
        assert_eq!(import(&client, &vendor, "licenses.csv", text).await, expected(true));
        let nothing = json!({"applied": true, "created": 0, "existing": 0, "refused": 0, "refused_lines": []});
        assert_eq!(import(&client, &vendor, "licenses.csv", "key,policy").await, nothing);
        assert_eq!(import(&client, &vendor, "licenses.ndjson", "").await, nothing);
    }

    async fn what_goes_wrong_leaves_nothing(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        furnish(&shop).await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "admin").await;
        let before = kept(&world, &shop.tenant).await;

        let pieces = [
            Ok(b"key,policy\nGOOD-1,standard\n".to_vec()),
            Ok(b"GOOD-2,standard\n".to_vec()),
            Err(std::io::Error::other("the connection is gone")),
        ];
        let body = Body::from_bytes_stream(futures::stream::iter(pieces));
        let answer = client.send(vendor.file("/v1/imports/licenses.csv", CSV, body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"));
        assert_eq!(kept(&world, &shop.tenant).await, before);

        for (path, media_type, text, status, code) in [
            ("licenses.csv", NDJSON, "key,policy\n", 415, "unsupported_media_type"),
            ("licenses.csv", "application/json", "key,policy\n", 415, "unsupported_media_type"),
            ("licenses.ndjson", CSV, "{}", 415, "unsupported_media_type"),
            ("licenses.csv", CSV, "", 422, "malformed_file"),
            ("licenses.csv", CSV, "key,policy,key\n", 422, "malformed_file"),
            ("licenses.csv", CSV, "key,policy,color\n", 422, "malformed_file"),
            ("licenses.csv?dry_run=1", CSV, "key,policy\n", 400, "bad_parameter"),
        ] {
            let request = vendor.file(&format!("/v1/imports/{path}"), media_type, text);
            let answer = client.send(request).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path} {text}");
        }
        let mut long = vendor.file("/v1/imports/licenses.csv", CSV, "key,policy\n");
        long.headers_mut().insert("content-length", "268435457".parse().unwrap());
        let answer = client.send(long).await;
        assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));

        let many: String = (0..1_200).map(|n| format!("KEY-{n:05},standard\n")).collect();
        let file = format!("key,policy\n{many}");
        let mut raw = world.database.raw().await;
        for table in ["license_checks", "outbox"] {
            raw.break_table(table).await;
            let answer = client.send(vendor.file("/v1/imports/licenses.csv", CSV, file.clone())).await;
            assert_eq!((answer.status, answer.code().as_str()), (500, "internal"), "{table}");
            raw.mend(table).await;
            assert_eq!(kept(&world, &shop.tenant).await, before, "{table}");
        }
        // It succeeds now, and an export of it breaks visibly when the database breaks in its middle.
        let done = import(&client, &vendor, "licenses.csv", file).await;
        assert_eq!(done["created"], 1_200);
        let whole = export(&client, &vendor, "licenses.csv").await;
        assert_eq!(whole.lines().count(), 1_201);
        let damage = "UPDATE licenses SET metadata = 'x' WHERE id IN (SELECT id FROM licenses ORDER BY id DESC LIMIT 1)";
        assert_eq!(raw.execute(damage).await, 1);
        let response = client.unchecked(vendor.fetch("/v1/exports/licenses.csv")).await;
        assert_eq!(response.status().as_u16(), 200);
        assert!(response.into_body().into_bytes().await.is_err(), "it does not look complete");
    }

    async fn exports_have_what_the_filters_leave_and_keys_only_for_those_who_may(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        furnish(&shop).await;
        shop.customer("OWNER-1").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "admin").await;
        import(&client, &vendor, "licenses.ndjson", LICENSES).await;
        shop.product("other").await;
        for (filter, count) in [
            ("", 5),
            ("?policy=yearly", 3),
            ("?policy=yearly&state=active", 2),
            ("?product=app&state=suspended", 1),
            ("?product=app&policy=yearly", 3),
            ("?state=revoked", 1),
            ("?product=other", 0),
        ] {
            let text = export(&client, &vendor, &format!("licenses.ndjson{filter}")).await;
            assert_eq!(objects(&text).len(), count, "{filter}");
            assert!(!text.contains("\"key\""), "{text}");
        }
        for (filter, status) in [
            ("?product=nonesuch", 404),
            ("?policy=nonesuch", 404),
            ("?product=other&policy=yearly", 404),
            ("?state=gone", 400),
            ("?color=red", 400),
        ] {
            let answer = client.send(vendor.fetch(&format!("/v1/exports/licenses.csv{filter}"))).await;
            assert_eq!(answer.status, status, "{filter}");
        }
        let reader = Vendor::new(&client, &world, &shop.tenant, "licenses:read machines:read").await;
        let revealer =
            Vendor::new(&client, &world, &shop.tenant, "licenses:read machines:read licenses:reveal").await;
        let exported = "SELECT details FROM events WHERE action = 'license.export_keys'";
        let exported = format!("SELECT CAST(details AS TEXT) FROM ({exported}) AS found");
        for path in ["licenses.csv", "licenses.ndjson", "machines.csv", "machines.ndjson"] {
            assert_eq!(reader.get(&format!("/v1/exports/{path}")).await.status, 200);
            let answer = reader.get(&format!("/v1/exports/{path}?keys=true")).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "insufficient_scope"));
        }
        assert_eq!(world.database.raw().await.texts(&exported).await.len(), 0);
        let text = export(&client, &revealer, "licenses.csv?keys=true&policy=standard").await;
        assert!(text.contains("OLD-1") && text.contains("old 2") && !text.contains("OLD-3"), "{text}");
        let events = world.database.raw().await.texts(&exported).await;
        assert_eq!(events.len(), 1);
        assert!(events[0].contains("standard") && !events[0].contains("OLD"), "{events:?}");
    }

    async fn machines_take_seats_and_only_those_that_are_left(database: Database) {
        let world = World::new(database).await;
        let shop = world.shop("acme").await;
        let term = Some("P1D".parse().unwrap());
        shop.policy("standard", PolicyRules { term, ..rules(2) }).await;
        let (license, key) = shop.license("standard").await;
        shop.policy("floating", PolicyRules { seat_kind: model::SeatKind::Floating, ..rules(1) }).await;
        let (floating, _) = shop.license("floating").await;
        let client = Client::new(&world, None);
        let vendor = Vendor::new(&client, &world, &shop.tenant, "machines:write").await;
        let (key, id, other) = (key.reveal(), license.id, floating.id);
        let text = format!(
            "license_key,license_id,fingerprint,name,state,activated_at\n\
             {key},,f-1,first,active,2026-02-01T00:00:00Z\n\
             ,{id},f-2,,,\n\
             ,{id},f-3,,,\n\
             ,{id},f-4,old,deactivated,2025-02-01T00:00:00Z\n\
             ,{id},f-1,,,\n\
             NO-SUCH-KEY,,f-1,,,\n\
             ,0196a1c4-0a10-7b3c-8d21-4e5f60718293,f-1,,,\n\
             ,,f-1,,,\n\
             ,{other},f-1,,,\n\
             ,{other},f-2,,,\n"
        );
        let done = import(&client, &vendor, "machines.csv", text).await;
        assert_eq!(done, json!({
            "applied": true, "created": 5, "existing": 1, "refused": 4,
            "refused_lines": [
                {"line": 4, "reason": "seats_exhausted: the license has no seat left"},
                {"line": 7, "member": "license_key", "reason": "names no license"},
                {"line": 8, "member": "license_id", "reason": "names no license"},
                {"line": 9, "reason": "needs license_key or license_id"},
            ],
        }));
    }

    async fn nothing_is_anothers_and_every_scope_counts(database: Database) {
        let world = World::new(database).await;
        let (shop, other) = (world.shop("acme").await, world.shop("other").await);
        furnish(&shop).await;
        furnish(&other).await;
        let owner = shop.customer("OWNER-1").await;
        let (license, _) = shop.license("standard").await;
        let client = Client::new(&world, None);
        let theirs = Vendor::new(&client, &world, &other.tenant, "admin").await;
        let things = async || {
            let mut all = kept(&world, &shop.tenant).await;
            // The making of API keys below.
            all.retain(|table, _| !matches!(table.as_str(), "events" | "outbox"));
            all
        };
        let before = things().await;
        for (path, line, member) in [
            ("machines", json!({"license_id": license.id.to_string(), "fingerprint": "f"}), "license_id"),
            ("licenses", json!({"key": "KEY-1", "policy": "standard", "customer": "OWNER-1"}), "customer"),
            ("licenses", json!({"key": "KEY-1", "policy": "standard", "customer_id": owner.id.to_string()}), "customer_id"),
        ] {
            let done = import(&client, &theirs, &format!("{path}.ndjson"), line.to_string()).await;
            assert_eq!((&done["refused"], &done["refused_lines"][0]["member"]), (&json!(1), &json!(member)));
        }
        for kind in ["licenses", "customers", "machines"] {
            assert_eq!(export(&client, &theirs, &format!("{kind}.ndjson")).await, "");
            for format in ["csv", "ndjson"] {
                let media_type = if format == "csv" { CSV } else { NDJSON };
                for (method, needs) in [("exports", "read"), ("imports", "write")] {
                    let path = format!("/v1/{method}/{kind}.{format}");
                    let request = |vendor: &Vendor<'_>| match method {
                        "exports" => vendor.fetch(&path),
                        _ => vendor.file(&path, media_type, "nonsense"),
                    };
                    let needed = format!("{kind}:{needs}");
                    let all = ["licenses", "customers", "machines"].map(|kind| [format!("{kind}:read"), format!("{kind}:write")]);
                    let others: Vec<String> = all.concat().into_iter().filter(|scope| *scope != needed).collect();
                    let without = Vendor::new(&client, &world, &shop.tenant, &others.join(" ")).await;
                    let answer = client.send(request(&without)).await;
                    assert_eq!((answer.status, answer.code().as_str()), (403, "insufficient_scope"), "{path}");
                    let with = Vendor::new(&client, &world, &shop.tenant, &needed).await;
                    assert!(client.send(request(&with)).await.status != 403, "{path}");
                    let answer = client.send(request(&theirs.at("acme"))).await;
                    assert_eq!(answer.status, 401, "{path}");
                }
            }
        }
        assert!(things().await == before);
    }
}

async fn shop_activates(shop: &Shop<'_>, key: &LicenseKey, machine: usize) {
    shop.activate(key, machine).await.unwrap();
}
