//! What each verb does, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[path = "../common/mod.rs"]
mod common;

mod activate;
mod archive;
mod audit;
mod bookkeeping;
mod catalog;
mod changes;
mod deactivate;
mod faults;
mod idempotency;
mod import;
mod keys;
mod leases;
mod manage;
mod mistyped;
mod published_keys;
mod recent;
mod refresh;
mod secrets;
mod usage;
mod validate;
mod verdicts;
