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
mod keys;
mod leases;
mod manage;
mod platform;
mod precondition;
mod refresh;
mod tenancy;
mod validate;
mod vault;
mod verdict;

pub use activate::{Activate, Activated};
pub use call::Call;
pub use clock::Clock;
pub use compat::{Check, CountedActivation, EarlyRefusal, LicenseCard, Moment};
pub use deactivate::{Deactivate, Deactivated};
pub use entropy::Entropy;
pub use error::{BoxError, Error, Refused};
pub use idempotency::{Answer, Decision, Idempotency, IdempotencyKey, Rendered};
pub use installation::Licensing;
pub use keys::PublishedKeys;
pub use leases::SignedLease;
pub use manage::{
    ImportLine, Imported, LicenseDetails, NewApiKey, NewCustomer, NewLicense, NewPolicy, NewProduct,
    NewTenant, ProductChange, StateChange,
};
pub use platform::{ArchiveKey, FirstOwner, NewHostedTenant, TenantExport, TenantImport, TenantStart};
pub use precondition::Precondition;
pub use refresh::{Refresh, Refreshed};
pub use store::{CheckTally, Figures, LicenseRecord, Page};
pub use validate::{Validate, Validated};
pub use vault::MasterKey;
pub use verdict::{Binding, LicenseView};
