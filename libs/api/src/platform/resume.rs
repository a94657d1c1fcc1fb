//! `POST /v1/tenants/{tenant}/resume`

use licensing::Licensing;
use model::TenantSlug;
use poem_openapi::OpenApi;

use super::{Tag, operator::Operator, shape::TenantShape};
use crate::{
    http::{path::PathParam, resource::Shown},
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct ResumeTenant(pub(super) Licensing);

#[OpenApi]
impl ResumeTenant {
    /// Resume a tenant
    ///
    /// It is served again. Not one that is to be deleted: decide to keep it first. Resuming it again changes nothing.
    #[oai(
        path = "/v1/tenants/:tenant/resume",
        method = "post",
        operation_id = "resumeTenant",
        tag = "Tag::Tenants"
    )]
    async fn resume(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let tenant = self.0.resume_tenant(&operator.call, &tenant.0).await.map_err(managed)?;
        Ok(Shown::new(&(&tenant).into()))
    }
}
