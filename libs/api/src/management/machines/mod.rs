//! Machines.

mod deactivate;
mod filter;
mod list;
mod shape;
mod show;
mod update;

use licensing::Licensing;

use super::Tag;

/// All operations on machines.
pub(crate) type Operations =
    (list::ListMachines, show::GetMachine, update::UpdateMachine, deactivate::DeactivateMachine);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        list::ListMachines(licensing.clone()),
        show::GetMachine(licensing.clone()),
        update::UpdateMachine(licensing.clone()),
        deactivate::DeactivateMachine(licensing.clone()),
    )
}
