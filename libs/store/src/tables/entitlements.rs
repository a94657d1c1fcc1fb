//! Entitlements in a JSON column.

use std::collections::{BTreeMap, BTreeSet};

use model::{Entitlement, EntitlementCode, EntitlementValue, Entitlements, Invalid, Timestamp};
use serde::{Deserialize, Serialize};

/// The JSON of a column: code → value and, when it stops, the microsecond at which it does.
#[derive(Serialize, Deserialize, Debug)]
#[serde(transparent)]
pub(crate) struct EntitlementsColumn(BTreeMap<String, EntitlementColumn>);

#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct EntitlementColumn {
    value: ValueColumn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize, Debug)]
#[serde(untagged)]
enum ValueColumn {
    Flag(bool),
    Number(i64),
    Text(String),
    Set(BTreeSet<String>),
}

impl From<&Entitlements> for EntitlementsColumn {
    fn from(entitlements: &Entitlements) -> Self {
        let column = |entitlement: &Entitlement| EntitlementColumn {
            value: match entitlement.value.clone() {
                EntitlementValue::Flag(flag) => ValueColumn::Flag(flag),
                EntitlementValue::Number(number) => ValueColumn::Number(number),
                EntitlementValue::Text(text) => ValueColumn::Text(text),
                EntitlementValue::Set(set) => ValueColumn::Set(set),
            },
            expires_at: entitlement.expires_at.map(Timestamp::unix_micros),
        };
        Self(entitlements.iter().map(|(code, entitlement)| (code.to_string(), column(entitlement))).collect())
    }
}

impl TryFrom<EntitlementsColumn> for Entitlements {
    type Error = Invalid;

    fn try_from(column: EntitlementsColumn) -> Result<Self, Invalid> {
        let entitlement = |column: EntitlementColumn| {
            let value = match column.value {
                ValueColumn::Flag(flag) => EntitlementValue::Flag(flag),
                ValueColumn::Number(number) => EntitlementValue::Number(number),
                ValueColumn::Text(text) => EntitlementValue::Text(text),
                ValueColumn::Set(set) => EntitlementValue::Set(set),
            };
            let expires_at = column
                .expires_at
                .map(|micros| Timestamp::from_unix_micros(micros).ok_or(Invalid::new("an instant")))
                .transpose()?;
            Ok(Entitlement { value: value.checked()?, expires_at })
        };
        column
            .0
            .into_iter()
            .map(|(code, column)| Ok((EntitlementCode::parse(code)?, entitlement(column)?)))
            .collect()
    }
}
