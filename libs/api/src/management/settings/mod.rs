//! The settings of the tenant itself.

mod shape;
mod show;
mod update;

use licensing::Licensing;

use super::Tag;

/// All operations on settings.
pub(crate) type Operations = (show::GetSettings, update::UpdateSettings);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (show::GetSettings(licensing.clone()), update::UpdateSettings(licensing.clone()))
}
