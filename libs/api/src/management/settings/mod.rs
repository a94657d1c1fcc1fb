//! The settings of the tenant itself.

mod rate_limits;
mod shape;
mod show;
mod update;

use licensing::Licensing;

pub(crate) use rate_limits::RateLimitsShape;

use super::Tag;

/// All operations on settings.
pub(crate) type Operations = (show::GetSettings, update::UpdateSettings);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (show::GetSettings(licensing.clone()), update::UpdateSettings(licensing.clone()))
}
