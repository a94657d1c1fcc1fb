//! JSON read more strictly than `serde_json` does by itself.
//!
//! RFC 8259 §4 leaves open what a repeated member means, so two readers of one signed text may see two
//! different things. And no format of this profile has a `null`: what is absent is left out.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Why a text is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonFault {
    /// Not JSON, or more than one JSON text; with the reader's words.
    Syntax(String),
    /// JSON, but not an object.
    NotAnObject,
    /// An object at some depth has this member twice.
    Duplicate(String),
    /// There is a `null` at some depth.
    Null,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(reason) => f.write_str(reason),
            Self::NotAnObject => f.write_str("it is not a JSON object"),
            Self::Duplicate(name) => write!(f, "it has the member {name:?} twice"),
            Self::Null => f.write_str("it has a null"),
        }
    }
}

/// Checks that `text` is exactly one JSON object, without a `null` and without a member that its object already
/// has, at any depth. Names are compared as they read after unescaping.
pub(crate) fn check_object(text: &[u8]) -> Result<(), JsonFault> {
    let fault = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let outcome = Strict { fault: &fault }.deserialize(&mut reader).and_then(|()| reader.end());
    match (fault.into_inner(), outcome) {
        (Some(fault), _) => Err(fault),
        (None, Err(error)) => Err(JsonFault::Syntax(error.to_string())),
        (None, Ok(())) if text.trim_ascii_start().starts_with(b"{") => Ok(()),
        (None, Ok(())) => Err(JsonFault::NotAnObject),
    }
}

/// Walks over a JSON value and builds nothing.
///
/// A fault is left in the cell, because the reader's error type could carry it only as text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    fault: &'a RefCell<Option<JsonFault>>,
}

impl Strict<'_> {
    fn refuse<E: Error>(self, fault: JsonFault) -> E {
        let error = E::custom(&fault);
        self.fault.replace(Some(fault));
        error
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without null")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Err(self.refuse(JsonFault::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key_seed(Name)? {
            if names.contains(&name) {
                return Err(self.refuse(JsonFault::Duplicate(name.into_owned())));
            }
            names.insert(name);
            members.next_value_seed(self)?;
        }
        Ok(())
    }
}

/// Reads a member's name, borrowed from the text wherever it needs no unescaping.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicate(name: &str) -> Result<(), JsonFault> {
        Err(JsonFault::Duplicate(name.to_owned()))
    }

    #[test]
    fn plain_objects_pass() {
        for text in ["{}", r#" {"a":1,"b":[true,-2,1.5,"x",{"a":{}}]} "#, r#"{"a":{"a":{"a":1}}}"#] {
            assert_eq!(check_object(text.as_bytes()), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_repeated_member_is_found_at_every_depth() {
        assert_eq!(check_object(br#"{"a":1,"b":2,"a":1}"#), duplicate("a"));
        assert_eq!(check_object(br#"{"o":{"x":{"b":1,"b":2}}}"#), duplicate("b"));
        assert_eq!(check_object(br#"{"l":[[{"c":1,"c":2}]]}"#), duplicate("c"));
    }

    #[test]
    fn an_escape_does_not_hide_a_repeated_member() {
        assert_eq!(check_object(br#"{"alg":1,"\u0061lg":2}"#), duplicate("alg"));
    }

    #[test]
    fn null_is_refused_at_every_depth() {
        for text in ["null", r#"{"a":null}"#, r#"{"a":[{"b":null}]}"#] {
            assert_eq!(check_object(text.as_bytes()), Err(JsonFault::Null), "{text}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |levels: usize| format!("{}{}", r#"{"a":"#.repeat(levels - 1) + "{", "}".repeat(levels));
        assert_eq!(check_object(nested(127).as_bytes()), Ok(()));
        assert!(matches!(check_object(nested(128).as_bytes()), Err(JsonFault::Syntax(_))));
    }

    #[test]
    fn only_one_object_is_accepted() {
        for text in ["[]", "1", "\"x\"", "true"] {
            assert_eq!(check_object(text.as_bytes()), Err(JsonFault::NotAnObject), "{text}");
        }
        for text in ["", "{", "{}{}", "{} x", "\u{feff}{}", "{'a':1}", "{\"a\":01}", "{\"a\":\"\\ud800\"}"] {
            assert!(matches!(check_object(text.as_bytes()), Err(JsonFault::Syntax(_))), "{text}");
        }
        assert!(matches!(check_object(b"{\"a\":\"\xff\"}"), Err(JsonFault::Syntax(_))));
    }
}
