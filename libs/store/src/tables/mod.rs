//! One file per table: its statements, its rows, and the conversion into the model.

pub(crate) mod api_keys;
pub(crate) mod checks;
pub(crate) mod customers;
pub(crate) mod dossiers;
pub(crate) mod entitlements;
pub(crate) mod event_batches;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod license_batches;
pub(crate) mod license_records;
pub(crate) mod licenses;
pub(crate) mod limits;
pub(crate) mod machines;
pub(crate) mod members;
pub(crate) mod metadata;
pub(crate) mod numbers;
pub(crate) mod parse;
pub(crate) mod policies;
pub(crate) mod products;
pub(crate) mod signing_keys;

use crate::sql::Statement;

/// The statements of all files.
pub(crate) const STATEMENTS: &[&[Statement]] = &[
    crate::platform::STATEMENTS,
    crate::hosting::STATEMENTS,
    crate::archive::STATEMENTS,
    crate::domains::STATEMENTS,
    crate::figures::STATEMENTS,
    crate::purge::STATEMENTS,
    api_keys::STATEMENTS,
    checks::STATEMENTS,
    customers::STATEMENTS,
    dossiers::STATEMENTS,
    events::STATEMENTS,
    idempotency::STATEMENTS,
    license_records::STATEMENTS,
    licenses::STATEMENTS,
    limits::STATEMENTS,
    machines::STATEMENTS,
    members::STATEMENTS,
    numbers::STATEMENTS,
    policies::STATEMENTS,
    products::STATEMENTS,
    signing_keys::STATEMENTS,
];

/// The inserts of many rows of all files.
pub(crate) fn batches() -> Vec<Statement> {
    [event_batches::batches(), license_batches::batches()].concat()
}
