//! What stands in one line of a file, whatever its format.

use std::collections::BTreeMap;

use licensing::LineRefusal;
use model::{
    Entitlement, EntitlementCode, EntitlementValue, Entitlements, Invalid, Limit, Metadata, Timestamp,
};
use serde_json::{Map, Value, json};

use crate::http::json;

/// The highest count and number that a file may name.
const MOST: u32 = i32::MAX.unsigned_abs();

/// One value: the text of a CSV field, or what a member of a JSON object is.
#[derive(Debug)]
pub(super) enum Cell {
    Text(String),
    Json(Value),
}

impl Cell {
    /// A text, where there is one.
    pub(super) fn text(text: Option<impl ToString>) -> Option<Self> {
        text.map(|text| Self::Text(text.to_string()))
    }

    /// A number.
    pub(super) fn number(number: impl Into<Value>) -> Option<Self> {
        Some(Self::Json(number.into()))
    }

    /// A limit, where there is one: −1 means unlimited.
    pub(super) fn limit(limit: Option<Limit>) -> Option<Self> {
        limit.map(|limit| Self::Json(limit.number().map_or(-1, i64::from).into()))
    }

    /// Metadata, where there is some.
    pub(super) fn metadata(metadata: &Metadata) -> Option<Self> {
        (!metadata.is_empty()).then(|| Self::Json(json!(metadata.as_map())))
    }

    /// Entitlements, where there are some.
    pub(super) fn entitlements(entitlements: &Entitlements) -> Option<Self> {
        let shape = |entitlement: &Entitlement| {
            let value = match &entitlement.value {
                EntitlementValue::Flag(flag) => json!(flag),
                EntitlementValue::Number(number) => json!(number),
                EntitlementValue::Text(text) => json!(text),
                EntitlementValue::Set(set) => json!(set),
            };
            match entitlement.expires_at {
                None => json!({ "value": value }),
                Some(end) => json!({ "value": value, "expires_at": end.to_string() }),
            }
        };
        let all: Map<String, Value> =
            entitlements.iter().map(|(code, entitlement)| (code.to_string(), shape(entitlement))).collect();
        (!all.is_empty()).then(|| Self::Json(all.into()))
    }
}

