//! Metadata in a text column.

use std::collections::BTreeMap;

use model::Metadata;

use crate::{error::Result, tables::parse::Row};

/// The text of a column: a JSON object of texts.
pub(crate) fn metadata_column(metadata: &Metadata) -> String {
    // Fails only for maps whose names are not texts.
    serde_json::to_string(metadata.as_map()).unwrap_or_default()
}

impl Row {
    /// The metadata of a column.
    pub(crate) fn metadata(&self, column: &'static str, text: &str) -> Result<Metadata> {
        let invalid = || model::Invalid::new(Metadata::RULE);
        let members: std::result::Result<BTreeMap<String, String>, _> = serde_json::from_str(text);
        self.check(column, members.map_err(|_| invalid()).and_then(Metadata::new))
    }
}
