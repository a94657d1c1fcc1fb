//! The shape of figures on what is used.

use std::collections::BTreeMap;

use licensing::{Usage, UsageDay};
use model::Reason;
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::client::wire::Date;

/// What was used on each day, and is used now.
#[derive(Object, Serialize)]
#[oai(rename = "Usage", example)]
pub(crate) struct UsageShape {
    /// Machines on which a license is active now.
    active_machines: u64,
    /// Every day that was asked for, in order.
    days: Vec<UsageDayShape>,
}

/// What was used on a day.
#[derive(Object, Serialize)]
#[oai(rename = "UsageDay", example, skip_serializing_if_is_none)]
pub(crate) struct UsageDayShape {
    /// The day, in UTC.
    day: Date,
    /// Checks, whatever came of them.
    checks: u64,
    /// Checks of licenses that were valid.
    valid_checks: u64,
    /// Attempts to activate, whatever came of them.
    activation_attempts: u64,
    /// Attempts that activated a license, also on a machine that was active already.
    activations: u64,
    /// How many activations, refreshes, deactivations and checks were refused, by the code of the primary reason. New codes
    /// may come.
    refusals: BTreeMap<String, u64>,
    /// Machines on which a license was active, as last noted on that day; absent when that was not noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_machines: Option<u64>,
}

impl From<Usage> for UsageShape {
    fn from(usage: Usage) -> Self {
        Self {
            active_machines: usage.active_machines,
            days: usage.days.into_iter().map(UsageDayShape::from).collect(),
        }
    }
}

impl From<UsageDay> for UsageDayShape {
    fn from(day: UsageDay) -> Self {
        Self {
            day: day.day.into(),
            checks: day.checks,
            valid_checks: day.valid_checks,
            activation_attempts: day.activation_attempts,
            activations: day.activations,
            refusals: day.refusals,
            active_machines: day.active_machines,
        }
    }
}

impl Example for UsageShape {
    fn example() -> Self {
        Self { active_machines: 1_204, days: vec![UsageDayShape::example()] }
    }
}

impl Example for UsageDayShape {
    fn example() -> Self {
        let refusals = [(Reason::SeatsExhausted, 3), (Reason::Expired, 17)];
        Self {
            day: "2026-03-01".into(),
            checks: 5_310,
            valid_checks: 5_293,
            activation_attempts: 45,
            activations: 42,
            refusals: refusals.map(|(reason, count)| (reason.code().to_owned(), count)).into(),
            active_machines: Some(1_198),
        }
    }
}
