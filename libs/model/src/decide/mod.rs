//! Decisions: from facts to what may happen, and all the reasons why not.
//!
//! Each verb has a file. The order of reasons is that of [`Reason`](crate::Reason).

mod activate;
mod deactivate;
mod facts;
mod refresh;
mod renew;
#[cfg(test)]
mod tests;
mod validate;

pub use activate::{Activation, Counting, Seat, activate, count};
pub use deactivate::{Deactivation, Deactivator, deactivate};
pub use facts::{Claim, Facts, NamedCustomer};
pub use refresh::{Refresh, refresh};
pub use renew::{NotRenewable, RenewFrom, renew};
pub use validate::validate;
