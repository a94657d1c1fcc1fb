//! The facts of an event: an object whose members differ from type to type.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Serialize;
use serde_json::{Value, json};

/// Facts about what happened.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Details(Value);

impl Details {
    /// Facts as they are kept, without what is null: that is not known, and left out.
    pub(super) fn of(kept: &Value) -> Self {
        match without_nulls(kept) {
            Some(facts @ Value::Object(_)) => Self(facts),
            _ => Self(json!({})),
        }
    }

    /// The facts in the document's examples.
    pub(super) fn example() -> Self {
        Self(json!({ "seat": "taken", "seats_used": 1, "over_seats": false, "activations_used": 1 }))
    }
}

fn without_nulls(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Null => return None,
        Value::Array(items) => items.iter().filter_map(without_nulls).collect(),
        Value::Object(members) => {
            let members = members.iter();
            Value::Object(
                members.filter_map(|(name, value)| Some((name.clone(), without_nulls(value)?))).collect(),
            )
        }
        other => other.clone(),
    })
}

impl Type for Details {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "EventDetails".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference(Self::name().into_owned())
    }

    fn register(registry: &mut Registry) {
        registry.create_schema::<Self, _>(Self::name().into_owned(), |_| MetaSchema {
            title: Some(Self::name().into_owned()),
            description: Some(
                "Facts about what happened, for people to read: which there are differs from type to type and may \
                 change. Where something was changed, `before` and `after`. Never a license key, a token or a fingerprint.",
            ),
            additional_properties: Some(Box::new(MetaSchemaRef::Inline(Box::new(MetaSchema::ANY)))),
            example: Some(Self::example().0),
            ..MetaSchema::new("object")
        });
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for Details {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        value.map(Self).ok_or_else(ParseError::expected_input)
    }
}

impl ToJSON for Details {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_left_out_at_every_depth() {
        let kept = json!({"a": null, "b": {"c": null, "d": [1, null, {"e": null}]}, "f": ""});
        assert_eq!(Details::of(&kept).0, json!({"b": {"d": [1, {}]}, "f": ""}));
        for nothing in [json!(null), json!([null]), json!("text")] {
            assert_eq!(Details::of(&nothing).0, json!({}));
        }
    }
}
