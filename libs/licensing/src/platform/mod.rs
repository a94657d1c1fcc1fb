//! What operators do: make tenants, and decide about them.

mod archive;
mod create;
mod delete;
mod domains;
mod limits;
mod rate_limits;
mod state;

use model::{Action, HostedTenant, Subject, TenantSlug, Timestamp};
use serde_json::Value;
use store::{Page, Platform};

pub use archive::{ArchiveKey, TenantExport, TenantImport};
pub use create::{FirstOwner, NewHostedTenant, TenantStart};

use crate::{Call, Error, Licensing, audit::Entry};

impl Licensing {
    /// The tenant of that name, as operators see it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn hosted_tenant(&self, slug: &TenantSlug) -> Result<HostedTenant, Error> {
        self.inner.store.hosted_tenant(slug).await?.ok_or(Error::NotFound("tenant"))
    }

    /// A piece of the list of tenants.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn hosted_tenants(&self, page: &Page) -> Result<Vec<HostedTenant>, Error> {
        Ok(self.inner.store.hosted_tenants(page).await?)
    }

    /// Begins a change of a tenant by an operator.
    async fn begin_change(&self, slug: &TenantSlug) -> Result<(Platform, HostedTenant), Error> {
        let mut platform = self.inner.store.platform().await?;
        let hosted = platform.hosted_tenant(slug).await?.ok_or(Error::NotFound("tenant"))?;
        Ok((platform, hosted))
    }

    /// Ends a change of a tenant: writes it into the tenant's audit log, and gives the tenant as it is then.
    async fn end_change(
        &self,
        mut platform: Platform,
        call: &Call,
        slug: &TenantSlug,
        now: Timestamp,
        (action, details): (Action, Value),
    ) -> Result<HostedTenant, Error> {
        let after = platform.hosted_tenant(slug).await?.ok_or(Error::NotFound("tenant"))?;
        let id = after.tenant.id;
        let mut tx = platform.enter(id).await?;
        self.audit(&mut tx, call, now, Entry::done(action, Subject::Tenant(id), details)).await?;
        self.commit(tx).await?;
        // Which name and which domain lead to the tenant, no stamp tells.
        self.end_era().await;
        Ok(after)
    }
}
