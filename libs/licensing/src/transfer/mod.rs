//! Bring in and give out many things at once.
//!
//! An import is one transaction: it is brought in as a whole, but for the lines that are refused, or not at all. An
//! export is read page by page, so that neither memory nor the database is held by a reader that takes its time.

mod batch;
mod customers;
mod export;
mod import;
mod licenses;
mod machines;

pub use customers::CustomerLine;
pub use export::{Exported, ExportedLicense, ExportedMachine, LicenseFilter};
pub use import::{
    ImportCount, ImportLines, ImportMode, ImportReport, ImportSummary, Line, Refusal as LineRefusal,
};
pub use licenses::{Ends, ImportLine, Imported};
pub use machines::{LicenseName, MachineLine};
