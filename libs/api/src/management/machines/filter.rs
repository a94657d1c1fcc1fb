//! What machines are listed by.

use model::{Invalid, MachineState};
use poem_openapi::registry::MetaSchema;
use serde_json::json;

use crate::http::query::QueryValue;

impl QueryValue for MachineState {
    fn read(text: &str) -> Result<Self, Invalid> {
        Self::from_code(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: vec![json!("active"), json!("deactivated")],
            example: Some(json!("active")),
            ..MetaSchema::new("string")
        }
    }
}
