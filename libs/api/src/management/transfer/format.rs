//! The two formats of files.

use serde_json::Value;

use super::{
    cells::Cell,
    csv,
    kind::{Column, Kind},
};

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// CSV with a header line (RFC 4180).
    Csv,
    /// One JSON object on each line.
    Ndjson,
}

impl Format {
    /// Its media type.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// How names of its files end.
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

/// A format as a type, for the signatures of operations.
pub(super) trait Written: Send + Sync + 'static {
    const FORMAT: Format;
}

/// [`Format::Csv`]
pub(super) struct AsCsv;

/// [`Format::Ndjson`]
pub(super) struct AsNdjson;

impl Written for AsCsv {
    const FORMAT: Format = Format::Csv;
}

impl Written for AsNdjson {
    const FORMAT: Format = Format::Ndjson;
}

/// Writes the lines of one file.
#[derive(Clone)]
pub(super) struct Writer {
    format: Format,
    columns: Vec<&'static str>,
}

impl Writer {
    /// For an export with or without license keys.
    pub(super) fn new<K: Kind>(format: Format, with_keys: bool) -> Self {
        let exported = K::COLUMNS.iter().filter(|column| column.is_exported(with_keys));
        Self { format, columns: exported.map(|Column { name, .. }| *name).collect() }
    }

    /// What a file begins with.
    pub(super) fn header(&self) -> Vec<u8> {
        match self.format {
            Format::Csv => format!("{}\r\n", self.columns.join(",")).into_bytes(),
            Format::Ndjson => Vec::new(),
        }
    }

    /// Writes one line.
    pub(super) fn line<K: Kind>(&self, item: &K::Item, out: &mut Vec<u8>) {
        let cells = self.columns.iter().map(|column| (*column, K::write(item, column)));
        match self.format {
            Format::Csv => {
                for (place, (_, cell)) in cells.enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    match cell {
                        None => {}
                        Some(Cell::Text(text)) => csv::write_field(&text, out),
                        Some(Cell::Json(value)) => csv::write_field(&value.to_string(), out),
                    }
                }
                out.extend_from_slice(b"\r\n");
            }
            Format::Ndjson => {
                let mut separator = b'{';
                for (name, cell) in cells.filter_map(|(name, cell)| Some((name, cell?))) {
                    let value = match cell {
                        Cell::Text(text) => Value::String(text),
                        Cell::Json(value) => value,
                    };
                    out.push(separator);
                    out.extend_from_slice(format!("\"{name}\":{value}").as_bytes());
                    separator = b',';
                }
                out.extend_from_slice(b"}\n");
            }
        }
    }
}
