//! Say how much a tenant may have, and count what it has.

use model::{Action, HostedTenant, TenantLimits, TenantSlug};
use serde_json::{Value, json};
use store::Figures;

use crate::{Call, Error, Licensing};

impl Licensing {
    /// Sets all limits of a tenant. What it has above them stays.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn set_limits(
        &self,
        call: &Call,
        slug: &TenantSlug,
        limits: TenantLimits,
    ) -> Result<HostedTenant, Error> {
        let now = self.inner.clock.now();
        let (mut platform, before) = self.begin_change(slug).await?;
        if before.limits == limits {
            return Ok(before);
        }
        platform.set_limits(before.tenant.id, &limits).await?;
        let details = json!({ "before": facts(&before.limits), "after": facts(&limits) });
        self.end_change(platform, call, slug, now, (Action::TenantUpdate, details)).await
    }

    /// How much a tenant has.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn figures(&self, slug: &TenantSlug) -> Result<Figures, Error> {
        let id = self.tenant(slug).await?.id;
        let mut tx = self.inner.store.snapshot(id).await?;
        let figures = tx.figures().await?;
        tx.end().await?;
        Ok(figures)
    }
}

fn facts(limits: &TenantLimits) -> Value {
    let all = [
        ("licenses", limits.licenses),
        ("products", limits.products),
        ("customers", limits.customers),
        ("api_keys", limits.api_keys),
    ];
    all.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), json!(limit?)))).collect()
}
