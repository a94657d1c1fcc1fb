//! Tests that run the real binary, as a user would, on both databases.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail loudly, and look at the environment of the machine"
)]

mod archive;
mod commands;
mod deployment;
mod drill;
mod durability;
mod import;
mod proxies;
mod readme;
mod shutdown;
mod startup;
mod support;
mod telemetry;
mod tour;
