//! The settings of the tenant itself.

use model::Tenant;

use crate::{
    error::Result,
    platform::{TenantRow, tenant_columns},
    tx::Tx,
};

statements! {
    FIND = concat!("SELECT ", tenant_columns!(), " FROM tenants t WHERE t.id = $1");
    UPDATE = "UPDATE tenants SET name = $3, checks_are_events = $4, revision = revision + 1 WHERE id = $1 AND revision = $2";
}

/// The settings of one tenant.
pub struct Settings<'a>(pub(crate) &'a mut Tx);

impl Settings<'_> {
    /// The tenant as it is now.
    ///
    /// # Errors
    /// When the database does not answer, or the row is damaged.
    pub async fn find(&mut self) -> Result<Option<Tenant>> {
        let tenant = self.0.tenant.uuid();
        let row: Option<TenantRow> =
            on!(self.0, c => sqlx::query_as(FIND).bind(tenant).fetch_optional(c).await)?;
        row.map(Tenant::try_from).transpose()
    }

    /// Writes what a vendor may change of its settings; `false` when the revision is not that of `settings` any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update(&mut self, settings: &Tenant) -> Result<bool> {
        self.0.changes_tenant();
        let tenant = self.0.tenant.uuid();
        let done = on!(self.0, c => sqlx::query(UPDATE)
            .bind(tenant)
            .bind(i64::try_from(settings.revision).unwrap_or(i64::MAX))
            .bind(settings.name.as_str())
            .bind(settings.checks_are_events)
            .execute(c).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }
}
