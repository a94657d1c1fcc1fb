//! The platform API: tenants made, suspended and resumed by operators.

use leasehold_api::Settings;
use poem::http::Method;
use serde_json::{Value, json};
use testkit::{Database, World, on_both};

use crate::client::{Answer, Client, request};

/// The platform token.
pub(crate) const TOKEN: &str = "a-platform-token-of-enough-characters";

/// A server with a platform API, and the operator who has its token.
pub(crate) struct Operator {
    pub(crate) client: Client,
}

/// Settings with a platform API.
pub(crate) fn settings() -> Settings {
    use sha2::Digest as _;
    Settings {
        public_url: Some("https://licenses.example.com".to_owned()),
        platform_token_hash: Some(sha2::Sha256::digest(TOKEN).into()),
        ..Settings::default()
    }
}

impl Operator {
    pub(crate) fn new(world: &World) -> Self {
        Self { client: Client::with(world, settings()) }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.send_as(&format!("Bearer {TOKEN}"), method, path, body).await
    }

    async fn send_as(&self, credential: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request =
            request(method.to_uppercase().parse::<Method>().unwrap(), &format!("/platform{path}"));
        if !credential.is_empty() {
            request = request.header("authorization", credential);
        }
        let request = match body {
            Some(body) => request.content_type("application/json").body(body.to_string()),
            None => request.finish(),
        };
        self.client.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send("POST", path, None).await
    }

