//! `POST /v1/tenants/{tenant}/suspend`

use licensing::Licensing;
use model::TenantSlug;
use poem_openapi::OpenApi;

use super::{Tag, operator::Operator, shape::TenantShape};
use crate::{
    http::{path::PathParam, resource::Shown},
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct SuspendTenant(pub(super) Licensing);

#[OpenApi]
impl SuspendTenant {
    /// Suspend a tenant
    ///
    /// To its clients it looks from the next request on as if it did not exist. What it has stays, and leases that apps hold
    /// stay good until they end. Suspending it again changes nothing.
    #[oai(
        path = "/v1/tenants/:tenant/suspend",
        method = "post",
        operation_id = "suspendTenant",
        tag = "Tag::Tenants"
    )]
    async fn suspend(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let tenant = self.0.suspend_tenant(&operator.call, &tenant.0).await.map_err(managed)?;
        Ok(Shown::new(&(&tenant).into()))
    }
}
