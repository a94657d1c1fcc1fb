//! The audit log.

mod details;
mod filter;
mod list;
mod shape;
mod show;

use licensing::Licensing;

use super::Tag;

/// All operations on events.
pub(crate) type Operations = (list::ListEvents, show::GetEvent);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (list::ListEvents(licensing.clone()), show::GetEvent(licensing.clone()))
}
