//! The shape of a customer.

use std::collections::BTreeMap;

use model::{Customer, EmailAddress};
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::{
    client::wire::{Id, Instant},
    http::{list::list_of, resource::Resource},
    management::wire,
};

/// Whom licenses belong to.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Customer", example, skip_serializing_if_is_none)]
pub(crate) struct CustomerShape {
    /// Its identifier.
    id: Id,
    /// A small number, unique within the tenant, for old clients.
    number: u32,
    /// Its name for people.
    name: String,
    /// Where to write to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The key by which apps name it. It does not change.
    client_key: String,
    /// What you keep with it.
    metadata: BTreeMap<String, String>,
    /// Grows with every change.
    revision: u64,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
}

impl Resource for CustomerShape {
    const NAME: &'static str = "id";
}

impl From<&Customer> for CustomerShape {
    fn from(customer: &Customer) -> Self {
        Self {
            id: customer.id.into(),
            number: customer.number,
            name: customer.name.to_string(),
            email: customer.email.as_ref().map(EmailAddress::as_str).map(str::to_owned),
            client_key: customer.client_key.to_string(),
            metadata: wire::metadata(&customer.metadata),
            revision: customer.revision,
            created_at: customer.created_at.into(),
            updated_at: customer.updated_at.into(),
        }
    }
}

list_of! {
    /// A piece of the list of customers.
    CustomerList, "CustomerList", CustomerShape
}

impl Example for CustomerShape {
    fn example() -> Self {
        Self {
            id: "0196a1c4-0af0-7c21-8b44-5a6b7c8d9e0f".into(),
            number: 1,
            name: "Northwind Design".to_owned(),
            email: Some("it@northwind.example".to_owned()),
            client_key: "7D2A90C4E1B35F68".to_owned(),
            metadata: wire::metadata_example(),
            revision: 1,
            created_at: "2026-03-01T12:00:00Z".into(),
            updated_at: "2026-03-01T12:00:00Z".into(),
        }
    }
}
