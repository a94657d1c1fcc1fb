//! `GET /v1/licenses/{license}`

use licensing::Licensing;
use model::LicenseId;
use poem_openapi::OpenApi;

use super::{Tag, shape::LicenseShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct GetLicense(pub(super) Licensing);

#[OpenApi]
impl GetLicense {
    /// Get a license
    #[oai(path = "/v1/licenses/:license", method = "get", operation_id = "getLicense", tag = "Tag::Licenses")]
    async fn show(
        &self,
        authorized: Authorized<scope::LicensesRead>,
        /// The identifier of the license.
        #[oai(name = "license")]
        license: PathParam<LicenseId>,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let record = self.0.license_record(&authorized.caller.tenant, license.0).await.map_err(managed)?;
        Ok(Shown::new(&LicenseShape::at(&record, self.0.clock().now())))
    }
}
