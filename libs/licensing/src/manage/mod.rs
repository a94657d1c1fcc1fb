//! What vendors and operators do: make and change things.

mod api_keys;
mod customers;
mod licenses;
mod numbers;
mod policies;
mod products;
mod tenants;

pub use api_keys::NewApiKey;
pub use customers::NewCustomer;
pub use licenses::{LicenseDetails, NewLicense, StateChange};
pub use policies::NewPolicy;
pub use products::{NewProduct, ProductChange};
pub use tenants::NewTenant;
