//! `GET /v1/tenants/{tenant}`

use licensing::Licensing;
use model::TenantSlug;
use poem_openapi::OpenApi;

use super::{Tag, operator::Operator, shape::TenantShape};
use crate::{
    http::{path::PathParam, resource::Shown},
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct GetTenant(pub(super) Licensing);

#[OpenApi]
impl GetTenant {
    /// Get a tenant
    ///
    /// Whether it is served or not.
    #[oai(path = "/v1/tenants/:tenant", method = "get", operation_id = "getTenant", tag = "Tag::Tenants")]
    async fn show(
        &self,
        _operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let tenant = self.0.hosted_tenant(&tenant.0).await.map_err(managed)?;
        Ok(Shown::new(&(&tenant).into()))
    }
}
