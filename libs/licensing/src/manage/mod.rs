//! What vendors and operators do: make and change things.

mod api_keys;
mod customers;
mod license_batches;
mod license_records;
mod licenses;
mod numbers;
mod policies;
mod products;
mod tenants;

pub use api_keys::NewApiKey;
pub use customers::NewCustomer;
pub(crate) use license_batches::LicenseToAdd;
pub use license_batches::{LicenseBatch, MadeLicense};
pub use licenses::{CustomerName, LicenseDetails, NewLicense, StateChange};
pub use policies::NewPolicy;
pub use products::{NewProduct, ProductChange};
pub use tenants::NewTenant;