    /// Makes a tenant; gives its API key.
    pub(crate) async fn create(&self, slug: &str) -> String {
        let answer = self.send("POST", "/v1/tenants", Some(&new_tenant(slug))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["api_key"]["key"].as_str().unwrap().to_owned()
    }

    /// Asks a tenant's API with an API key.
    pub(crate) async fn as_vendor(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request =
            request(method.parse::<Method>().unwrap(), path).header("authorization", format!("Bearer {key}"));
        let request = match body {
            Some(body) => request.content_type("application/json").body(body.to_string()),
            None => request.finish(),
        };
        self.client.send(request).await
    }
}

fn new_tenant(slug: &str) -> Value {
    json!({
        "slug": slug,
        "name": format!("The {slug}"),
        "owner": { "email": "olivia@example.com", "name": "Olivia" },
    })
}

on_both! {
    async fn an_operator_makes_a_tenant_that_works_at_once(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        let answer = operator.send("POST", "/v1/tenants", Some(&new_tenant("acme"))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.header("location"), Some("/platform/v1/tenants/acme"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let made = answer.json();
        assert_eq!(made["tenant"]["issuer"], "https://licenses.example.com/t/acme");
        assert_eq!((&made["tenant"]["state"], &made["owner"]["role"]), (&json!("active"), &json!("owner")));
        let key = made["api_key"]["key"].as_str().unwrap();
        let products = operator.as_vendor(key, "GET", "/t/acme/v1/products", None).await;
        assert_eq!(products.json(), json!({"items": []}));

        let shown = operator.get("/v1/tenants/acme").await;
        assert_eq!(shown.json(), made["tenant"]);
        assert_eq!(shown.header("etag"), Some("\"1\""));

        let again = operator.send("POST", "/v1/tenants", Some(&new_tenant("acme"))).await;
        assert_eq!((again.status, again.code().as_str()), (409, "conflict"));
        let mut other = new_tenant("other");
        other["issuer"] = json!("https://licenses.example.com/t/acme");
        assert_eq!(operator.send("POST", "/v1/tenants", Some(&other)).await.status, 409, "the issuer is taken");
        assert_eq!(operator.get("/v1/tenants/other").await.code(), "resource_not_found");
    }

    async fn everything_wrong_with_a_tenant_is_told(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        let body = json!({"slug": "A", "owner": {"email": "x", "role": "admin"}, "id": "1", "api_key_name": ""});
        let answer = operator.send("POST", "/v1/tenants", Some(&body)).await;
        assert_eq!(
            answer.pointers(),
            ["/slug", "/name", "/owner/email", "/owner/name", "/owner/role", "/api_key_name", "/id"]
        );
        let body = json!({"slug": "a", "name": "A", "owner": []});
        assert_eq!(operator.send("POST", "/v1/tenants", Some(&body)).await.pointers(), ["/owner"]);
        assert_eq!(operator.get("/v1/tenants").await.json(), json!({"items": []}));
    }

    async fn a_suspended_tenant_is_as_good_as_unknown(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        let key = operator.create("acme").await;
        let product = json!({"code": "cad", "name": "CAD"});
        assert_eq!(operator.as_vendor(&key, "POST", "/t/acme/v1/products", Some(&product)).await.status, 201);

        let suspended = operator.post("/v1/tenants/acme/suspend").await;
        assert_eq!((&suspended.json()["state"], suspended.header("etag")), (&json!("suspended"), Some("\"2\"")));
        assert_eq!(operator.post("/v1/tenants/acme/suspend").await.json(), suspended.json(), "nothing changes");
        for path in ["/v1/products", "/.well-known/jwks.json", "/v1/products/cad"] {
            let there = operator.as_vendor(&key, "GET", &format!("/t/acme{path}"), None).await;
            let unknown = operator.as_vendor(&key, "GET", &format!("/t/nobody{path}"), None).await;
            assert_eq!((there.status, there.code()), (404, "tenant_not_found".to_owned()), "{path}");
            assert_eq!(there.code(), unknown.code());
        }
        let resumed = operator.post("/v1/tenants/acme/resume").await;
        assert_eq!((&resumed.json()["state"], resumed.header("etag")), (&json!("active"), Some("\"3\"")));
        assert_eq!(operator.post("/v1/tenants/acme/resume").await.json(), resumed.json(), "nothing changes");
        let products = operator.as_vendor(&key, "GET", "/t/acme/v1/products", None).await;
        assert_eq!(products.json()["items"][0]["code"], "cad", "its data has stayed");
        for path in ["suspend", "resume"] {
            let unknown = operator.post(&format!("/v1/tenants/nobody/{path}")).await;
            assert_eq!(unknown.code(), "resource_not_found");
        }
        let mut raw = world.database.raw().await;
        let actions = raw
            .texts("SELECT action FROM events WHERE actor = 'operator' AND subject_kind = 'tenant' ORDER BY id")
            .await;
        assert_eq!(actions, ["tenant.create", "tenant.suspend", "tenant.resume"]);
    }

    async fn tenants_are_listed_and_renamed(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        for slug in ["acme", "brix", "cero"] {
            operator.create(slug).await;
        }
        let slugs = |answer: &Answer| -> Vec<String> {
            let items = answer.json()["items"].as_array().unwrap().clone();
            items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()).collect()
        };
        let mut all = slugs(&operator.get("/v1/tenants").await);
        let first = operator.get("/v1/tenants?limit=2").await;
        let next = first.json()["next_cursor"].as_str().unwrap().to_owned();
        let rest = operator.get(&format!("/v1/tenants?cursor={next}")).await;
        assert_eq!([slugs(&first), slugs(&rest)].concat(), all);
        assert!(rest.json().get("next_cursor").is_none());
        let descending = slugs(&operator.get("/v1/tenants?sort=-created_at").await);
        all.reverse();
        assert_eq!(descending, all);
        assert_eq!(operator.get("/v1/tenants?state=active").await.code(), "bad_parameter");
        assert_eq!(operator.get("/v1/tenants/acme?x=1").await.code(), "bad_parameter");

        let patch = json!({"name": "ACME International"});
        let changed = operator.send("PATCH", "/v1/tenants/acme", Some(&patch)).await;
        assert_eq!((&changed.json()["name"], &changed.json()["revision"]), (&patch["name"], &json!(2)));
        let late = request(Method::PATCH, "/platform/v1/tenants/acme")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("if-match", "\"1\"")
            .content_type("application/json")
            .body(patch.to_string());
        assert_eq!(operator.client.send(late).await.code(), "precondition_failed");
        let slug = operator.send("PATCH", "/v1/tenants/acme", Some(&json!({"slug": "other"}))).await;
        assert_eq!(slug.pointers(), ["/slug"]);
    }

    async fn a_tenant_is_exported_and_imported(database: Database) {
        let (world, other) = (World::new(database).await, World::new(Database::sqlite().await).await);
        let (here, there) = (Operator::new(&world), Operator::new(&other));
        let key = here.create("acme").await;
        let product = json!({"code": "cad", "name": "CAD"});
        assert_eq!(here.as_vendor(&key, "POST", "/t/acme/v1/products", Some(&product)).await.status, 201);
        here.post("/v1/tenants/acme/suspend").await;

        let (good, wrong) = ("0123456789abcdef".repeat(4), "0123456789abcdee".repeat(4));
        let send = async |operator: &Operator, path: &str, key: &str, archive: Option<&str>| {
            let request = request(Method::POST, &format!("/platform{path}"))
                .header("authorization", format!("Bearer {TOKEN}"))
                .header("leasehold-archive-key", key);
            let request = match archive {
                Some(archive) => request.content_type("application/x-ndjson").body(archive.to_owned()),
                None => request.finish(),
            };
            operator.client.send(request).await
        };
        assert_eq!(send(&here, "/v1/tenants/nobody/export", &good, None).await.code(), "resource_not_found");
        assert_eq!(send(&here, "/v1/tenants/acme/export", "abc", None).await.code(), "bad_header");
        let archive = send(&here, "/v1/tenants/acme/export", &good, None).await;
        assert_eq!((archive.status, archive.header("content-type")), (200, Some("application/x-ndjson")));
        assert_eq!(archive.header("content-disposition"), Some("attachment; filename=\"acme.leasehold\""));
        assert!(here.get("/v1/tenants/acme").await.json()["exported_at"].is_string());

        let before = other.database.raw().await.dump().await;
        assert_eq!(send(&there, "/v1/import", &good, None).await.code(), "unsupported_media_type");
        let half = &archive.text[..archive.text.len() / 2];
        for (key, archive) in [(&wrong, &*archive.text), (&good, half), (&good, "{}\n"), (&good, "")] {
            let refused = send(&there, "/v1/import", key, Some(archive)).await;
            assert_eq!((refused.code().as_str(), refused.pointers()), ("validation_failed", vec!["/archive".to_owned()]));
        }
        assert_eq!(other.database.raw().await.dump().await, before, "nothing is imported");
        let imported = send(&there, "/v1/import", &good, Some(&archive.text)).await;
        assert_eq!((imported.status, imported.header("location")), (201, Some("/platform/v1/tenants/acme")));
        assert_eq!(imported.json()["state"], "active");
        let products = there.as_vendor(&key, "GET", "/t/acme/v1/products", None).await;
        assert_eq!(products.json()["items"][0]["code"], "cad", "the API key is good, and the product is there");
        assert_eq!(send(&there, "/v1/import", &good, Some(&archive.text)).await.code(), "conflict");
    }

    async fn a_domain_serves_its_tenant_at_the_root(database: Database) {
        let world = World::new(database).await;
        let default = model::TenantSlug::parse("acme").unwrap();
        let client = Client::with(&world, Settings { default_tenant: Some(default), ..settings() });
        let operator = Operator { client };
        operator.create("acme").await;
        operator.create("brix").await;
        let path = "/v1/tenants/brix/domains/keys.brix.example";
        let added = operator.send("PUT", path, None).await;
        assert_eq!((added.status, &added.json()["name"]), (200, &json!("keys.brix.example")));
        assert_eq!(operator.send("PUT", path, None).await.json(), added.json());
        assert_eq!(operator.get("/v1/tenants/brix/domains").await.json(), json!({"items": [added.json()]}));
        let taken = operator.send("PUT", "/v1/tenants/acme/domains/keys.brix.example", None).await;
        assert_eq!(taken.code(), "conflict");
        assert_eq!(operator.send("PUT", "/v1/tenants/brix/domains/BRIX", None).await.code(), "resource_not_found");
        let stranger = operator.send("DELETE", "/v1/tenants/acme/domains/keys.brix.example", None).await;
        assert_eq!(stranger.code(), "resource_not_found");

        let keys = async |path: &str, host: &str| {
            let request = request(Method::GET, path).header("host", host).finish();
            operator.client.send(request).await.text
        };
        const JWKS: &str = "/.well-known/jwks.json";
        let (acme, brix) = (keys("/t/acme/.well-known/jwks.json", "x").await, keys("/t/brix/.well-known/jwks.json", "x").await);
        assert_ne!(acme, brix);
        for host in ["keys.brix.example", "Keys.Brix.Example:8443"] {
            assert_eq!(keys(JWKS, host).await, brix, "{host}");
        }
        for host in ["localhost", "other.example", "127.0.0.1:80", "xkeys.brix.example", ""] {
            assert_eq!(keys(JWKS, host).await, acme, "{host}: the default tenant");
        }
        assert_eq!(keys("/t/acme/.well-known/jwks.json", "keys.brix.example").await, acme, "the path says whose it is");
        assert_eq!(operator.get("/v1/tenants/acme").await.status, 200);
        operator.post("/v1/tenants/brix/suspend").await;
        assert_eq!(keys(JWKS, "keys.brix.example").await, acme, "as if there were no such domain");
        operator.post("/v1/tenants/brix/resume").await;
        assert_eq!(operator.send("DELETE", path, None).await.status, 204);
        assert_eq!(operator.send("DELETE", path, None).await.code(), "resource_not_found");
        assert_eq!(keys(JWKS, "keys.brix.example").await, acme);
    }

    async fn limits_hold_and_figures_count(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        let key = operator.create("acme").await;
        let limits = json!({"products": 1, "api_keys": 1});
        let set = operator.send("PUT", "/v1/tenants/acme/limits", Some(&limits)).await;
        assert_eq!(set.json()["limits"], limits, "{}", set.text);
        let wrong = operator.send("PUT", "/v1/tenants/acme/limits", Some(&json!({"products": -1, "seats": 1}))).await;
        assert_eq!(wrong.pointers(), ["/products", "/seats"]);
        let product = |code: &str| json!({"code": code, "name": "CAD"});
        let create = async |code: &str| operator.as_vendor(&key, "POST", "/t/acme/v1/products", Some(&product(code))).await;
        assert_eq!(create("one").await.status, 201);
        let refused = create("two").await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "limit_reached"));
        let body = json!({"name": "more", "scopes": ["admin"]});
        let refused = operator.as_vendor(&key, "POST", "/t/acme/v1/api-keys", Some(&body)).await;
        assert_eq!(refused.code(), "limit_reached");
        operator.send("PUT", "/v1/tenants/acme/limits", Some(&json!({}))).await;
        assert_eq!(create("two").await.status, 201);
        let figures = operator.get("/v1/tenants/acme/figures").await.json();
        assert_eq!(
            figures,
            json!({
                "active_licenses": 0, "suspended_licenses": 0, "revoked_licenses": 0, "active_machines": 0,
                "customers": 0, "products": 2, "api_keys": 1, "events": figures["events"],
            })
        );
    }

