//! Entitlements that a license has over those of its policy.

use std::collections::BTreeMap;

use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::client::wire::{Instant, Worth};

/// What an entitlement is worth, and until when.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Entitlement", example, skip_serializing_if_is_none)]
pub(crate) struct EntitlementShape {
    /// What it is worth; `false` takes it away.
    value: Worth,
    /// The first instant at which it no longer counts; never, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
}

/// Entitlements on the wire, by their codes.
pub(crate) fn shapes(entitlements: &model::Entitlements) -> BTreeMap<String, EntitlementShape> {
    entitlements
        .iter()
        .map(|(code, entitlement)| {
            let shape = EntitlementShape {
                value: (&entitlement.value).into(),
                expires_at: entitlement.expires_at.map(Instant::from),
            };
            (code.to_string(), shape)
        })
        .collect()
}

impl Example for EntitlementShape {
    fn example() -> Self {
        Self {
            value: Worth::from(&model::EntitlementValue::Number(128)),
            expires_at: Some("2026-09-01T00:00:00Z".into()),
        }
    }
}
