//! `PUT /v1/tenants/{tenant}/rate-limits`

use licensing::Licensing;
use model::{Quota, RateLimitOverrides, TenantSlug};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, operator::Operator, shape::TenantShape};
use crate::{
    client::wire::QuotaText,
    http::{
        body::Body,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// What the rate limits of a tenant are from now on: `240/60` is 240 in 60 seconds. The usual ones, when absent.
#[derive(Object)]
#[oai(rename = "SetTenantRateLimitsRequest", example, skip_serializing_if_is_none)]
pub(crate) struct SetTenantRateLimitsRequest {
    /// Requests from one address.
    per_address: Option<QuotaText>,
    /// Requests that present one license key.
    per_license_key: Option<QuotaText>,
    /// Requests with one API key.
    per_api_key: Option<QuotaText>,
    /// Requests to the tenant.
    per_tenant: Option<QuotaText>,
    /// Wrong license keys and API keys from one address.
    wrong_keys_per_address: Option<QuotaText>,
    /// Wrong license keys and API keys from all addresses together.
    wrong_keys_per_tenant: Option<QuotaText>,
}

impl Command for RateLimitOverrides {
    fn read(members: &mut Members) -> Option<Self> {
        let mut quota = |name| members.optional(name, |text| text.parse::<Quota>());
        let address = quota("per_address");
        let license_key = quota("per_license_key");
        let api_key = quota("per_api_key");
        let tenant = quota("per_tenant");
        let wrong_keys_address = quota("wrong_keys_per_address");
        let wrong_keys_tenant = quota("wrong_keys_per_tenant");
        Some(Self {
            address: address?,
            license_key: license_key?,
            api_key: api_key?,
            tenant: tenant?,
            wrong_keys_address: wrong_keys_address?,
            wrong_keys_tenant: wrong_keys_tenant?,
        })
    }
}

/// The operation.
pub(crate) struct SetRateLimits(pub(super) Licensing);

#[OpenApi]
impl SetRateLimits {
    /// Set the rate limits of a tenant
    ///
    /// All of them: of what is absent, the usual limit counts. The answer has both: what is set in `rate_limit_overrides`,
    /// and what counts in `rate_limits`.
    #[oai(
        path = "/v1/tenants/:tenant/rate-limits",
        method = "put",
        operation_id = "setTenantRateLimits",
        tag = "Tag::Tenants"
    )]
    async fn set(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
        body: Body<SetTenantRateLimitsRequest, RateLimitOverrides>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let tenant =
            self.0.set_rate_limits(&operator.call, &tenant.0, body.command).await.map_err(managed)?;
        Ok(Shown::new(&(&tenant).into()))
    }
}

impl Example for SetTenantRateLimitsRequest {
    fn example() -> Self {
        Self {
            per_license_key: Some("240/60".into()),
            per_address: None,
            per_api_key: None,
            per_tenant: None,
            wrong_keys_per_address: None,
            wrong_keys_per_tenant: None,
        }
    }
}
