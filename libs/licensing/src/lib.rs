//! The use cases of licensing: one async function per verb, one transaction each.
//!
//! Every verb is decision, change, audit event and outbox row together, or nothing. Time, identifiers and
//! secrets are made here, from a [`Clock`] and an [`Entropy`], and passed down as values.

mod activate;
mod audit;
mod bookkeeping;
mod call;
mod case;
mod clock;
mod compat;
mod deactivate;
mod entropy;
mod error;
mod idempotency;
mod installation;
mod keepsake;
mod keys;
mod leases;
mod manage;
mod platform;
mod precondition;
mod recent;
mod refresh;
mod tenancy;
mod transfer;
mod usage;
mod validate;
mod vault;
mod verdict;

pub use activate::{Activate, Activated};
pub use call::Call;
pub use clock::Clock;
pub use compat::{Check, CountedActivation, EarlyRefusal, LicenseCard, Moment};
pub use deactivate::{Deactivate, Deactivated};
pub use entropy::Entropy;
pub use ephemeral::Health as RedisHealth;
pub use error::{BoxError, Error, ItemFault, Refused};
pub use idempotency::{Answer, Decision, Idempotency, IdempotencyKey, Rendered};
pub use installation::Licensing;
pub use keepsake::Keepsake;
pub use keys::PublishedKeys;
pub use leases::SignedLease;
pub use manage::{
    CustomerChange, CustomerFilter, CustomerName, LicenseBatch, LicenseChange, LicenseDetails, LicensePiece,
    LicenseQuery, LicensesOf, MachineChange, MadeLicense, NewApiKey, NewCustomer, NewLicense, NewPolicy,
    NewProduct, NewTenant, PolicyChange, ProductChange, Renewal, RulesChange, SettingsChange, StateChange,
    Transfer,
};
pub use platform::{ArchiveKey, FirstOwner, NewHostedTenant, TenantExport, TenantImport, TenantStart};
pub use precondition::Precondition;
pub use recent::{
    Admission, EPOCH_PERIOD, LimitStanding, Presented, Recall, Servers, Surroundings, Throttled, Visit,
};
pub use refresh::{Refresh, Refreshed};
pub use store::{
    CheckTally, EventFilter, Figures, LicensePage, LicensePlace, LicenseRecord, LicenseSelection,
    MachineFilter, MachineRecord, Page, PolicyRecord,
};
pub use transfer::{
    CustomerLine, Ends, Exported, ExportedLicense, ExportedMachine, ImportCount, ImportLine, ImportLines,
    ImportMode, ImportReport, ImportSummary, Imported, LicenseFilter, LicenseName, Line, LineRefusal,
    MachineLine,
};
pub use usage::{Usage, UsageDay};
pub use validate::{Validate, Validated};
pub use vault::MasterKey;
pub use verdict::{Binding, LicenseView};
