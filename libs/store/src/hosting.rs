//! Platform-wide work on what operators decide about tenants.

use model::{HostedTenant, Name, Tenant, TenantId, TenantLimits, TenantSlug, Timestamp};
use sqlx::FromRow;

use crate::{
    error::Result,
    open::Store,
    page::Page,
    platform::{Platform, TenantRow, tenant_columns},
    sql::At,
    tables::parse::Row,
};

macro_rules! hosted_columns {
    () => {
        concat!(
            tenant_columns!(),
            ", t.suspended_at, t.exported_at, t.delete_after, t.purged_since, t.max_licenses, t.max_products, \
             t.max_customers, t.max_api_keys"
        )
    };
}

statements! {
    BY_SLUG = concat!("SELECT ", hosted_columns!(), " FROM tenants t WHERE t.slug = $1");
    LIST = concat!("SELECT ", hosted_columns!(), " FROM tenants t WHERE t.id > $1 ORDER BY t.id LIMIT $2");
    LIST_DESCENDING = concat!("SELECT ", hosted_columns!(), " FROM tenants t WHERE t.id < $1 ORDER BY t.id DESC LIMIT $2");
    RENAME = "UPDATE tenants SET name = $3, revision = revision + 1 WHERE id = $1 AND revision = $2";
    SUSPEND = "UPDATE tenants SET state = 'suspended', suspended_at = $2, revision = revision + 1 \
        WHERE id = $1 AND state = 'active'";
    RESUME = "UPDATE tenants SET state = 'active', suspended_at = NULL, revision = revision + 1 \
        WHERE id = $1 AND state = 'suspended' AND delete_after IS NULL AND purged_since IS NULL";
    MARK_EXPORTED = "UPDATE tenants SET exported_at = $2 WHERE id = $1 AND (exported_at IS NULL OR exported_at < $2)";
    SET_LIMITS = "UPDATE tenants SET max_licenses = $2, max_products = $3, max_customers = $4, max_api_keys = $5, \
        revision = revision + 1 WHERE id = $1";
    DELETE_AFTER = "UPDATE tenants SET delete_after = $2, revision = revision + 1 WHERE id = $1 AND state = 'suspended' \
        AND exported_at >= suspended_at AND purged_since IS NULL";
    KEEP = "UPDATE tenants SET delete_after = NULL, revision = revision + 1 WHERE id = $1 AND delete_after IS NOT NULL \
        AND purged_since IS NULL";
}

impl Store {
    /// The tenant of that name, as operators see it.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn hosted_tenant(&self, slug: &TenantSlug) -> Result<Option<HostedTenant>> {
        self.platform_reading().await?.hosted_tenant(slug).await
    }

    /// A piece of the list of tenants.
    ///
    /// # Errors
    /// When the database does not answer, or a row is damaged.
    pub async fn hosted_tenants(&self, page: &Page) -> Result<Vec<HostedTenant>> {
        let mut platform = self.platform_reading().await?;
        let statement = page.pick(LIST, LIST_DESCENDING);
        let rows: Vec<HostedRow> = on!(platform, c => sqlx::query_as(statement)
            .bind(page.bound()).bind(i64::from(page.limit)).fetch_all(c).await)?;
        rows.into_iter().map(HostedTenant::try_from).collect()
    }
}

impl Platform {
    /// The tenant of that name, as operators see it.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn hosted_tenant(&mut self, slug: &TenantSlug) -> Result<Option<HostedTenant>> {
        let row: Option<HostedRow> =
            on!(self, c => sqlx::query_as(BY_SLUG).bind(slug.as_str()).fetch_optional(c).await)?;
        row.map(HostedTenant::try_from).transpose()
    }

    /// Gives a tenant another name for people; `false` when its revision is not that any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rename_tenant(&mut self, id: TenantId, revision: u64, name: &Name) -> Result<bool> {
        let done = on!(self, c => sqlx::query(RENAME)
            .bind(id.uuid())
            .bind(i64::try_from(revision).unwrap_or(i64::MAX))
            .bind(name.as_str())
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Stops serving a tenant; `false` when it is not served.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn suspend_tenant(&mut self, id: TenantId, at: Timestamp) -> Result<bool> {
        let done = on!(self, c => sqlx::query(SUSPEND)
            .bind(id.uuid()).bind(At(at)).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Serves a tenant again; `false` when it is served, or is to be deleted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn resume_tenant(&mut self, id: TenantId) -> Result<bool> {
        let done = on!(self, c => sqlx::query(RESUME)
            .bind(id.uuid()).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Notes that a tenant was exported as it was at that instant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark_exported(&mut self, id: TenantId, at: Timestamp) -> Result<()> {
        on!(self, c => sqlx::query(MARK_EXPORTED).bind(id.uuid()).bind(At(at)).execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// Sets how much a tenant may have.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_limits(&mut self, id: TenantId, limits: &TenantLimits) -> Result<()> {
        on!(self, c => sqlx::query(SET_LIMITS)
            .bind(id.uuid())
            .bind(limits.licenses.map(i64::from))
            .bind(limits.products.map(i64::from))
            .bind(limits.customers.map(i64::from))
            .bind(limits.api_keys.map(i64::from))
            .execute(c).await.map(|_| ()))?;
        Ok(())
    }

    /// Asks for a tenant to be deleted from that instant on; `false` when it is not suspended, or was not exported
    /// since, or is being deleted already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_tenant_after(&mut self, id: TenantId, at: Timestamp) -> Result<bool> {
        let done = on!(self, c => sqlx::query(DELETE_AFTER)
            .bind(id.uuid()).bind(At(at)).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Keeps a tenant that was to be deleted; `false` when it was not, or is being deleted already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_tenant(&mut self, id: TenantId) -> Result<bool> {
        let done = on!(self, c => sqlx::query(KEEP)
            .bind(id.uuid()).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }
}

#[derive(FromRow)]
struct HostedRow {
    #[sqlx(flatten)]
    tenant: TenantRow,
    revision: i64,
    suspended_at: Option<At>,
    exported_at: Option<At>,
    delete_after: Option<At>,
    purged_since: Option<At>,
    max_licenses: Option<i64>,
    max_products: Option<i64>,
    max_customers: Option<i64>,
    max_api_keys: Option<i64>,
}

impl TryFrom<HostedRow> for HostedTenant {
    type Error = crate::Error;

    fn try_from(row: HostedRow) -> Result<Self> {
        let at = Row::new("tenants", row.tenant.id);
        let limit =
            |column, value: Option<i64>| value.map(|value| at.count::<u32>(column, value)).transpose();
        Ok(Self {
            limits: TenantLimits {
                licenses: limit("max_licenses", row.max_licenses)?,
                products: limit("max_products", row.max_products)?,
                customers: limit("max_customers", row.max_customers)?,
                api_keys: limit("max_api_keys", row.max_api_keys)?,
            },
            revision: at.count("revision", row.revision)?,
            suspended_at: row.suspended_at.map(|at| at.0),
            exported_at: row.exported_at.map(|at| at.0),
            delete_after: row.delete_after.map(|at| at.0),
            purged_since: row.purged_since.map(|at| at.0),
            tenant: Tenant::try_from(row.tenant)?,
        })
    }
}