    async fn a_tenant_is_deleted_when_its_time_has_come(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        operator.create("brix").await;
        operator.create("acme").await;
        let shop = testkit::Shop {
            world: &world,
            tenant: world.licensing.tenant(&model::TenantSlug::parse("acme").unwrap()).await.unwrap(),
        };
        shop.product("app").await;
        shop.customer("CLIENT").await;
        let (_, key) = shop.license_with(model::PolicyRules::default()).await;
        shop.activate(&key, 1).await.unwrap();
        operator.send("PUT", "/v1/tenants/acme/domains/keys.acme.example", None).await;
        let delete = async |days: &str| operator.send("DELETE", &format!("/v1/tenants/acme{days}"), None).await;
        assert_eq!(delete("").await.code(), "conflict", "it is served");
        operator.post("/v1/tenants/acme/suspend").await;
        assert_eq!(delete("").await.code(), "conflict", "it was not exported");
        let export = request(Method::POST, "/platform/v1/tenants/acme/export")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("leasehold-archive-key", "0".repeat(64))
            .finish();
        assert_eq!(operator.client.send(export).await.status, 200);
        for bad in ["?grace_days=366", "?grace_days=-1", "?grace_days=x", "?days=1"] {
            assert_eq!(delete(bad).await.code(), "bad_parameter", "{bad}");
        }
        assert_eq!(delete("").await.json()["delete_after"], "2026-03-31T12:00:00Z");
        assert_eq!(operator.post("/v1/tenants/acme/resume").await.code(), "conflict");
        world.licensing.sweep().await.unwrap();
        assert!(operator.post("/v1/tenants/acme/keep").await.json().get("delete_after").is_none());
        assert_eq!(delete("?grace_days=1").await.json()["delete_after"], "2026-03-02T12:00:00Z");

        let mut raw = world.database.raw().await;
        let brix = world.licensing.tenant(&model::TenantSlug::parse("brix").unwrap()).await.unwrap().id;
        let mut others = raw.dump_tenant(brix).await;
        // A sweep also notes how many machines are active on each day.
        others.remove("usage_days");
        world.clock.advance(86_399);
        world.licensing.sweep().await.unwrap();
        assert_eq!(operator.get("/v1/tenants/acme").await.status, 200, "not yet");
        world.clock.advance(1);
        world.licensing.sweep().await.unwrap();
        assert_eq!(operator.get("/v1/tenants/acme").await.code(), "resource_not_found");
        let left = raw.dump_tenant(shop.tenant.id).await;
        assert!(left.values().all(Vec::is_empty), "{left:?}");
        assert_eq!(raw.number("SELECT count(*) FROM domains").await, 0);
        let mut after = raw.dump_tenant(brix).await;
        after.remove("usage_days");
        assert_eq!(after, others, "what is another's stays");
        operator.create("acme").await;
    }

