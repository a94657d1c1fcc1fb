//! The lines of customers.

use licensing::{CustomerLine, ImportCount, LineRefusal};
use model::{ClientKey, Customer, EmailAddress, Name};

use super::{
    cells::{Cell, Cells},
    kind::{Column, Kind, Role},
};

/// Customers.
pub(super) struct Customers;

impl Kind for Customers {
    type Line = CustomerLine;
    type Item = Customer;

    const NAME: &'static str = "customers";
    const COLUMNS: &'static [Column] = &[
        Column::new("id", Role::Shown),
        Column::new("number", Role::Taken),
        Column::new("client_key", Role::Required),
        Column::new("name", Role::Required),
        Column::new("email", Role::Taken),
        Column::new("metadata", Role::Taken),
        Column::new("created_at", Role::Shown),
        Column::new("updated_at", Role::Shown),
    ];

    fn read(cells: &mut Cells) -> Result<CustomerLine, LineRefusal> {
        Ok(CustomerLine {
            client_key: cells.required("client_key", |text| ClientKey::parse(text))?,
            name: cells.required("name", |text| Name::parse(text))?,
            number: cells.count("number", 1)?,
            email: cells.text("email", |text| EmailAddress::parse(text))?,
            metadata: cells.metadata()?,
        })
    }

    fn count(line: &CustomerLine, count: &mut ImportCount) {
        match line.number {
            None => count.numberless = count.numberless.saturating_add(1),
            Some(number) => count.highest = count.highest.max(number),
        }
    }

    fn write(item: &Customer, column: &'static str) -> Option<Cell> {
        match column {
            "id" => Cell::text(Some(item.id)),
            "number" => Cell::number(item.number),
            "client_key" => Cell::text(Some(&item.client_key)),
            "name" => Cell::text(Some(&item.name)),
            "email" => Cell::text(item.email.as_ref().map(EmailAddress::as_str)),
            "metadata" => Cell::metadata(&item.metadata),
            "created_at" => Cell::text(Some(item.created_at)),
            "updated_at" => Cell::text(Some(item.updated_at)),
            _ => None,
        }
    }
}
