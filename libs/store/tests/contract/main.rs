//! What every method of the store does, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[path = "../common/mod.rs"]
mod common;

mod activations;
mod archive;
mod catalog;
mod catalog_changes;
mod checks;
mod damage;
mod dossiers;
mod event_lists;
mod events;
mod hosting;
mod idempotency;
mod license_batches;
mod license_lists;
mod licenses;
mod machine_records;
mod machines;
mod management;
mod numbers;
mod platform;
mod purge;
mod signing_keys;
mod transfers;
mod units_of_work;
mod usage;
