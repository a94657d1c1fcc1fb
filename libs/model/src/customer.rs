//! Customers: who licenses belong to.

use crate::{
    id::CustomerId,
    metadata::Metadata,
    text::{ClientKey, EmailAddress, Name},
    timestamp::Timestamp,
};

/// Whom a license belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its identifier.
    pub id: CustomerId,
    /// A small number, unique within the tenant, for old clients.
    pub number: u32,
    /// Its name for people.
    pub name: Name,
    /// Where to write to it.
    pub email: Option<EmailAddress>,
    /// The key by which apps name it.
    pub client_key: ClientKey,
    /// What the vendor keeps with it.
    pub metadata: Metadata,
    /// Grows with every change by the vendor.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
