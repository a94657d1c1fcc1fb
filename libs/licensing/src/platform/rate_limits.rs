//! Say how often a tenant's API may be used.

use model::{Action, HostedTenant, RateLimitOverrides, TenantSlug};
use serde_json::{Value, json};

use crate::{Call, Error, Licensing};

impl Licensing {
    /// Sets what all rate limits of a tenant are instead of the usual ones.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn set_rate_limits(
        &self,
        call: &Call,
        slug: &TenantSlug,
        limits: RateLimitOverrides,
    ) -> Result<HostedTenant, Error> {
        let now = self.inner.clock.now();
        let (mut platform, before) = self.begin_change(slug).await?;
        if before.tenant.rate_limits == limits {
            return Ok(before);
        }
        platform.set_rate_limits(before.tenant.id, &limits).await?;
        let details = json!({
            "before": { "rate_limits": facts(&before.tenant.rate_limits) },
            "after": { "rate_limits": facts(&limits) },
        });
        self.end_change(platform, call, slug, now, (Action::TenantUpdate, details)).await
    }
}

fn facts(limits: &RateLimitOverrides) -> Value {
    let set = limits.named().into_iter();
    set.filter_map(|(name, quota)| Some((name.to_owned(), json!(quota?.to_string())))).collect()
}
