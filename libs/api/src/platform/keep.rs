//! `POST /v1/tenants/{tenant}/keep`

use licensing::Licensing;
use model::TenantSlug;
use poem_openapi::OpenApi;

use super::{Tag, operator::Operator, shape::TenantShape};
use crate::{
    http::{path::PathParam, resource::Shown},
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct KeepTenant(pub(super) Licensing);

#[OpenApi]
impl KeepTenant {
    /// Keep a tenant that was to be deleted
    ///
    /// It stays suspended. Keeping it again changes nothing.
    #[oai(
        path = "/v1/tenants/:tenant/keep",
        method = "post",
        operation_id = "keepTenant",
        tag = "Tag::Tenants"
    )]
    async fn keep(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
    ) -> Result<Shown<TenantShape>, Problem> {
        let tenant = self.0.keep_tenant(&operator.call, &tenant.0).await.map_err(managed)?;
        Ok(Shown::new(&(&tenant).into()))
    }
}
