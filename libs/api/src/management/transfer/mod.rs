//! Files: licenses, customers and machines, many at once, as CSV and NDJSON.
//!
//! Every format has an operation of its own, because generated clients want one media type for each.

mod cells;
mod csv;
mod customers;
mod download;
mod export;
mod feed;
mod format;
mod import;
mod kind;
mod licenses;
mod machines;
mod query;
mod reader;
mod report;
mod upload;

use licensing::Licensing;

use super::Tag;

/// All operations on files.
pub(crate) type Operations =
    (export::ExportCsv, export::ExportNdjson, import::ImportCsv, import::ImportNdjson);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    let imports = import::Imports::new(licensing);
    (
        export::ExportCsv(licensing.clone()),
        export::ExportNdjson(licensing.clone()),
        import::ImportCsv(imports.clone()),
        import::ImportNdjson(imports),
    )
}
