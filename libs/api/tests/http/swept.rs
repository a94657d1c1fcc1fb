//! What the sweeps over all operations of all documents share: the operations, and a vendor with one of each thing.

use std::collections::BTreeMap;

use leasehold_api::{documents, platform_document};
use licensing::{Call, NewApiKey};
use model::{ApiKeyId, Name, PolicyRules, Scope, Scopes};
use poem::http::Method;
use serde_json::{Value, json};
use testkit::{Shop, World};

use crate::{
    client::{Answer, Client, request},
    platform,
};

/// The documents of the APIs of older systems, which have rules of their own.
const OLDER: [&str; 2] = ["framecad.json", "mini-key-server.json"];

/// An operation of a published document.
pub(crate) struct Operation {
    /// Its method, a space, and its path below a tenant's base.
    pub(crate) name: String,
    /// Whether it is one of an older system.
    pub(crate) is_older: bool,
    method: String,
    path: String,
    value: Value,
    schemas: Value,
}

/// Who may call an operation.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Caller {
    /// Whoever knows the things that it names.
    Anyone,
    /// An API key with this scope.
    ApiKey(Scope),
    /// Whoever has the platform token.
    Operator,
}

/// All operations of all documents.
pub(crate) fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (document, text) in documents().into_iter().chain([("platform.json", platform_document())]) {
        let text: Value = serde_json::from_str(&text).unwrap();
        for (path, item) in text["paths"].as_object().unwrap() {
            for (method, value) in item.as_object().unwrap() {
                operations.push(Operation {
                    name: format!("{method} {path}"),
                    is_older: OLDER.contains(&document),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    value: value.clone(),
                    schemas: text["components"]["schemas"].clone(),
                });
            }
        }
    }
    operations
}

impl Operation {
    /// Who may call it.
    pub(crate) fn caller(&self) -> Caller {
        match self.value["security"].as_array().unwrap().as_slice() {
            [] => Caller::Anyone,
            [scheme] if scheme.get("platformToken").is_some() => Caller::Operator,
            [scheme] if scheme.get("apiKey").is_some() => {
                Caller::ApiKey(Scope::from_code(self.value["x-required-scope"].as_str().unwrap()).unwrap())
            }
            other => panic!("{}: teach the sweeps this credential: {other:?}", self.name),
        }
    }

    /// The `Authorization` that suffices for it.
    pub(crate) fn credential<'v>(&self, vendor: &'v Vendor<'_>) -> Option<&'v str> {
        match self.caller() {
            Caller::Anyone => None,
            Caller::ApiKey(_) => Some(&vendor.admin),
            Caller::Operator => Some(&vendor.operator),
        }
    }

    /// The names of its parameters in `query`, `path` or `header`.
    pub(crate) fn parameters(&self, place: &str) -> Vec<String> {
        let parameters = self.value["parameters"].as_array().into_iter().flatten();
        let here = parameters.filter(|parameter| parameter["in"] == place);
        here.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The name of the schema of its JSON body.
    pub(crate) fn body_schema(&self) -> Option<&str> {
        let schema = self.value.pointer("/requestBody/content/application~1json/schema/$ref")?;
        schema.as_str()?.rsplit('/').next()
    }

    /// A schema of its document.
    pub(crate) fn schema(&self, name: &str) -> &Value {
        &self.schemas[name]
    }

    /// The documented example of its body.
    pub(crate) fn example(&self) -> Option<Value> {
        self.body_schema().map(|name| self.schema(name)["example"].clone())
    }

    /// Its path at a tenant or on the platform, with these names of things.
    pub(crate) fn path(&self, tenant: &str, names: &BTreeMap<&str, String>) -> String {
        let mut path = match self.caller() {
            Caller::Operator => format!("/platform{}", self.path),
            Caller::Anyone | Caller::ApiKey(_) => format!("/t/{tenant}{}", self.path),
        };
        for parameter in self.parameters("path") {
            let name = names.get(&*parameter);
            let name = name.unwrap_or_else(|| panic!("{}: teach the sweeps `{parameter}`", self.name));
            path = path.replace(&format!("{{{parameter}}}"), name);
        }
        path
    }

    /// Sends a request of this operation.
    pub(crate) async fn send(
        &self,
        client: &Client,
        path: &str,
        token: Option<&str>,
        with: With<'_>,
    ) -> Answer {
        let mut request = request(self.method.parse::<Method>().unwrap(), path);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        for (name, value) in with.headers {
            request = request.header(*name, *value);
        }
        match with.body {
            Some(body) => {
                client.send(request.header("content-type", "application/json").body(body.to_string())).await
            }
            None => client.send(request.finish()).await,
        }
    }
}

/// What goes with a request.
#[derive(Clone, Copy, Default)]
pub(crate) struct With<'a> {
    pub(crate) body: Option<&'a Value>,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

/// A vendor with one of each thing.
pub(crate) struct Vendor<'a> {
    pub(crate) shop: Shop<'a>,
    /// What names its things in paths, by the names of the parameters.
    pub(crate) names: BTreeMap<&'static str, String>,
    license_key: String,
    /// The `Authorization` of a key that may do everything.
    pub(crate) admin: String,
    /// That of the operator.
    pub(crate) operator: String,
}

