//! The API that vendors' programs use: one folder per kind of thing, one file per operation.

mod api_keys;
mod customers;
mod entitlements;
mod events;
mod licenses;
mod machines;
mod policies;
mod products;
mod settings;
mod signing_keys;
mod transfer;
mod usage;
mod wire;

use licensing::Licensing;
use poem_openapi::Tags;

pub(crate) use api_keys::CreatedApiKey;
pub(crate) use settings::RateLimitsShape;

/// All operations, with paths relative to a tenant's base URL.
pub(crate) type ManagementApi = (
    products::Operations,
    policies::Operations,
    customers::Operations,
    licenses::Operations,
    api_keys::Operations,
    settings::Operations,
    machines::Operations,
    events::Operations,
    usage::Operations,
    signing_keys::Operations,
    transfer::Operations,
);

/// The operations over `licensing`.
pub(crate) fn api(licensing: &Licensing) -> ManagementApi {
    (
        products::operations(licensing),
        policies::operations(licensing),
        customers::operations(licensing),
        licenses::operations(licensing),
        api_keys::operations(licensing),
        settings::operations(licensing),
        machines::operations(licensing),
        events::operations(licensing),
        usage::operations(licensing),
        signing_keys::operations(licensing),
        transfer::operations(licensing),
    )
}

#[derive(Tags)]
enum Tag {
    /// What is licensed.
    Products,
    /// Templates for licenses.
    Policies,
    /// Whom licenses belong to.
    Customers,
    /// The rights that were sold.
    Licenses,
    /// Installations on which licenses are activated.
    Machines,
    /// The audit log: who did what.
    Events,
    /// Figures on what is used.
    Usage,
    /// Keys that sign leases.
    #[oai(rename = "Signing keys")]
    SigningKeys,
    /// Credentials of the vendor's programs.
    #[oai(rename = "API keys")]
    ApiKeys,
    /// What is set for all of a tenant.
    Settings,
    /// Files with many licenses, customers or machines.
    #[oai(rename = "Imports and exports")]
    Transfers,
}
