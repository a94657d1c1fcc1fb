//! What the audit log tells of a license.

use model::{Entitlement, EntitlementValue, Entitlements};
use serde_json::{Map, Value, json};
use store::LicenseRecord;

/// What differs, `before` and `after`; what is absent is left out.
pub(super) fn difference(before: &LicenseRecord, after: &LicenseRecord) -> Map<String, Value> {
    let (before, after) = (facts(before), facts(after));
    let only = |these: &Map<String, Value>, those: &Map<String, Value>| -> Map<String, Value> {
        let differs = |(name, fact): &(&String, &Value)| !fact.is_null() && those.get(*name) != Some(*fact);
        these.iter().filter(differs).map(|(name, fact)| (name.clone(), fact.clone())).collect()
    };
    let sides = [("before", only(&before, &after)), ("after", only(&after, &before))];
    sides.into_iter().map(|(side, facts)| (side.to_owned(), Value::Object(facts))).collect()
}

fn facts(record: &LicenseRecord) -> Map<String, Value> {
    let LicenseRecord { license, policy, memo, metadata, .. } = record;
    let limit = |limit: model::Limit| limit.number().map_or(-1, i64::from);
    [
        ("state", json!(license.state.code())),
        ("policy", json!(policy.code.as_str())),
        ("customer", json!(license.customer_id.map(|id| id.to_string()))),
        ("seats", json!(license.overrides.seats.map(limit))),
        ("activation_limit", json!(license.overrides.activation_limit.map(limit))),
        ("entitlements", entitlements(&license.overrides.entitlements)),
        ("expires_at", json!(license.expires_at.map(|end| end.to_string()))),
        ("activations_used", json!(license.activations_used)),
        ("deactivations_used", json!(license.deactivations_used)),
        ("memo", json!(memo.as_ref().map(model::Memo::as_str))),
        ("metadata", json!(metadata.as_map())),
    ]
    .map(|(name, fact)| (name.to_owned(), fact))
    .into_iter()
    .collect()
}

fn entitlements(entitlements: &Entitlements) -> Value {
    let each = entitlements.iter().map(|(code, entitlement)| (code.to_string(), worth(entitlement)));
    Value::Object(each.collect())
}

fn worth(entitlement: &Entitlement) -> Value {
    let value = match &entitlement.value {
        EntitlementValue::Flag(on) => json!(on),
        EntitlementValue::Number(number) => json!(number),
        EntitlementValue::Text(text) => json!(text),
        EntitlementValue::Set(members) => json!(members),
    };
    match entitlement.expires_at {
        Some(end) => json!({ "value": value, "expires_at": end.to_string() }),
        None => json!({ "value": value }),
    }
}
