//! Tenants' data in PostgreSQL or SQLite behind one [`Store`].
//!
//! Every statement is written once and runs on both databases. A [`Tx`] belongs to one tenant from its first
//! statement on, so no method takes a tenant: on PostgreSQL, row-level security stands behind it as a second wall.
//! Platform-wide work has a handle of its own, [`Platform`].

#[macro_use]
mod sql;
mod archive;
mod changed;
mod domains;
mod error;
mod figures;
mod filtered;
mod hosting;
mod license_list;
mod open;
mod page;
mod platform;
mod purge;
mod rate_limits;
mod tables;
mod tx;
mod warm_up;

pub use archive::{ARCHIVE_TABLES, ArchiveRow, ArchiveTable, ArchiveValue, ColumnKind};
pub use changed::Changed;
pub use error::{Error, Result};
pub use figures::Figures;
pub use license_list::{LicenseList, LicensePage, LicensePlace, LicenseScope};
pub use open::{Location, OpenError, PoolFigures, Store};
pub use page::Page;
pub use platform::Platform;
pub use purge::PURGED_TABLES;
pub use sql::{Statement, statements, statements_of_postgres, statements_of_sqlite};
pub use tables::{
    api_keys::PresentedKey,
    checks::CheckTally,
    dossiers::{Dossier, DossierQuery},
    event_lists::EventFilter,
    idempotency::{Claimed, StoredAnswer},
    license_batches::FullLicenseRow,
    license_records::LicenseRecord,
    licenses::{ActivationRecord, NewLicenseRow},
    machine_records::{MachineFilter, MachineRecord},
    numbers::NumberKind,
    policy_records::PolicyRecord,
    transfers::{LicenseExport, LicenseSelection, MachineExport},
    usage::UsageFigure,
};
pub use tx::Tx;
