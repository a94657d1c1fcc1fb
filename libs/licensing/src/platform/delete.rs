//! Delete a tenant: asked for, and done when its time has come.

use model::{Action, HostedTenant, TenantId, TenantSlug, TenantState, Timestamp};
use serde_json::json;
use store::PURGED_TABLES;

use crate::{Call, Error, Licensing};

const DAY: i64 = 86_400;
/// Rows that are deleted in one transaction: few enough that nobody waits long for them.
const BATCH: u32 = 1_000;

impl Licensing {
    /// Asks for a tenant to be deleted after so many days. Asking again sets the time anew.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is not suspended, was not exported since, or is being deleted
    /// already; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn delete_tenant(
        &self,
        call: &Call,
        slug: &TenantSlug,
        grace_days: u16,
    ) -> Result<HostedTenant, Error> {
        let now = self.inner.clock.now();
        let after = now.plus_seconds(i64::from(grace_days) * DAY);
        let (mut platform, before) = self.begin_change(slug).await?;
        if !platform.delete_tenant_after(before.tenant.id, after).await? {
            return Err(Error::Conflict(
                match before.tenant.state {
                    TenantState::Active => "suspend the tenant and export it first",
                    TenantState::Suspended if !before.is_archived() => {
                        "export the tenant first: it was not exported since it is suspended"
                    }
                    TenantState::Suspended => "the tenant is being deleted already",
                }
                .into(),
            ));
        }
        let change = (Action::TenantDelete, json!({ "delete_after": after.to_string() }));
        self.end_change(platform, call, slug, now, change).await
    }

    /// Keeps a tenant that was to be deleted; it stays suspended. Keeping it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is being deleted already; [`Error::Unavailable`] and
    /// [`Error::Internal`].
    pub async fn keep_tenant(&self, call: &Call, slug: &TenantSlug) -> Result<HostedTenant, Error> {
        let now = self.inner.clock.now();
        let (mut platform, before) = self.begin_change(slug).await?;
        if platform.keep_tenant(before.tenant.id).await? {
            return self.end_change(platform, call, slug, now, (Action::TenantKeep, json!({}))).await;
        }
        if before.purged_since.is_some() {
            return Err(Error::Conflict("the tenant is being deleted already".into()));
        }
        Ok(before)
    }

    /// Deletes the tenants whose time has come, with all that they have.
    pub(crate) async fn delete_due_tenants(&self, now: Timestamp) -> Result<(), Error> {
        for id in self.inner.store.tenants_to_purge(now).await? {
            let mut platform = self.inner.store.platform().await?;
            let begun = platform.begin_purge(id, now).await?;
            platform.commit().await?;
            if begun {
                self.purge(id).await?;
            }
        }
        Ok(())
    }

    async fn purge(&self, id: TenantId) -> Result<(), Error> {
        let mut deleted: u64 = 0;
        for table in PURGED_TABLES {
            loop {
                let mut tx = self.inner.store.write(id).await?;
                let count = tx.purge(*table, BATCH).await?;
                self.commit(tx).await?;
                deleted += count;
                if count == 0 {
                    break;
                }
            }
        }
        let mut platform = self.inner.store.platform().await?;
        platform.end_purge(id).await?;
        platform.commit().await?;
        tracing::info!(tenant = %id, deleted, "deleted a tenant whose time had come");
        Ok(())
    }
}
