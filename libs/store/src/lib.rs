//! Tenants' data in PostgreSQL or SQLite behind one [`Store`].
//!
//! Every statement is written once and runs on both databases. A [`Tx`] belongs to one tenant from its first
//! statement on, so no method takes a tenant: on PostgreSQL, row-level security stands behind it as a second wall.
//! Platform-wide work has a handle of its own, [`Platform`].

#[macro_use]
mod sql;
mod archive;
mod domains;
mod error;
mod figures;
mod hosting;
mod open;
mod page;
mod platform;
mod purge;
mod tables;
mod tx;

pub use archive::{ARCHIVE_TABLES, ArchiveRow, ArchiveTable, ArchiveValue, ColumnKind};
pub use error::{Error, Result};
pub use figures::Figures;
pub use open::{Location, OpenError, Store};
pub use page::Page;
pub use platform::Platform;
pub use purge::PURGED_TABLES;
pub use sql::{Statement, statements};
pub use tables::{
    api_keys::PresentedKey,
    checks::CheckTally,
    dossiers::{Dossier, DossierQuery},
    idempotency::{Claimed, StoredAnswer},
    license_batches::FullLicenseRow,
    license_records::LicenseRecord,
    licenses::{ActivationRecord, NewLicenseRow},
    numbers::NumberKind,
};
pub use tx::Tx;
