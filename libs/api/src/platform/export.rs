//! `POST /v1/tenants/{tenant}/export`

use licensing::Licensing;
use model::TenantSlug;
use poem_openapi::OpenApi;

use super::{
    Tag,
    archive::{Download, KeyHeader},
    operator::Operator,
};
use crate::{
    http::path::PathParam,
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct ExportTenant(pub(super) Licensing);

#[OpenApi]
impl ExportTenant {
    /// Export a tenant
    ///
    /// Into one archive with all that it has, as it was when the request came; a tenant that is to be moved or deleted is
    /// suspended first. License keys and signing keys in it are sealed under the archive's key: keep that apart from the
    /// archive. Answers for idempotency keys, domains and limits are not in it.
    #[oai(
        path = "/v1/tenants/:tenant/export",
        method = "post",
        operation_id = "exportTenant",
        tag = "Tag::Tenants"
    )]
    async fn export(
        &self,
        operator: Operator,
        /// The slug of the tenant.
        #[oai(name = "tenant")]
        tenant: PathParam<TenantSlug>,
        /// The key to seal secrets with: 32 random bytes as hexadecimal digits, made for this archive.
        #[oai(name = "Leasehold-Archive-Key")]
        key: KeyHeader,
    ) -> Result<Download, Problem> {
        let export = self.0.export_tenant(&operator.call, &tenant.0, &key.0).await;
        Download::of(export.map_err(managed)?).await
    }
}
