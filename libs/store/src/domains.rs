//! Domains: hosts at whose root a tenant is served. They belong to the platform, since they are looked up before the tenant
//! is known.

use model::{DomainName, Tenant, TenantId, Timestamp};
use sqlx::FromRow;

use crate::{
    error::Result,
    open::Store,
    platform::{Platform, TenantRow, tenant_columns},
    sql::At,
    tables::parse::Row,
};

statements! {
    INSERT = "INSERT INTO domains (name, owner, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    OWNER = "SELECT owner FROM domains WHERE name = $1";
    OF_OWNER = "SELECT name, created_at FROM domains WHERE owner = $1 ORDER BY name";
    DELETE = "DELETE FROM domains WHERE owner = $1 AND name = $2";
    TENANT = concat!("SELECT ", tenant_columns!(), " FROM domains d JOIN tenants t ON t.id = d.owner WHERE d.name = $1");
}

impl Store {
    /// The tenant that is served at a host.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn tenant_by_domain(&self, name: &DomainName) -> Result<Option<Tenant>> {
        let mut platform = self.platform_reading().await?;
        let row: Option<TenantRow> =
            on!(platform, c => sqlx::query_as(TENANT).bind(name.as_str()).fetch_optional(c).await)?;
        row.map(Tenant::try_from).transpose()
    }

    /// The domains of a tenant with the instants since when it has them, by name.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn domains(&self, owner: TenantId) -> Result<Vec<(DomainName, Timestamp)>> {
        let mut platform = self.platform_reading().await?;
        let rows: Vec<DomainRow> =
            on!(platform, c => sqlx::query_as(OF_OWNER).bind(owner.uuid()).fetch_all(c).await)?;
        rows.into_iter()
            .map(|row| Ok((Row::new("domains", &row.name).parse("name", &row.name)?, row.created_at.0)))
            .collect()
    }
}

impl Platform {
    /// Gives a tenant a domain, unless somebody has it; gives whoever has it then, and whether that is new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_domain(
        &mut self,
        owner: TenantId,
        name: &DomainName,
        at: Timestamp,
    ) -> Result<(TenantId, bool)> {
        let done = on!(self, c => sqlx::query(INSERT)
            .bind(name.as_str()).bind(owner.uuid()).bind(At(at))
            .execute(c).await.map(|done| done.rows_affected()))?;
        let holder = on!(self, c => sqlx::query_scalar(OWNER).bind(name.as_str()).fetch_one(c).await)?;
        Ok((TenantId::from_uuid(holder), done == 1))
    }

    /// Takes a domain from a tenant; `false` when the tenant has it not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_domain(&mut self, owner: TenantId, name: &DomainName) -> Result<bool> {
        let done = on!(self, c => sqlx::query(DELETE)
            .bind(owner.uuid()).bind(name.as_str()).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }
}

#[derive(FromRow)]
struct DomainRow {
    name: String,
    created_at: At,
}
