//! The value of one entitlement.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an entitlement grants. In JSON: `true`, an integer, a string or an array of strings, and nothing else;
/// an entitlement that is not granted is absent, never `false`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntitlementValue {
    /// `true`: a feature is switched on.
    Flag,
    /// An integer, for example a limit; within ±[`MAX_SAFE_INTEGER`](crate::MAX_SAFE_INTEGER).
    Number(i64),
    /// A string, for example an edition.
    Text(String),
    /// An array of strings, for example the modules that may be loaded.
    Set(Vec<String>),
}

impl Serialize for EntitlementValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag => serializer.serialize_bool(true),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Set(items) => items.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for EntitlementValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = EntitlementValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, an integer, a string or an array of strings")
    }

    fn visit_bool<E: Error>(self, on: bool) -> Result<EntitlementValue, E> {
        if on { Ok(EntitlementValue::Flag) } else { Err(E::custom("an entitlement is never false")) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<EntitlementValue, E> {
        Ok(EntitlementValue::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<EntitlementValue, E> {
        i64::try_from(number).map(EntitlementValue::Number).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<EntitlementValue, E> {
        Ok(EntitlementValue::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<EntitlementValue, A::Error> {
        let mut set = Vec::new();
        while let Some(item) = items.next_element()? {
            set.push(item);
        }
        Ok(EntitlementValue::Set(set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_as_it_was_written() {
        for (json, value) in [
            ("true", EntitlementValue::Flag),
            ("-3", EntitlementValue::Number(-3)),
            ("\"pro\"", EntitlementValue::Text("pro".to_owned())),
            (r#"["a","b"]"#, EntitlementValue::Set(vec!["a".to_owned(), "b".to_owned()])),
            ("[]", EntitlementValue::Set(Vec::new())),
        ] {
            assert_eq!(serde_json::from_str::<EntitlementValue>(json).unwrap(), value);
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
    }

    #[test]
    fn nothing_else_is_read() {
        for json in ["false", "null", "1.0", "1e3", "9223372036854775808", "{}", "[1]", "[[\"a\"]]", "[null]"]
        {
            assert!(serde_json::from_str::<EntitlementValue>(json).is_err(), "{json}");
        }
    }
}
