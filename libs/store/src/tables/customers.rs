//! Customers.

use model::{ClientKey, Customer, CustomerId, EmailAddress, Limited};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    error::{Result, deleted},
    page::Page,
    sql::At,
    tables::{metadata::metadata_column, parse::Row},
    tx::Tx,
};

macro_rules! customer_columns {
    () => {
        "c.id, c.number, c.name, c.email, c.client_key, c.metadata, c.revision, c.created_at, c.updated_at"
    };
}

statements! {
    INSERT = "INSERT INTO customers (tenant_id, id, number, name, email, client_key, created_at, updated_at, metadata) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) ON CONFLICT DO NOTHING";
    BY_CLIENT_KEY = concat!("SELECT ", customer_columns!(), " FROM customers c WHERE c.tenant_id = $1 AND c.client_key = $2");
    BY_NUMBER = concat!("SELECT ", customer_columns!(), " FROM customers c WHERE c.tenant_id = $1 AND c.number = $2");
    BY_ID = concat!("SELECT ", customer_columns!(), " FROM customers c WHERE c.tenant_id = $1 AND c.id = $2");
    LIST = concat!("SELECT ", customer_columns!(), " FROM customers c WHERE c.tenant_id = $1 AND c.id > $2 \
        ORDER BY c.id LIMIT $3");
    LIST_DESCENDING = concat!("SELECT ", customer_columns!(), " FROM customers c WHERE c.tenant_id = $1 AND c.id < $2 \
        ORDER BY c.id DESC LIMIT $3");
    LIST_BY_EMAIL = concat!("SELECT ", customer_columns!(), " FROM customers c WHERE c.tenant_id = $1 AND c.id > $2 \
        AND lower(c.email) = lower($4) ORDER BY c.id LIMIT $3");
    LIST_BY_EMAIL_DESCENDING = concat!("SELECT ", customer_columns!(), " FROM customers c WHERE c.tenant_id = $1 \
        AND c.id < $2 AND lower(c.email) = lower($4) ORDER BY c.id DESC LIMIT $3");
    UPDATE = "UPDATE customers SET name = $4, email = $5, metadata = $6, updated_at = $7, revision = revision + 1 \
        WHERE tenant_id = $1 AND id = $2 AND revision = $3";
    DELETE = "DELETE FROM customers WHERE tenant_id = $1 AND id = $2 AND revision = $3 \
        AND NOT EXISTS (SELECT 1 FROM licenses l WHERE l.tenant_id = $1 AND l.customer_id = $2)";
}

/// Customers of one tenant.
pub struct Customers<'a>(pub(crate) &'a mut Tx);

impl Customers<'_> {
    /// Adds a customer; `false` when its number or client key is taken.
    ///
    /// # Errors
    /// When the database does not answer, or the tenant may have no more.
    pub async fn insert(&mut self, customer: &Customer) -> Result<bool> {
        self.0.changes_no_check();
        self.0.limits().take(Limited::Customers, 1).await?;
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(INSERT)
            .bind(tenant)
            .bind(customer.id.uuid())
            .bind(i64::from(customer.number))
            .bind(customer.name.as_str())
            .bind(customer.email.as_ref().map(EmailAddress::as_str))
            .bind(customer.client_key.as_str())
            .bind(At(customer.created_at))
            .bind(metadata_column(&customer.metadata))
            .execute(c).await.map(|done| done.rows_affected()))?;
        if done == 0 {
            self.0.limits().give_back(Limited::Customers, 1);
        }
        Ok(done == 1)
    }

    /// The customer with that client key.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_client_key(&mut self, key: &ClientKey) -> Result<Option<Customer>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<CustomerRow> = on!(self.0, c =>
            sqlx::query_as(BY_CLIENT_KEY).bind(tenant).bind(key.as_str()).fetch_optional(c).await)?;
        row.map(Customer::try_from).transpose()
    }

    /// The customer of that number.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_number(&mut self, number: u32) -> Result<Option<Customer>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<CustomerRow> = on!(self.0, c =>
            sqlx::query_as(BY_NUMBER).bind(tenant).bind(i64::from(number)).fetch_optional(c).await)?;
        row.map(Customer::try_from).transpose()
    }

    /// A piece of the list of customers.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list(&mut self, page: &Page) -> Result<Vec<Customer>> {
        let tenant = self.0.tenant.uuid();
        let statement = page.pick(LIST, LIST_DESCENDING);
        let rows: Vec<CustomerRow> = on!(self.0, c => sqlx::query_as(statement)
            .bind(tenant).bind(page.bound()).bind(i64::from(page.limit)).fetch_all(c).await)?;
        rows.into_iter().map(Customer::try_from).collect()
    }

    /// A piece of the list of customers with that email address, whatever the case of its letters.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn list_by_email(&mut self, email: &EmailAddress, page: &Page) -> Result<Vec<Customer>> {
        let tenant = self.0.tenant.uuid();
        let statement = page.pick(LIST_BY_EMAIL, LIST_BY_EMAIL_DESCENDING);
        let rows: Vec<CustomerRow> = on!(self.0, c => sqlx::query_as(statement)
            .bind(tenant)
            .bind(page.bound())
            .bind(i64::from(page.limit))
            .bind(email.as_str())
            .fetch_all(c).await)?;
        rows.into_iter().map(Customer::try_from).collect()
    }

    /// Writes what a vendor may change of a customer; `false` when its revision is not that of `customer` any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update(&mut self, customer: &Customer) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(UPDATE)
            .bind(tenant)
            .bind(customer.id.uuid())
            .bind(i64::try_from(customer.revision).unwrap_or(i64::MAX))
            .bind(customer.name.as_str())
            .bind(customer.email.as_ref().map(EmailAddress::as_str))
            .bind(metadata_column(&customer.metadata))
            .bind(At(customer.updated_at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Deletes a customer; `false` when it has licenses, or its revision is not that any more. Then the unit of work
    /// cannot go on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete(&mut self, customer: &Customer) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        deleted(on!(self.0, c => sqlx::query(DELETE)
            .bind(tenant)
            .bind(customer.id.uuid())
            .bind(i64::try_from(customer.revision).unwrap_or(i64::MAX))
            .execute(c).await.map(|done| done.rows_affected())))
    }

    /// The customer of that identifier.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn by_id(&mut self, id: CustomerId) -> Result<Option<Customer>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<CustomerRow> =
            on!(self.0, c => sqlx::query_as(BY_ID).bind(tenant).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Customer::try_from).transpose()
    }
}

#[derive(FromRow)]
pub(crate) struct CustomerRow {
    id: Uuid,
    number: i64,
    name: String,
    email: Option<String>,
    client_key: String,
    metadata: String,
    revision: i64,
    created_at: At,
    updated_at: At,
}

impl TryFrom<CustomerRow> for Customer {
    type Error = crate::Error;

    fn try_from(row: CustomerRow) -> Result<Self> {
        let at = Row::new("customers", row.id);
        Ok(Self {
            id: CustomerId::from_uuid(row.id),
            number: at.count("number", row.number)?,
            name: at.parse("name", &row.name)?,
            email: at.optional("email", row.email)?,
            client_key: at.parse("client_key", &row.client_key)?,
            metadata: at.metadata("metadata", &row.metadata)?,
            revision: at.count("revision", row.revision)?,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}
