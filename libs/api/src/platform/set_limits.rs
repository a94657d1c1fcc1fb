//! `PUT /v1/tenants/{tenant}/limits`

use licensing::Licensing;
use model::{TenantLimits, TenantSlug};
use poem_openapi::{Object, OpenApi, types::Example};

use super::{Tag, operator::Operator, shape::TenantShape};
use crate::{
    http::{
        body::Body,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// How many of each kind a tenant may have from now on; any number, when absent.
#[derive(Object)]
#[oai(rename = "SetTenantLimitsRequest", example, skip_serializing_if_is_none)]
pub(crate) struct SetTenantLimitsRequest {
    /// Licenses, in whatever state.
    #[oai(validator(minimum(value = "0"), maximum(value = "2147483647")))]
    licenses: Option<u32>,
    /// Products.
    #[oai(validator(minimum(value = "0"), maximum(value = "2147483647")))]
    products: Option<u32>,
    /// Customers.
    #[oai(validator(minimum(value = "0"), maximum(value = "2147483647")))]
    customers: Option<u32>,
    /// API keys that are not revoked.
    #[oai(validator(minimum(value = "0"), maximum(value = "2147483647")))]
    api_keys: Option<u32>,
}

impl Command for TenantLimits {
    fn read(members: &mut Members) -> Option<Self> {
        const RANGE: std::ops::RangeInclusive<i64> = 0..=i32::MAX as i64;
        let licenses = members.number("licenses", RANGE);
        let products = members.number("products", RANGE);
        let customers = members.number("customers", RANGE);
        let api_keys = members.number("api_keys", RANGE);
        Some(Self { licenses: licenses?, products: products?, customers: customers?, api_keys: api_keys? })
    }
}

/// The operation.
pub(crate) struct SetLimits(pub(super) Licensing);

#[OpenApi]
impl SetLimits {
    /// Set the limits of a tenant
    ///
    /// All of them: of what is absent, it may have any number. What it has above a limit stays; no more is made, and whoever
    /// tries is answered by `limit_reached`.
    #[oai(
        path = "/v1/tenants/:tenant/limits",
        method = "put",
        operation_id = "setTenantLimits",
        tag = "Tag::Tenants"
    )]
    async fn set(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
        body: Body<SetTenantLimitsRequest, TenantLimits>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let tenant = self.0.set_limits(&operator.call, &tenant.0, body.command).await.map_err(managed)?;
        Ok(Shown::new(&(&tenant).into()))
    }
}

impl Example for SetTenantLimitsRequest {
    fn example() -> Self {
        Self { licenses: Some(10_000), products: None, customers: None, api_keys: Some(20) }
    }
}
