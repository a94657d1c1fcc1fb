//! The shape of rate limits.

use model::RateLimits;
use poem_openapi::{Object, types::Example};
use serde::Serialize;

use crate::client::wire::QuotaText;

/// How often a tenant's API may be used: `600/60` is 600 in 60 seconds. The operator sets it.
#[derive(Clone, Object, Serialize)]
#[oai(rename = "RateLimits", example)]
pub(crate) struct RateLimitsShape {
    /// Requests from one address.
    per_address: QuotaText,
    /// Requests that present one license key.
    per_license_key: QuotaText,
    /// Requests with one API key.
    per_api_key: QuotaText,
    /// Requests to the tenant.
    per_tenant: QuotaText,
    /// Wrong license keys and API keys from one address.
    wrong_keys_per_address: QuotaText,
    /// Wrong license keys and API keys from all addresses together.
    wrong_keys_per_tenant: QuotaText,
}

impl From<RateLimits> for RateLimitsShape {
    fn from(limits: RateLimits) -> Self {
        Self {
            per_address: limits.address.into(),
            per_license_key: limits.license_key.into(),
            per_api_key: limits.api_key.into(),
            per_tenant: limits.tenant.into(),
            wrong_keys_per_address: limits.wrong_keys_address.into(),
            wrong_keys_per_tenant: limits.wrong_keys_tenant.into(),
        }
    }
}

impl Example for RateLimitsShape {
    fn example() -> Self {
        RateLimits::DEFAULT.into()
    }
}
