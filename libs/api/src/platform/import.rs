//! `POST /v1/import`

use licensing::Licensing;
use poem_openapi::OpenApi;

use super::{
    Tag,
    archive::{KeyHeader, Upload},
    operator::Operator,
    shape::TenantShape,
};
use crate::{
    http::resource::NewThing,
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct ImportTenant(pub(super) Licensing);

#[OpenApi]
impl ImportTenant {
    /// Import a tenant
    ///
    /// From an archive, with the same identifier, slug and issuer: license keys, leases, machines, API keys and signing keys
    /// stay good. All of it or nothing: an archive that breaks off, was changed, or has another key imports nothing. The
    /// tenant is served at once.
    #[oai(path = "/v1/import", method = "post", operation_id = "importTenant", tag = "Tag::Tenants")]
    async fn import(
        &self,
        operator: Operator,
        /// The key that the archive was exported with.
        #[oai(name = "Leasehold-Archive-Key")]
        key: KeyHeader,
        archive: Upload,
    ) -> Result<NewThing<TenantShape>, Problem> {
        let mut import = self.0.import_tenant(&operator.call, &key.0);
        archive.feed(&mut import).await?;
        let tenant = import.finish().await.map_err(managed)?;
        let location = format!("/platform/v1/tenants/{}", tenant.tenant.slug);
        Ok(NewThing::new(&(&tenant).into(), &location))
    }
}
