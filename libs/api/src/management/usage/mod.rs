//! Figures on what is used.

mod shape;
mod show;

use licensing::Licensing;

use super::Tag;

/// All operations on usage.
pub(crate) type Operations = show::GetUsage;

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    show::GetUsage(licensing.clone())
}
