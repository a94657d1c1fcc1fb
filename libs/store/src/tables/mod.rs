//! One file per table: its statements, its rows, and the conversion into the model.

pub(crate) mod api_keys;
pub(crate) mod checks;
pub(crate) mod customers;
pub(crate) mod dossiers;
pub(crate) mod entitlements;
pub(crate) mod event_batches;
pub(crate) mod event_lists;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod license_batches;
pub(crate) mod license_lists;
pub(crate) mod license_records;
pub(crate) mod licenses;
pub(crate) mod limits;
pub(crate) mod machine_records;
pub(crate) mod machines;
pub(crate) mod members;
pub(crate) mod metadata;
pub(crate) mod numbers;
pub(crate) mod parse;
pub(crate) mod policies;
pub(crate) mod policy_records;
pub(crate) mod products;
pub(crate) mod settings;
pub(crate) mod signing_keys;
pub(crate) mod transfers;
pub(crate) mod usage;

use crate::sql::Statement;

/// The statements of all files.
pub(crate) const STATEMENTS: &[&[Statement]] = &[
    crate::platform::STATEMENTS,
    crate::hosting::STATEMENTS,
    crate::archive::STATEMENTS,
    crate::domains::STATEMENTS,
    crate::figures::STATEMENTS,
    crate::purge::STATEMENTS,
    crate::rate_limits::STATEMENTS,
    api_keys::STATEMENTS,
    checks::STATEMENTS,
    customers::STATEMENTS,
    dossiers::STATEMENTS,
    event_lists::STATEMENTS,
    events::STATEMENTS,
    idempotency::STATEMENTS,
    license_lists::STATEMENTS,
    license_records::STATEMENTS,
    licenses::STATEMENTS,
    limits::STATEMENTS,
    machine_records::STATEMENTS,
    machines::STATEMENTS,
    members::STATEMENTS,
    numbers::STATEMENTS,
    policies::STATEMENTS,
    policy_records::STATEMENTS,
    products::STATEMENTS,
    settings::STATEMENTS,
    signing_keys::STATEMENTS,
    transfers::STATEMENTS,
    usage::STATEMENTS,
];

/// The statements of lists with filters of all files.
pub(crate) fn filtered() -> Vec<Statement> {
    [&event_lists::LIST, &machine_records::LIST].into_iter().flat_map(|list| list.values().copied()).collect()
}

/// The inserts of many rows of all files.
pub(crate) fn batches() -> Vec<Statement> {
    [event_batches::batches(), license_batches::batches()].concat()
}
