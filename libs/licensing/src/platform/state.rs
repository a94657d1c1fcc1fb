//! Rename, suspend and resume a tenant.

use model::{Action, HostedTenant, Name, TenantSlug, TenantState};
use serde_json::json;

use crate::{Call, Error, Licensing, Precondition};

impl Licensing {
    /// Gives a tenant another name for people; without one, nothing changes.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PreconditionFailed`]; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn rename_tenant(
        &self,
        call: &Call,
        slug: &TenantSlug,
        name: Option<Name>,
        precondition: &Precondition,
    ) -> Result<HostedTenant, Error> {
        let now = self.inner.clock.now();
        let (mut platform, before) = self.begin_change(slug).await?;
        precondition.check(before.revision)?;
        let Some(name) = name else { return Ok(before) };
        if !platform.rename_tenant(before.tenant.id, before.revision, &name).await? {
            return Err(Error::PreconditionFailed);
        }
        let details = json!({
            "before": { "name": before.tenant.name.as_str() },
            "after": { "name": name.as_str() },
        });
        self.end_change(platform, call, slug, now, (Action::TenantUpdate, details)).await
    }

    /// Stops serving a tenant: to its clients it looks as if it did not exist. What it has stays. Suspending it again
    /// changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn suspend_tenant(&self, call: &Call, slug: &TenantSlug) -> Result<HostedTenant, Error> {
        let now = self.inner.clock.now();
        let (mut platform, before) = self.begin_change(slug).await?;
        if !platform.suspend_tenant(before.tenant.id, now).await? {
            return Ok(before);
        }
        self.end_change(platform, call, slug, now, (Action::TenantSuspend, json!({}))).await
    }

    /// Serves a suspended tenant again. Resuming one that is served changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is to be deleted; [`Error::Unavailable`] and
    /// [`Error::Internal`].
    pub async fn resume_tenant(&self, call: &Call, slug: &TenantSlug) -> Result<HostedTenant, Error> {
        let now = self.inner.clock.now();
        let (mut platform, before) = self.begin_change(slug).await?;
        if platform.resume_tenant(before.tenant.id).await? {
            return self.end_change(platform, call, slug, now, (Action::TenantResume, json!({}))).await;
        }
        match before.tenant.state {
            TenantState::Active => Ok(before),
            TenantState::Suspended => {
                Err(Error::Conflict("the tenant is to be deleted: decide to keep it first".into()))
            }
        }
    }
}
