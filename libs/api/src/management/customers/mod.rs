//! Customers.

mod create;
mod delete;
mod list;
mod shape;
mod show;
mod update;

use licensing::Licensing;

use super::Tag;

/// All operations on customers.
pub(crate) type Operations = (
    create::CreateCustomer,
    list::ListCustomers,
    show::GetCustomer,
    update::UpdateCustomer,
    delete::DeleteCustomer,
);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        create::CreateCustomer(licensing.clone()),
        list::ListCustomers(licensing.clone()),
        show::GetCustomer(licensing.clone()),
        update::UpdateCustomer(licensing.clone()),
        delete::DeleteCustomer(licensing.clone()),
    )
}
