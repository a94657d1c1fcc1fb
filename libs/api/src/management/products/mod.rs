//! Products.

mod create;
mod delete;
mod list;
mod shape;
mod show;
mod update;

use licensing::Licensing;

use super::Tag;

/// All operations on products.
pub(crate) type Operations = (
    create::CreateProduct,
    list::ListProducts,
    show::GetProduct,
    update::UpdateProduct,
    delete::DeleteProduct,
);

/// The operations over `licensing`.
pub(crate) fn operations(licensing: &Licensing) -> Operations {
    (
        create::CreateProduct(licensing.clone()),
        list::ListProducts(licensing.clone()),
        show::GetProduct(licensing.clone()),
        update::UpdateProduct(licensing.clone()),
        delete::DeleteProduct(licensing.clone()),
    )
}
