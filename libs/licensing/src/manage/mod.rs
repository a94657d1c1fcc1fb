//! What vendors and operators do: make and change things.

mod api_keys;
mod customers;
mod import;
mod license_batches;
mod license_records;
mod licenses;
mod numbers;
mod policies;
mod products;
mod tenants;

pub use api_keys::NewApiKey;
pub use customers::NewCustomer;
pub use import::{ImportLine, Imported};
pub use license_batches::{LicenseBatch, MadeLicense};
pub use license_records::{LicensePiece, LicenseQuery, LicensesOf};
pub use licenses::{CustomerName, LicenseDetails, NewLicense, StateChange};
pub use policies::NewPolicy;
pub use products::{NewProduct, ProductChange};
pub use tenants::NewTenant;
