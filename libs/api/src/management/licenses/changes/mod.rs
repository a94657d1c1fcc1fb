//! What changes licenses: one file per operation.

mod reinstate;
mod remove_entitlement;
mod renew;
mod reset_activations;
mod reveal_key;
mod revoke;
mod set_entitlement;
mod suspend;
mod transfer;
mod update;

use licensing::Licensing;

use super::{Tag, shape::LicenseShape};

/// All operations that change licenses.
pub(crate) type Operations = (
    update::UpdateLicense,
    suspend::SuspendLicense,
    reinstate::ReinstateLicense,
    revoke::RevokeLicense,
    renew::RenewLicense,
    transfer::TransferLicense,
    reset_activations::ResetActivations,
    reveal_key::RevealLicenseKey,
    set_entitlement::SetLicenseEntitlement,
    remove_entitlement::RemoveLicenseEntitlement,
);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        update::UpdateLicense(licensing.clone()),
        suspend::SuspendLicense(licensing.clone()),
        reinstate::ReinstateLicense(licensing.clone()),
        revoke::RevokeLicense(licensing.clone()),
        renew::RenewLicense(licensing.clone()),
        transfer::TransferLicense(licensing.clone()),
        reset_activations::ResetActivations(licensing.clone()),
        reveal_key::RevealLicenseKey(licensing.clone()),
        set_entitlement::SetLicenseEntitlement(licensing.clone()),
        remove_entitlement::RemoveLicenseEntitlement(licensing.clone()),
    )
}
