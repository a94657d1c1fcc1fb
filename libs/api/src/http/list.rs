//! Lists: read piece by piece, with a cursor that leads to the next piece.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use licensing::Page;
use model::Invalid;
use poem_openapi::registry::MetaSchema;
use serde_json::json;
use uuid::Uuid;

use super::query::QueryValue;

/// The items of a piece, when the caller does not say.
const USUAL: u32 = 20;
/// The most items of a piece.
pub(crate) const MOST: u32 = 100;

/// How many items a piece has at the most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit(pub(crate) u32);

impl Default for Limit {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl QueryValue for Limit {
    fn read(text: &str) -> Result<Self, Invalid> {
        let number = text.parse().ok().filter(|number| (1..=MOST).contains(number) && !text.starts_with('+'));
        number.map(Self).ok_or(Invalid::new("a whole number from 1 to 100"))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            maximum: Some(f64::from(MOST)),
            default: Some(json!(USUAL)),
            example: Some(json!(USUAL)),
            ..MetaSchema::new_with_format("integer", "int32")
        }
    }
}

/// Where a list goes on: the `next_cursor` of the piece before.
#[derive(Clone, Debug)]
pub(crate) struct Cursor(Vec<u8>);

impl QueryValue for Cursor {
    fn read(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid::new("the next_cursor of an answer to the same query");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| RULE)?;
        if bytes.len() <= 64 { Ok(Self(bytes)) } else { Err(RULE) }
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(86),
            pattern: Some("^[A-Za-z0-9_-]+$".to_owned()),
            example: Some(json!("AZahxAtSfH6dahwvPkpbYA")),
            ..MetaSchema::new("string")
        }
    }
}

impl Cursor {
    /// What a cursor says, in bytes of the list's own.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The cursor that says this.
    pub(crate) fn text(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// The order of a list that is sorted by creation alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ByCreation {
    /// Whether the newest come first.
    pub(crate) descending: bool,
}

impl QueryValue for ByCreation {
    fn read(text: &str) -> Result<Self, Invalid> {
        match text {
            "created_at" => Ok(Self { descending: false }),
            "-created_at" => Ok(Self { descending: true }),
            _ => Err(Invalid::new("created_at or -created_at")),
        }
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: vec![json!("created_at"), json!("-created_at")],
            default: Some(json!("created_at")),
            example: Some(json!("-created_at")),
            ..MetaSchema::new("string")
        }
    }
}

/// The piece that is asked for, of a list in the order of creation. One item more than is shown tells whether there is
/// another piece.
///
/// # Errors
/// When the cursor is not one of such a list.
pub(crate) fn page(
    limit: Option<Limit>,
    cursor: Option<&Cursor>,
    sort: Option<ByCreation>,
) -> Result<Page, crate::problem::Problem> {
    let after = cursor.map(|cursor| Uuid::from_slice(cursor.bytes())).transpose().map_err(|_| {
        crate::problem::Problem::new(crate::problem::Fault::BadParameter)
            .detail("The query parameter cursor must be the next_cursor of an answer to the same query.")
    })?;
    Ok(Page {
        after,
        descending: sort.unwrap_or_default().descending,
        limit: limit.unwrap_or_default().0 + 1,
    })
}

/// The items to show of a piece that was read with one item more, and the cursor of the next piece.
pub(crate) fn cut<T>(mut items: Vec<T>, page: &Page, id: impl Fn(&T) -> Uuid) -> (Vec<T>, Option<String>) {
    let shown = usize::try_from(page.limit).unwrap_or(usize::MAX).saturating_sub(1);
    if items.len() <= shown {
        return (items, None);
    }
    items.truncate(shown);
    let next = items.last().map(|last| Cursor::text(id(last).as_bytes()));
    (items, next)
}

/// Declares the envelope of a list of one kind of thing.
macro_rules! list_of {
    ($(#[$doc:meta])* $name:ident, $rename:literal, $item:ty) => {
        $(#[$doc])*
        #[derive(poem_openapi::Object, serde::Serialize)]
        #[oai(rename = $rename, example, skip_serializing_if_is_none)]
        pub(crate) struct $name {
            /// The items of this piece of the list.
            items: Vec<$item>,
            /// Leads to the next piece; absent where the list ends.
            #[serde(skip_serializing_if = "Option::is_none")]
            next_cursor: Option<String>,
        }

        impl $name {
            /// A piece of the list.
            pub(crate) const fn new(items: Vec<$item>, next_cursor: Option<String>) -> Self {
                Self { items, next_cursor }
            }
        }

        impl poem_openapi::types::Example for $name {
            fn example() -> Self {
                Self {
                    items: vec![poem_openapi::types::Example::example()],
                    next_cursor: Some("AZahxAtSfH6dahwvPkpbYA".to_owned()),
                }
            }
        }
    };
}
pub(crate) use list_of;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_cursors_are_read_strictly() {
        assert_eq!(Limit::read("100").unwrap().0, 100);
        for bad in ["", "0", "101", "-1", "+1", "1.0", "ten"] {
            assert!(Limit::read(bad).is_err(), "{bad}");
        }
        let id = Uuid::from_u128(7);
        let cursor = Cursor::read(&Cursor::text(id.as_bytes())).unwrap();
        assert_eq!(
            page(None, Some(&cursor), None).unwrap(),
            Page { after: Some(id), descending: false, limit: 21 }
        );
        for bad in ["=", "a", "ä", &"A".repeat(88)] {
            assert!(Cursor::read(bad).is_err(), "{bad}");
        }
        assert!(page(None, Some(&Cursor::read("AAAA").unwrap()), None).is_err());
    }

    #[test]
    fn the_next_cursor_is_there_only_where_something_follows() {
        let page = page(Some(Limit(2)), None, None).unwrap();
        let ids = |count: u128| (1..=count).map(Uuid::from_u128).collect::<Vec<_>>();
        assert_eq!(cut(ids(2), &page, |id| *id), (ids(2), None));
        let (shown, next) = cut(ids(3), &page, |id| *id);
        assert_eq!((shown, next), (ids(2), Some(Cursor::text(Uuid::from_u128(2).as_bytes()))));
    }
}
