//! What vendors and operators do: make and change things.

mod api_keys;
mod customers;
mod import;
mod license_records;
mod licenses;
mod numbers;
mod policies;
mod products;
mod settings;
mod tenants;

pub use api_keys::NewApiKey;
pub use customers::{CustomerChange, CustomerFilter, NewCustomer};
pub use import::{ImportLine, Imported};
pub use licenses::{LicenseDetails, NewLicense, StateChange};
pub use policies::{NewPolicy, PolicyChange, RulesChange};
pub use products::{NewProduct, ProductChange};
pub use settings::SettingsChange;
pub use tenants::NewTenant;
