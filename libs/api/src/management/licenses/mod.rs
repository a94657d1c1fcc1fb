//! Licenses.

mod entitlements;
mod lookup;
mod shape;
mod show;

use licensing::Licensing;

use super::Tag;

/// All operations on licenses.
pub(crate) type Operations = (show::GetLicense, lookup::LookupLicense);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (show::GetLicense(licensing.clone()), lookup::LookupLicense(licensing.clone()))
}
