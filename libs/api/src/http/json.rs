//! JSON read more strictly than `serde_json` does by itself.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, map::Entry};

use crate::problem::{Fault, Problem};

/// Reads exactly one JSON text.
///
/// # Errors
/// When it is not JSON, is nested more than 127 deep, or has an object with a member twice: RFC 8259 section 4 leaves
/// open what that means, so two readers of one request may see two different things.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Problem::new(Fault::MalformedJson).detail("The body is not UTF-8."));
    };
    let repeated = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_str(text);
    let outcome = Strict { repeated: &repeated }.deserialize(&mut reader).and_then(|value| {
        reader.end()?;
        Ok(value)
    });
    outcome.map_err(|error| {
        let fault = if repeated.get() { Fault::DuplicateMember } else { Fault::MalformedJson };
        // Its words are left out: they may repeat what was sent.
        let place = format!("The fault is in line {}, column {}.", error.line(), error.column());
        Problem::new(fault).detail(place)
    })
}

/// Builds a value, and notes when a member is there twice: the reader's error type could carry that only as text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    repeated: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Entry::Vacant(place) = object.entry(name) else {
                self.repeated.set(true);
                return Err(A::Error::custom("a member is there twice"));
            };
            place.insert(members.next_value_seed(self)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use poem::{error::ResponseError as _, http::StatusCode};
    use serde_json::json;

    use super::*;

    fn code(bytes: &[u8]) -> String {
        let problem = parse(bytes).unwrap_err();
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        problem.to_string()
    }

    #[test]
    fn one_text_is_read_as_it_is() {
        let text = r#" {"a":[1,-2,1.5,true,null,"x",{}],"b":{"a":"\u00e4"}} "#;
        assert_eq!(
            parse(text.as_bytes()).unwrap(),
            json!({"a": [1, -2, 1.5, true, null, "x", {}], "b": {"a": "ä"}})
        );
    }

    #[test]
    fn a_repeated_member_is_found_at_every_depth_and_behind_escapes() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"o":[{"x":{"b":1,"c":2,"b":3}}]}"#, r#"{"key":1,"\u006bey":2}"#]
        {
            assert_eq!(code(text.as_bytes()), "duplicate_member", "{text}");
        }
        assert!(parse(br#"{"a":{"a":{"a":1}}}"#).is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for text in [
            "",
            " ",
            "{",
            "{}{}",
            "{} x",
            "{'a':1}",
            "{\"a\":01}",
            "\u{feff}{}",
            "1e400",
            "nul",
            "[1,]",
            &deep,
        ] {
            assert_eq!(code(text.as_bytes()), "malformed_json", "{text:.20}");
        }
        assert_eq!(code(b"{\"a\":\"\xff\"}"), "malformed_json");
        assert_eq!(code(b"{\"a\":\"\\ud800\"}"), "malformed_json");
    }
}