/// The values of a line that were not taken yet.
#[derive(Debug, Default)]
pub(super) struct Cells(BTreeMap<&'static str, Cell>);

impl FromIterator<(&'static str, Cell)> for Cells {
    fn from_iter<I: IntoIterator<Item = (&'static str, Cell)>>(cells: I) -> Self {
        Self(cells.into_iter().collect())
    }
}

type Read<T> = Result<T, LineRefusal>;

impl Cells {
    /// A text that may be there. An empty field of CSV is as good as none.
    pub(super) fn text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Read<Option<T>> {
        let text = match self.0.remove(name) {
            None => return Ok(None),
            Some(Cell::Text(text)) if text.is_empty() => return Ok(None),
            Some(Cell::Text(text) | Cell::Json(Value::String(text))) => text,
            Some(Cell::Json(_)) => return Err(LineRefusal::member(name, "must be a text")),
        };
        parse(&text).map(Some).map_err(|invalid| LineRefusal::invalid(name, invalid))
    }

    /// A text that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Read<T> {
        self.text(name, parse)?.ok_or_else(|| LineRefusal::member(name, "is missing"))
    }

    /// An instant that may be there.
    pub(super) fn instant(&mut self, name: &'static str) -> Read<Option<Timestamp>> {
        self.text(name, Timestamp::parse)
    }

    /// A whole number that may be there, from `least` on.
    pub(super) fn count(&mut self, name: &'static str, least: u32) -> Read<Option<u32>> {
        let found = self.integer(name, |_| None)?;
        let good = |number: i64| u32::try_from(number).ok().filter(|number| (least..=MOST).contains(number));
        found
            .map(|number| {
                good(number).ok_or_else(|| {
                    LineRefusal::member(name, format!("must be a whole number from {least} to {MOST}"))
                })
            })
            .transpose()
    }

    /// A limit that may be there: −1, or in CSV also `unlimited`, lifts it.
    pub(super) fn limit(&mut self, name: &'static str) -> Read<Option<Limit>> {
        let found = self.integer(name, |text| (text == "unlimited").then_some(-1))?;
        let limit = |number: i64| match number {
            -1 => Ok(Limit::Unlimited),
            _ => u32::try_from(number).ok().filter(|number| *number <= MOST).map(Limit::AtMost).ok_or_else(
                || {
                    LineRefusal::member(
                        name,
                        format!("must be a whole number from 0 to {MOST}, or -1 for unlimited"),
                    )
                },
            ),
        };
        found.map(limit).transpose()
    }

    fn integer(&mut self, name: &'static str, word: impl FnOnce(&str) -> Option<i64>) -> Read<Option<i64>> {
        let number = match self.0.remove(name) {
            None => return Ok(None),
            Some(Cell::Text(text)) if text.is_empty() => return Ok(None),
            Some(Cell::Text(text)) if text.starts_with('+') => None,
            Some(Cell::Text(text)) => text.parse().ok().or_else(|| word(&text)),
            Some(Cell::Json(value)) => value.as_i64(),
        };
        number.map(Some).ok_or_else(|| LineRefusal::member(name, "must be a whole number"))
    }

    /// A JSON object that may be there; in CSV it is written as text.
    fn object(&mut self, name: &'static str) -> Read<Option<Map<String, Value>>> {
        let value = match self.0.remove(name) {
            None => return Ok(None),
            Some(Cell::Text(text)) if text.is_empty() => return Ok(None),
            Some(Cell::Text(text)) => json::parse(text.as_bytes()).ok(),
            Some(Cell::Json(value)) => Some(value),
        };
        match value {
            Some(Value::Object(members)) => Ok(Some(members)),
            _ => Err(LineRefusal::member(name, "must be a JSON object that has no member twice")),
        }
    }

    /// Metadata, empty when it is not there.
    pub(super) fn metadata(&mut self) -> Read<Metadata> {
        const NAME: &str = "metadata";
        let Some(members) = self.object(NAME)? else { return Ok(Metadata::default()) };
        let texts = members.into_iter().map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            _ => None,
        });
        let texts: Option<BTreeMap<_, _>> = texts.collect();
        texts
            .ok_or(Invalid::new(Metadata::RULE))
            .and_then(Metadata::new)
            .map_err(|invalid| LineRefusal::invalid(NAME, invalid))
    }

    /// Entitlements, empty when they are not there.
    pub(super) fn entitlements(&mut self) -> Read<Entitlements> {
        const NAME: &str = "entitlements";
        let Some(members) = self.object(NAME)? else { return Ok(Entitlements::default()) };
        let refused = |invalid| LineRefusal::invalid(NAME, invalid);
        if members.len() > MOST_ENTITLEMENTS {
            return Err(refused(Invalid::new("at most 100 entitlements")));
        }
        members
            .into_iter()
            .map(|(code, value)| Ok((EntitlementCode::parse(code)?, entitlement(value)?)))
            .collect::<Result<_, Invalid>>()
            .map_err(refused)
    }
}

/// The most entitlements that one license has.
const MOST_ENTITLEMENTS: usize = 100;

fn entitlement(shape: Value) -> Result<Entitlement, Invalid> {
    const RULE: Invalid = Invalid::new("an object of codes with a value and, where wanted, expires_at");
    let Value::Object(mut members) = shape else { return Err(RULE) };
    let value = match members.remove("value").ok_or(RULE)? {
        Value::Bool(flag) => EntitlementValue::Flag(flag),
        Value::Number(number) => EntitlementValue::Number(number.as_i64().ok_or(RULE)?),
        Value::String(text) => EntitlementValue::Text(text),
        Value::Array(items) => {
            let texts = items.into_iter().map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(RULE),
            });
            EntitlementValue::Set(texts.collect::<Result<_, _>>()?)
        }
        Value::Null | Value::Object(_) => return Err(RULE),
    };
    let expires_at = match members.remove("expires_at") {
        None => None,
        Some(Value::String(text)) => Some(Timestamp::parse(&text)?),
        Some(_) => return Err(RULE),
    };
    if members.is_empty() { Ok(Entitlement { value: value.checked()?, expires_at }) } else { Err(RULE) }
}
