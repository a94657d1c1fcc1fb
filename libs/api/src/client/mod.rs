//! The API that desktop apps use: one file per operation.

mod activate;
mod deactivate;
mod keys;
mod refresh;
pub(crate) mod shapes;
mod validate;
pub(crate) mod wire;

use licensing::Licensing;
use poem_openapi::Tags;

use self::{
    activate::ActivateLicense, deactivate::DeactivateLicense, keys::GetKeySet, refresh::RefreshLease,
    validate::ValidateLicense,
};

/// All operations, with paths relative to a tenant's base URL.
pub(crate) type ClientApi = (ActivateLicense, ValidateLicense, RefreshLease, DeactivateLicense, GetKeySet);

/// The operations over `licensing`.
pub(crate) fn api(licensing: &Licensing) -> ClientApi {
    (
        ActivateLicense(licensing.clone()),
        ValidateLicense(licensing.clone()),
        RefreshLease(licensing.clone()),
        DeactivateLicense(licensing.clone()),
        GetKeySet(licensing.clone()),
    )
}

#[derive(Tags)]
enum Tag {
    /// Check licenses.
    Licenses,
    /// Activate licenses on machines, and keep them active.
    Machines,
    /// Public keys of the vendor.
    Keys,
}
