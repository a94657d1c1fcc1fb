//! `PUT /v1/tenants/{tenant}/limits`

use licensing::Licensing;
use model::{TenantLimits, TenantSlug};
use poem_openapi::OpenApi;

use super::{
    Tag,
    operator::Operator,
    shape::{TenantLimitsShape, TenantShape},
};
use crate::{
    http::{
        body::Body,
        members::{Command, Members},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

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
        body: Body<TenantLimitsShape, TenantLimits>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let tenant = self.0.set_limits(&operator.call, &tenant.0, body.command).await.map_err(managed)?;
        Ok(Shown::new(&(&tenant).into()))
    }
}