impl<'a> Vendor<'a> {
    pub(crate) async fn new(world: &'a World, slug: &'static str) -> Self {
        let shop = world.shop(slug).await;
        // One whose code no other tenant uses.
        let product = format!("{slug}-app");
        shop.product(&product).await;
        let policy = format!("{slug}-standard");
        shop.policy(&policy, PolicyRules::default()).await;
        let customer = shop.customer(&format!("{slug}-client")).await;
        let (license, license_key) = shop.license(&policy).await;
        let activated = shop.activate(&license_key, 1).await.unwrap();
        let admin = key(&shop, Scopes::admin(), None).await;
        let page = licensing::Page { after: None, descending: false, limit: 1 };
        let events =
            world.licensing.events(&shop.tenant, &licensing::EventFilter::default(), &page).await.unwrap();
        let names = BTreeMap::from([
            ("api_key", admin.0.to_string()),
            ("customer", customer.id.to_string()),
            ("entitlement", "layers".to_owned()),
            ("event", events[0].id.to_string()),
            ("key", kid(&shop).await),
            ("license", license.id.to_string()),
            ("machine", activated.machine.id.to_string()),
            ("policy", policy),
            ("product", product),
            ("tenant", slug.to_owned()),
            ("domain", format!("{slug}.example")),
        ]);
        let operator = format!("Bearer {}", platform::TOKEN);
        Self { shop, names, license_key: license_key.reveal().to_owned(), admin: admin.1, operator }
    }

    /// A body in which the things that it names are those of this vendor.
    pub(crate) fn fit(&self, mut body: Value) -> Value {
        if let Some(members) = body.as_object_mut() {
            for (name, value) in members {
                let own = if name == "key" { Some(&self.license_key) } else { self.names.get(&**name) };
                match own {
                    Some(own) if value.is_string() => *value = json!(own),
                    _ => *value = self.fit(value.take()),
                }
            }
        } else if let Some(items) = body.as_array_mut() {
            for item in items {
                *item = self.fit(item.take());
            }
        }
        body
    }
}

/// The name of the key that signs.
async fn kid(shop: &Shop<'_>) -> String {
    let published = shop.world.licensing.published_keys(&shop.tenant).await.unwrap();
    let keys: Value = serde_json::from_str(&published.json).unwrap();
    keys["keys"][0]["kid"].as_str().unwrap().to_owned()
}

/// The whole HTTP face, with a platform API.
pub(crate) fn client(world: &World) -> Client {
    Client::with(world, platform::settings())
}

/// Everything that the database has.
pub(crate) async fn dump(world: &World) -> BTreeMap<String, Vec<String>> {
    world.database.raw().await.dump().await
}

/// A new API key, with the `Authorization` that it is presented with.
pub(crate) async fn key(
    shop: &Shop<'_>,
    scopes: Scopes,
    expires_at: Option<model::Timestamp>,
) -> (ApiKeyId, String) {
    let new = NewApiKey { name: Name::parse("sweep").unwrap(), scopes, expires_at };
    let made = shop.world.licensing.create_api_key(&shop.tenant, &Call::operator(), new).await.unwrap();
    (made.0.id, format!("Bearer {}", made.1.reveal()))
}
