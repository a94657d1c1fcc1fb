//! What vendors and operators do: make and change things.

mod api_keys;
mod customers;
mod events;
mod license_batches;
mod license_changes;
mod license_records;
mod licenses;
mod machines;
mod numbers;
mod policies;
mod products;
mod settings;
mod signing_keys;
mod tenants;

pub use api_keys::NewApiKey;
pub use customers::{CustomerChange, CustomerFilter, NewCustomer};
pub(crate) use license_batches::LicenseToAdd;
pub use license_batches::{LicenseBatch, MadeLicense};
pub use license_changes::{LicenseChange, Renewal, StateChange, Transfer};
pub use license_records::{LicensePiece, LicenseQuery, LicensesOf};
pub use licenses::{CustomerName, LicenseDetails, NewLicense};
pub use machines::MachineChange;
pub use policies::{NewPolicy, PolicyChange, RulesChange};
pub use products::{NewProduct, ProductChange};
pub use settings::SettingsChange;
pub use tenants::NewTenant;
