//! Customers.

use model::{ClientKey, Customer, CustomerId, EmailAddress, Limited};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    error::Result,
    sql::At,
    tables::{metadata::metadata_column, parse::Row},
    tx::Tx,
};

statements! {
    INSERT = "INSERT INTO customers (tenant_id, id, number, name, email, client_key, created_at, updated_at, metadata) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) ON CONFLICT DO NOTHING";
    BY_CLIENT_KEY = "SELECT id, number, name, email, client_key, metadata, revision, created_at, updated_at FROM customers \
        WHERE tenant_id = $1 AND client_key = $2";
    BY_ID = "SELECT id, number, name, email, client_key, metadata, revision, created_at, updated_at FROM customers WHERE tenant_id = $1 AND id = $2";
}

/// Customers of one tenant.
pub struct Customers<'a>(pub(crate) &'a mut Tx);

impl Customers<'_> {
    /// Adds a customer; `false` when its number or client key is taken.
    ///
    /// # Errors
    /// When the database does not answer, or the tenant may have no more.
    pub async fn insert(&mut self, customer: &Customer) -> Result<bool> {
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
struct CustomerRow {
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
