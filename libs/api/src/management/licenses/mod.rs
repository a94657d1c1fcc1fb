//! Licenses.

mod bulk;
mod changes;
mod create;
mod list;
mod lookup;
mod query;
mod shape;
mod show;

use licensing::Licensing;

use super::Tag;

/// All operations on licenses.
pub(crate) type Operations = (
    create::CreateLicense,
    bulk::BulkCreateLicenses,
    list::ListLicenses,
    lookup::LookupLicense,
    show::GetLicense,
    changes::Operations,
);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        create::CreateLicense(licensing.clone()),
        bulk::BulkCreateLicenses(licensing.clone()),
        list::ListLicenses(licensing.clone()),
        lookup::LookupLicense(licensing.clone()),
        show::GetLicense(licensing.clone()),
        changes::operations(licensing),
    )
}
