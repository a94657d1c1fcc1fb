//! Entitlements in the bodies of requests and answers, of policies and licenses alike.

use std::{borrow::Cow, collections::BTreeMap};

use model::{Entitlement, EntitlementCode, EntitlementValue, Entitlements};
use poem_openapi::{Object, types::Example};
use serde::Serialize;
use serde_json::Value;

use crate::{
    client::wire::{Instant, Worth},
    http::members::{Command, Members},
};

const NAME: &str = "entitlements";
const VALUE_RULE: &str = "must be true, false, a whole number within ±9007199254740991, a text of at most 255 characters \
    without control characters, or a list of at most 64 different such texts";

/// A feature that a license gives: what it is worth, and until when. `false` switches off what a policy gives.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "Entitlement", example, skip_serializing_if_is_none)]
pub(crate) struct EntitlementShape {
    /// What it is worth.
    value: Worth,
    /// The first instant at which it no longer counts; never, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
}

impl From<&Entitlement> for EntitlementShape {
    fn from(entitlement: &Entitlement) -> Self {
        Self { value: (&entitlement.value).into(), expires_at: entitlement.expires_at.map(Instant::from) }
    }
}

/// What a feature code is set to.
#[derive(Object)]
#[oai(rename = "SetEntitlementRequest", example, skip_serializing_if_is_none)]
pub(crate) struct SetEntitlementRequest {
    /// What it is worth.
    value: Worth,
    /// The first instant at which it no longer counts; never, when absent.
    expires_at: Option<Instant>,
}

impl Command for Entitlement {
    fn read(members: &mut Members) -> Option<Self> {
        let value = members.required_value("value", value);
        let expires_at = members.instant("expires_at");
        Some(Self { value: value?, expires_at: expires_at? })
    }
}

fn value(value: Value) -> Result<EntitlementValue, Cow<'static, str>> {
    let read = match value {
        Value::Bool(on) => Some(EntitlementValue::Flag(on)),
        Value::Number(number) => number.as_i64().map(EntitlementValue::Number),
        Value::String(text) => Some(EntitlementValue::Text(text)),
        Value::Array(items) => set(items),
        Value::Null | Value::Object(_) => None,
    };
    read.and_then(|value| value.checked().ok()).ok_or(Cow::Borrowed(VALUE_RULE))
}

fn set(items: Vec<Value>) -> Option<EntitlementValue> {
    let sent = items.len();
    let text = |item| match item {
        Value::String(text) => Some(text),
        _ => None,
    };
    let members: std::collections::BTreeSet<String> = items.into_iter().map(text).collect::<Option<_>>()?;
    (members.len() == sent).then_some(EntitlementValue::Set(members))
}

/// The member `entitlements` of a request, which may be there. The outer `None` says that it is there and wrong.
pub(crate) fn read(members: &mut Members) -> Option<Option<Entitlements>> {
    let Some(sent) = members.map::<Entitlement>(NAME, Entitlements::MOST)? else {
        return Some(None);
    };
    let mut read = Entitlements::default();
    let mut good = true;
    for (code, entitlement) in sent {
        match EntitlementCode::parse(code) {
            Ok(code) => read.set(code, entitlement),
            Err(_) => good = false,
        }
    }
    if !good {
        members.wrong(NAME, format!("must be an object whose names are each {}", EntitlementCode::RULE));
        return None;
    }
    read.checked().map(Some).map_err(|invalid| members.wrong(NAME, invalid.to_string())).ok()
}

/// Entitlements in an answer, by their codes.
pub(crate) fn shape(entitlements: &Entitlements) -> BTreeMap<String, EntitlementShape> {
    entitlements.iter().map(|(code, entitlement)| (code.to_string(), entitlement.into())).collect()
}

/// The entitlements in the document's examples.
pub(crate) fn example() -> BTreeMap<String, EntitlementShape> {
    let numbered = EntitlementShape { value: (&EntitlementValue::Number(64)).into(), expires_at: None };
    BTreeMap::from([("export".to_owned(), EntitlementShape::example()), ("layers".to_owned(), numbered)])
}

/// The same in the document's examples of requests.
pub(crate) fn request_example() -> BTreeMap<String, SetEntitlementRequest> {
    BTreeMap::from([("layers".to_owned(), SetEntitlementRequest::example())])
}

impl Example for EntitlementShape {
    fn example() -> Self {
        Self {
            value: (&EntitlementValue::Flag(true)).into(),
            expires_at: Some("2027-03-01T12:00:00Z".into()),
        }
    }
}

impl Example for SetEntitlementRequest {
    fn example() -> Self {
        Self { value: (&EntitlementValue::Number(128)).into(), expires_at: None }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Body(Option<Entitlements>);

    impl Command for Body {
        fn read(members: &mut Members) -> Option<Self> {
            read(members).map(Self)
        }
    }

    fn pointers(entitlements: &Value) -> Vec<String> {
        let problem =
            Members::read::<Body>(json!({ "entitlements": entitlements }), b"").err().expect("a problem");
        let document: Value = serde_json::from_str(&problem.render("r", "/").body).unwrap();
        let errors = document["errors"].as_array().unwrap().iter();
        errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_shown_is_read_again() {
        let sent = json!({
            "flag": {"value": true},
            "number": {"value": -3, "expires_at": "2027-03-01T12:00:00Z"},
            "off": {"value": false},
            "set": {"value": ["a", "b"]},
            "text": {"value": "pro"},
        });
        let Body(read) = Members::read(json!({ "entitlements": sent.clone() }), b"").unwrap();
        assert_eq!(serde_json::to_value(shape(&read.unwrap())).unwrap(), sent);
        let Body(absent) = Members::read(json!({}), b"").unwrap();
        assert_eq!(absent, None);
    }

    #[test]
    fn every_wrong_one_is_named() {
        let found = pointers(&json!({
            "a": 1, "b": {}, "c": {"value": null}, "d": {"value": 1.5}, "e": {"value": [1]},
            "f": {"value": ["x", "x"]}, "g": {"value": {"a": true}}, "h": {"value": true, "expires_at": "soon"},
            "i": {"value": true, "more~": 1}, "j": {"value": 9_007_199_254_740_992_i64}, "k": {"value": true},
        }));
        let expected =
            ["a", "b/value", "c/value", "d/value", "e/value", "f/value", "g/value", "h/expires_at"];
        let expected = expected.into_iter().chain(["i/more~0", "j/value"]);
        assert_eq!(found, expected.map(|place| format!("/entitlements/{place}")).collect::<Vec<_>>());
        for wrong in [json!([]), json!(1), json!({"Bad Code": {"value": true}})] {
            assert_eq!(pointers(&wrong), ["/entitlements"]);
        }
        let long = "x".repeat(255);
        let large: serde_json::Map<String, Value> =
            (0..8).map(|n| (format!("e{n}"), json!({ "value": long }))).collect();
        assert_eq!(pointers(&Value::Object(large)), ["/entitlements"]);
    }
}
