//! Products: what is licensed.

use crate::{
    id::ProductId,
    key::KeyFormat,
    metadata::Metadata,
    text::{Name, ProductCode, ProductKey},
    timestamp::Timestamp,
};

/// Something licensed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its identifier.
    pub id: ProductId,
    /// Its name in requests and tokens.
    pub code: ProductCode,
    /// A small number, unique within the tenant, for old clients.
    pub number: u32,
    /// Its name for people.
    pub name: Name,
    /// What people are told when something is refused.
    pub support_message: Option<String>,
    /// The key by which old clients name it.
    pub product_key: ProductKey,
    /// How keys of its new licenses are made.
    pub key_format: KeyFormat,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
    /// Grows with every change by the vendor.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
