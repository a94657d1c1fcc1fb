//! Values that several shapes of the management API share.

use std::collections::BTreeMap;

use model::{Invalid, Limit, Metadata};

/// A limit on the wire: −1 means unlimited.
pub(crate) fn limit(limit: Limit) -> i64 {
    limit.number().map_or(-1, i64::from)
}

/// Metadata on the wire.
pub(crate) fn metadata(metadata: &Metadata) -> BTreeMap<String, String> {
    metadata.as_map().clone()
}

/// The metadata in the document's examples.
pub(crate) fn metadata_example() -> BTreeMap<String, String> {
    BTreeMap::from([("order".to_owned(), "2026-0042".to_owned())])
}

/// What people are told when something is refused.
pub(crate) fn support_message(text: String) -> Result<String, Invalid> {
    let good = (1..=500).contains(&text.chars().take(501).count()) && !text.contains('\0');
    if good { Ok(text) } else { Err(Invalid::new("1 to 500 characters")) }
}

/// What becomes of an optional member: given, taken away, or left as it is.
#[expect(
    clippy::option_option,
    reason = "three cases, of which licensing takes the two that change something"
)]
pub(crate) fn changed<T>(given: Option<T>, cleared: bool) -> Option<Option<T>> {
    if cleared { Some(None) } else { given.map(Some) }
}
