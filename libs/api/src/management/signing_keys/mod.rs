//! Signing keys.

mod activate;
mod list;
mod prepare;
mod retire;
mod revoke;
mod shape;
mod show;

use licensing::Licensing;

use super::Tag;

/// All operations on signing keys.
pub(crate) type Operations = (
    list::ListSigningKeys,
    show::GetSigningKey,
    prepare::PrepareSigningKey,
    activate::ActivateSigningKey,
    retire::RetireSigningKey,
    revoke::RevokeSigningKey,
);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        list::ListSigningKeys(licensing.clone()),
        show::GetSigningKey(licensing.clone()),
        prepare::PrepareSigningKey(licensing.clone()),
        activate::ActivateSigningKey(licensing.clone()),
        retire::RetireSigningKey(licensing.clone()),
        revoke::RevokeSigningKey(licensing.clone()),
    )
}
