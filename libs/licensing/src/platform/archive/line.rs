//! Rows as JSON: names of columns and their values, without those that are absent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::Timestamp;
use serde_json::{Map, Value};
use store::{ArchiveRow, ArchiveTable, ArchiveValue, ColumnKind};
use uuid::Uuid;

/// A row as JSON.
pub(super) fn to_json(table: &ArchiveTable, row: ArchiveRow) -> Map<String, Value> {
    let columns = table.columns.iter().map(|(name, _)| *name);
    columns
        .zip(row)
        .filter_map(|(name, value)| {
            let value = match value {
                ArchiveValue::Absent => return None,
                ArchiveValue::Uuid(id) => id.to_string().into(),
                ArchiveValue::Text(text) => text.into(),
                ArchiveValue::Int(number) => number.into(),
                ArchiveValue::Bool(flag) => flag.into(),
                ArchiveValue::At(at) => at.to_string().into(),
                ArchiveValue::Bytes(bytes) => STANDARD.encode(bytes).into(),
                ArchiveValue::Json(value) => value,
            };
            Some((name.to_owned(), value))
        })
        .collect()
}

/// The row that JSON tells; `None` when it has other columns or kinds than the table.
pub(super) fn from_json(table: &ArchiveTable, mut members: Map<String, Value>) -> Option<ArchiveRow> {
    let mut row = ArchiveRow::with_capacity(table.columns.len());
    for (name, kind) in table.columns {
        row.push(match members.remove(*name) {
            None => ArchiveValue::Absent,
            Some(value) => read(*kind, value)?,
        });
    }
    members.is_empty().then_some(row)
}

fn read(kind: ColumnKind, value: Value) -> Option<ArchiveValue> {
    Some(match (kind, value) {
        (ColumnKind::Json, value) => ArchiveValue::Json(value),
        (ColumnKind::Int, value) => ArchiveValue::Int(value.as_i64()?),
        (ColumnKind::Bool, Value::Bool(flag)) => ArchiveValue::Bool(flag),
        (ColumnKind::Text, Value::String(text)) => ArchiveValue::Text(text),
        (ColumnKind::Uuid, Value::String(text)) => ArchiveValue::Uuid(Uuid::try_parse(&text).ok()?),
        (ColumnKind::At, Value::String(text)) => ArchiveValue::At(Timestamp::parse(&text).ok()?),
        (ColumnKind::Bytes, Value::String(text)) => ArchiveValue::Bytes(STANDARD.decode(text).ok()?),
        _ => return None,
    })
}

/// Where a column of a table stands.
pub(super) fn place(table: &ArchiveTable, column: &str) -> Option<usize> {
    table.columns.iter().position(|(name, _)| *name == column)
}
