//! What the apps of older systems need beside the verbs that all apps share.
//!
//! No rule of those systems lives here: they are variations of the same decisions, and the translations of their
//! wire formats are the API's.

mod check;
mod counted;
mod early;
mod find;
mod release;

pub use check::{Check, Moment};
pub use counted::CountedActivation;
pub use early::EarlyRefusal;
pub use find::LicenseCard;
