//! A vendor's program: a client with an API key.

use licensing::NewApiKey;
use model::{ApiKey, Name, Scopes, Tenant};
use poem::http::Method;
use serde_json::Value;
use testkit::{World, call};

use crate::client::{Answer, Client, request};

/// A client of one tenant's management API.
pub(crate) struct Vendor<'a> {
    client: &'a Client,
    slug: String,
    token: String,
    /// The API key that it presents.
    pub(crate) key: ApiKey,
}

impl<'a> Vendor<'a> {
    /// With a new API key of these scopes, separated by spaces.
    pub(crate) async fn new(client: &'a Client, world: &World, tenant: &Tenant, scopes: &str) -> Self {
        let new = NewApiKey {
            name: Name::parse("a program").unwrap(),
            scopes: scopes.parse::<Scopes>().unwrap(),
            expires_at: None,
        };
        let (key, token) = world.licensing.create_api_key(tenant, &call(), new).await.unwrap();
        Self { client, slug: tenant.slug.to_string(), token: token.reveal().to_owned(), key }
    }

    /// The same credential, presented to another tenant.
    pub(crate) fn at(&self, slug: &str) -> Vendor<'_> {
        Vendor {
            client: self.client,
            slug: slug.to_owned(),
            token: self.token.clone(),
            key: self.key.clone(),
        }
    }

    /// Sends a request to a path below the tenant's base, with more headers.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let method: Method = method.parse().unwrap();
        let mut builder = request(method, &format!("/t/{}{path}", self.slug))
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let request = match body {
            Some(body) => builder.header("content-type", "application/json").body(body.to_string()),
            None => builder.finish(),
        };
        self.client.send(request).await
    }

    /// A request that sends a file.
    pub(crate) fn file(&self, path: &str, media_type: &str, body: impl Into<poem::Body>) -> poem::Request {
        request(Method::POST, &format!("/t/{}{path}", self.slug))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", media_type)
            .body(body)
    }

    /// A request for a file.
    pub(crate) fn fetch(&self, path: &str) -> poem::Request {
        request(Method::GET, &format!("/t/{}{path}", self.slug))
            .header("authorization", format!("Bearer {}", self.token))
            .finish()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[], Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }
}
