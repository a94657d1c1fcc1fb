//! The shape of an API key.

use model::{ApiKey, ApiKeyToken, Scope};
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    client::wire::{Id, Instant},
    http::{list::list_of, resource::Resource},
};

/// A credential of one of your programs, without its secret.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "ApiKey", example, skip_serializing_if_is_none)]
pub(crate) struct ApiKeyShape {
    /// Its identifier.
    id: Id,
    /// The 8 characters of the key, behind `lh_`, that name it.
    public_id: String,
    /// Its name for people.
    name: String,
    /// What it may do. New scopes may come.
    scopes: Vec<String>,
    /// When it was made.
    created_at: Instant,
    /// The first instant at which it counts no more; never, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Instant>,
    /// When it was last used, to within a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Instant>,
}

impl From<&ApiKey> for ApiKeyShape {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.into(),
            public_id: key.public_id.clone(),
            name: key.name.to_string(),
            scopes: key.scopes.iter().map(|scope| scope.code().to_owned()).collect(),
            created_at: key.created_at.into(),
            expires_at: key.expires_at.map(Instant::from),
            revoked_at: key.revoked_at.map(Instant::from),
            last_used_at: key.last_used_at.map(Instant::from),
        }
    }
}

list_of! {
    /// A piece of the list of API keys.
    ApiKeyList, "ApiKeyList", ApiKeyShape
}

/// A new API key with its secret, which is shown this once.
#[derive(Object, Serialize)]
#[oai(rename = "CreatedApiKey", example, skip_serializing_if_is_none)]
pub(crate) struct CreatedApiKey {
    /// Its identifier.
    id: Id,
    /// The whole key, for `Authorization: Bearer`. It cannot be seen again.
    key: String,
    /// The key, as it is shown later.
    api_key: ApiKeyShape,
}

impl Resource for CreatedApiKey {
    const NAME: &'static str = "id";
}

impl From<&(ApiKey, ApiKeyToken)> for CreatedApiKey {
    fn from((key, token): &(ApiKey, ApiKeyToken)) -> Self {
        Self { id: key.id.into(), key: token.reveal().to_owned(), api_key: key.into() }
    }
}

impl Example for ApiKeyShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0c00-7d11-9e22-3f4455667788".into(),
            public_id: "4fQ9bT2x".to_owned(),
            name: "web shop".to_owned(),
            scopes: [Scope::CustomersWrite, Scope::LicensesWrite].map(|scope| scope.code().to_owned()).into(),
            created_at: "2026-03-01T12:00:00Z".into(),
            expires_at: Some("2027-03-01T12:00:00Z".into()),
            revoked_at: None,
            last_used_at: Some("2026-03-02T08:15:00Z".into()),
        }
    }
}

impl Example for CreatedApiKey {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0c00-7d11-9e22-3f4455667788".into(),
            // Of the shape of a key, and visibly none.
            key: format!("lh_4fQ9bT2x_{}", "0".repeat(43)),
            api_key: ApiKeyShape { last_used_at: None, ..Example::example() },
        }
    }
}
