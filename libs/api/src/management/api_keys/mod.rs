//! API keys.

mod create;
mod list;
mod revoke;
mod shape;
mod show;

use licensing::Licensing;

use super::Tag;

pub(crate) use shape::CreatedApiKey;

/// All operations on API keys.
pub(crate) type Operations = (create::CreateApiKey, list::ListApiKeys, show::GetApiKey, revoke::RevokeApiKey);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        create::CreateApiKey(licensing.clone()),
        list::ListApiKeys(licensing.clone()),
        show::GetApiKey(licensing.clone()),
        revoke::RevokeApiKey(licensing.clone()),
    )
}
