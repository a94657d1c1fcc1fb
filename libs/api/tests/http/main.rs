//! The whole HTTP face, over real databases.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml allows these in test functions; here the helpers of tests use them too"
)]

mod authorization;
mod bad_bodies;
mod bad_requests;
mod client;
mod customers;
mod demo;
mod document;
mod events;
mod framecad;
mod framecad_codes;
mod framecad_order;
mod framecad_secrets;
mod license_changes;
mod license_lists;
mod licenses;
mod machines;
mod mass_assignment;
mod mini_key_server;
mod old_bad_requests;
mod old_limits;
mod old_parameters;
mod parameters;
mod platform;
mod policies;
mod products;
mod rate_limit_settings;
mod rate_limits;
mod reference;
mod settings;
mod signing_keys;
mod story;
mod swept;
mod tenants;
mod transfers;
mod usage;
mod vendor;
