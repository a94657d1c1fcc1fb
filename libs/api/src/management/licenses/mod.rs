//! Licenses.

mod bulk;
mod create;
mod lookup;
mod shape;
mod show;

use licensing::Licensing;

use super::Tag;

/// All operations on licenses.
pub(crate) type Operations =
    (create::CreateLicense, bulk::BulkCreateLicenses, lookup::LookupLicense, show::GetLicense);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        create::CreateLicense(licensing.clone()),
        bulk::BulkCreateLicenses(licensing.clone()),
        lookup::LookupLicense(licensing.clone()),
        show::GetLicense(licensing.clone()),
    )
}