    async fn only_the_platform_token_opens_the_platform_api(database: Database) {
        let world = World::new(database).await;
        let operator = Operator::new(&world);
        let key = operator.create("acme").await;
        let mut raw = world.database.raw().await;
        let before = raw.dump().await;
        let document: Value = serde_json::from_str(&leasehold_api::platform_document()).unwrap();
        let none = Client::new(&world, Some("acme"));
        let mut swept = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            let path = path.replace("{tenant}", "acme").replace("{domain}", "a.example");
            for method in item.as_object().unwrap().keys() {
                for credential in [
                    String::new(),
                    "Bearer".to_owned(),
                    "Bearer  ".to_owned(),
                    format!("Bearer {key}"),
                    format!("Basic {TOKEN}"),
                    format!("Bearer {}", &TOKEN[1..]),
                    format!("Bearer {TOKEN}x"),
                    format!("Bearer {}", TOKEN.to_uppercase()),
                ] {
                    let answer = operator.send_as(&credential, method, &path, Some(&json!({}))).await;
                    assert_eq!((answer.status, answer.code().as_str()), (401, "unauthorized"), "{method} {path}");
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                }
                let refused = none
                    .send(request(method.to_uppercase().parse().unwrap(), &format!("/platform{path}"))
                        .header("authorization", format!("Bearer {TOKEN}")).finish())
                    .await;
                assert_eq!((refused.status, refused.code().as_str()), (404, "route_not_found"), "no platform API");
                swept += 1;
            }
        }
        assert!(swept >= 6);
        assert_eq!(raw.dump().await, before, "nothing has changed");
        let operators = operator.as_vendor(TOKEN, "GET", "/t/acme/v1/products", None).await;
        assert_eq!(operators.code(), "unauthorized", "operators have no rights within a tenant");
    }
}

#[tokio::test]
async fn the_served_document_is_the_published_one() {
    let world = World::new(Database::sqlite().await).await;
    let operator = Operator::new(&world);
    let answer = operator.get("/openapi/platform.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert!(answer.text == leasehold_api::platform_document());
    let document = answer.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert_eq!(operation["security"], json!([{"platformToken": []}]), "{method} {path}");
        }
    }
    assert_eq!(Client::new(&world, None).get("/platform/openapi/platform.json").await.status, 404);
}
