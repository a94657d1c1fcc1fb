//! The shape of a product.

use std::collections::BTreeMap;

use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    client::wire::{Id, Instant},
    http::{list::list_of, resource::Resource},
    management::wire,
};

/// Something that is licensed.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Product", example, skip_serializing_if_is_none)]
pub(crate) struct ProductShape {
    /// Its identifier.
    id: Id,
    /// Its name in requests, and the `aud` of its leases. It does not change.
    code: String,
    /// A small number, unique within the tenant, for old clients.
    number: u32,
    /// Its name for people.
    name: String,
    /// What people are told when something is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    support_message: Option<String>,
    /// The key by which old clients name it.
    product_key: String,
    /// How keys of its new licenses are made: `crockford_5x5` or `alphanumeric_4x4`. New formats may come.
    key_format: String,
    /// What you keep with it.
    metadata: BTreeMap<String, String>,
    /// Grows with every change.
    revision: u64,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
}

impl Resource for ProductShape {
    const NAME: &'static str = "code";
}

impl From<&model::Product> for ProductShape {
    fn from(product: &model::Product) -> Self {
        Self {
            id: product.id.into(),
            code: product.code.to_string(),
            number: product.number,
            name: product.name.to_string(),
            support_message: product.support_message.clone(),
            product_key: product.product_key.as_str().to_owned(),
            key_format: product.key_format.code().to_owned(),
            metadata: wire::metadata(&product.metadata),
            revision: product.revision,
            created_at: product.created_at.into(),
            updated_at: product.updated_at.into(),
        }
    }
}

list_of! {
    /// A piece of the list of products.
    ProductList, "ProductList", ProductShape
}

impl Example for ProductShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0a10-7b3c-8d21-4e5f60718293".into(),
            code: "cad".to_owned(),
            number: 1,
            name: "CAD Studio".to_owned(),
            support_message: Some("Write to support@example.com.".to_owned()),
            product_key: "9F2C4E6A8B0D1F35".to_owned(),
            key_format: "crockford_5x5".to_owned(),
            metadata: wire::metadata_example(),
            revision: 1,
            created_at: "2026-03-01T12:00:00Z".into(),
            updated_at: "2026-03-01T12:00:00Z".into(),
        }
    }
}
