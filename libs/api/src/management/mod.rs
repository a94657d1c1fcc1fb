//! The API that vendors' programs use: one folder per kind of thing, one file per operation.

mod api_keys;
mod entitlements;
mod licenses;
mod products;
mod wire;

use licensing::Licensing;
use poem_openapi::Tags;

pub(crate) use api_keys::CreatedApiKey;

/// All operations, with paths relative to a tenant's base URL.
pub(crate) type ManagementApi = (products::Operations, licenses::Operations, api_keys::Operations);

/// The operations over `licensing`.
pub(crate) fn api(licensing: &Licensing) -> ManagementApi {
    (products::operations(licensing), licenses::operations(licensing), api_keys::operations(licensing))
}

#[derive(Tags)]
enum Tag {
    /// What is licensed.
    Products,
    /// The rights that were sold.
    Licenses,
    /// Credentials of the vendor's programs.
    #[oai(rename = "API keys")]
    ApiKeys,
}
