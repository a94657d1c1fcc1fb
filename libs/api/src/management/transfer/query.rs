//! What the operations on files take in the query string.

use model::{Invalid, LicenseState, PolicyCode, ProductCode};
use poem_openapi::registry::MetaSchema;
use serde_json::json;

use crate::http::query::QueryValue;

/// A flag, off where it is not sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flag(pub(super) bool);

impl QueryValue for Flag {
    fn read(text: &str) -> Result<Self, Invalid> {
        match text {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(Invalid::new("true or false")),
        }
    }

    fn schema() -> MetaSchema {
        MetaSchema { default: Some(json!(false)), example: Some(json!(false)), ..MetaSchema::new("boolean") }
    }
}

macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident($of:ty) = $parse:expr, $schema:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name(pub(super) $of);

        impl QueryValue for $name {
            fn read(text: &str) -> Result<Self, Invalid> {
                $parse(text).map(Self)
            }

            fn schema() -> MetaSchema {
                $schema
            }
        }
    )+};
}

filters! {
    /// A product.
    OfProduct(ProductCode) = |text: &str| ProductCode::parse(text), code("cad");
    /// A policy.
    OfPolicy(PolicyCode) = |text: &str| PolicyCode::parse(text), code("cad-yearly");
    /// A state.
    OfState(LicenseState) = LicenseState::from_code, MetaSchema {
        enum_items: vec![json!("active"), json!("suspended"), json!("revoked")],
        example: Some(json!("active")),
        ..MetaSchema::new("string")
    };
}

fn code(example: &'static str) -> MetaSchema {
    MetaSchema {
        min_length: Some(1),
        max_length: Some(64),
        pattern: Some("^[a-z0-9][a-z0-9._-]*$".to_owned()),
        example: Some(json!(example)),
        ..MetaSchema::new("string")
    }
}
