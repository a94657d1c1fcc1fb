//! What tenants' rate limits are instead of the usual ones.

use model::{RateLimitOverrides, TenantId};
use sqlx::FromRow;

use crate::{error::Result, platform::Platform, tables::parse::Row};

statements! {
    SET = "UPDATE tenants SET rate_address = $2, rate_license_key = $3, rate_api_key = $4, rate_tenant = $5, \
        rate_wrong_keys_address = $6, rate_wrong_keys_tenant = $7, revision = revision + 1 WHERE id = $1";
}

impl Platform {
    /// Sets what a tenant's rate limits are instead of the usual ones.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_rate_limits(&mut self, id: TenantId, limits: &RateLimitOverrides) -> Result<()> {
        let text = |quota: Option<model::Quota>| quota.map(|quota| quota.to_string());
        on!(self, c => sqlx::query(SET)
            .bind(id.uuid())
            .bind(text(limits.address))
            .bind(text(limits.license_key))
            .bind(text(limits.api_key))
            .bind(text(limits.tenant))
            .bind(text(limits.wrong_keys_address))
            .bind(text(limits.wrong_keys_tenant))
            .execute(c).await.map(|_| ()))?;
        Ok(())
    }
}

#[derive(FromRow)]
pub(crate) struct RateColumns {
    rate_address: Option<String>,
    rate_license_key: Option<String>,
    rate_api_key: Option<String>,
    rate_tenant: Option<String>,
    rate_wrong_keys_address: Option<String>,
    rate_wrong_keys_tenant: Option<String>,
}

impl RateColumns {
    pub(crate) fn read(self, at: &Row) -> Result<RateLimitOverrides> {
        Ok(RateLimitOverrides {
            address: at.optional("rate_address", self.rate_address)?,
            license_key: at.optional("rate_license_key", self.rate_license_key)?,
            api_key: at.optional("rate_api_key", self.rate_api_key)?,
            tenant: at.optional("rate_tenant", self.rate_tenant)?,
            wrong_keys_address: at.optional("rate_wrong_keys_address", self.rate_wrong_keys_address)?,
            wrong_keys_tenant: at.optional("rate_wrong_keys_tenant", self.rate_wrong_keys_tenant)?,
        })
    }
}
