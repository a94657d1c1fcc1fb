//! Texts and values of answers that the document describes more closely than as text.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Serialize;
use serde_json::{Value, json};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $type:literal, $schema:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name(String);

        impl<T: std::fmt::Display> From<T> for $name {
            fn from(value: T) -> Self {
                Self(value.to_string())
            }
        }

        impl Type for $name {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                $type.into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new($schema))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                match value {
                    Some(Value::String(text)) => Ok(Self(text)),
                    other => Err(ParseError::expected_type(other.unwrap_or_default())),
                }
            }
        }

        impl ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                Some(Value::String(self.0.clone()))
            }
        }
    )+};
}

texts! {
    /// An identifier.
    Id, "string_uuid", MetaSchema::new_with_format("string", "uuid");
    /// A day in UTC, RFC 3339.
    Date, "string_date", MetaSchema::new_with_format("string", "date");
    /// An instant, RFC 3339 in UTC.
    Instant, "string_date-time", MetaSchema::new_with_format("string", "date-time");
    /// A quota: a number, a slash and seconds.
    QuotaText, "string_quota", MetaSchema { pattern: Some(QUOTA.to_owned()), ..MetaSchema::new("string") };
}

/// The rule of [`model::Quota`] in the words of JSON Schema.
pub(crate) const QUOTA: &str = "^(?:[1-9][0-9]{0,6}|10000000)/\
    (?:[1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)$";

/// What an entitlement is worth.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Worth(Value);

impl From<&model::EntitlementValue> for Worth {
    fn from(value: &model::EntitlementValue) -> Self {
        Self(value.to_json())
    }
}

impl Type for Worth {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "EntitlementValue".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference(Self::name().into_owned())
    }

    fn register(registry: &mut Registry) {
        // Without a type: a union of plain values has no discriminator, and generated clients fail on those.
        registry.create_schema::<Self, _>(Self::name().into_owned(), |_| MetaSchema {
            title: Some(Self::name().into_owned()),
            description: Some(
                "What an entitlement is worth: `true`, a whole number, a text, or a list of texts.",
            ),
            example: Some(json!(64)),
            ..MetaSchema::ANY
        });
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for Worth {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        value.map(Self).ok_or_else(ParseError::expected_input)
    }
}

impl ToJSON for Worth {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.clone())
    }
}
