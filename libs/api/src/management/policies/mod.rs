//! Policies.

mod create;
mod delete;
mod list;
mod remove_entitlement;
mod rules;
mod set_entitlement;
mod shape;
mod show;
mod update;

use licensing::Licensing;

use super::Tag;

/// All operations on policies.
pub(crate) type Operations = (
    create::CreatePolicy,
    list::ListPolicies,
    show::GetPolicy,
    update::UpdatePolicy,
    delete::DeletePolicy,
    set_entitlement::SetPolicyEntitlement,
    remove_entitlement::RemovePolicyEntitlement,
);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        create::CreatePolicy(licensing.clone()),
        list::ListPolicies(licensing.clone()),
        show::GetPolicy(licensing.clone()),
        update::UpdatePolicy(licensing.clone()),
        delete::DeletePolicy(licensing.clone()),
        set_entitlement::SetPolicyEntitlement(licensing.clone()),
        remove_entitlement::RemovePolicyEntitlement(licensing.clone()),
    )
}
