//! `POST /v1/licenses/{license}/reinstate`

use licensing::{Licensing, StateChange};
use model::LicenseId;
use poem_openapi::OpenApi;

use super::{LicenseShape, Tag};
use crate::{
    http::{
        credential::{Authorized, scope},
        if_match::IfMatch,
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct ReinstateLicense(pub(super) Licensing);

#[OpenApi]
impl ReinstateLicense {
    /// Reinstate a license
    ///
    /// A suspended license can be used again. Reinstating one that is not suspended changes nothing; one that is revoked stays
    /// so.
    #[oai(
        path = "/v1/licenses/:license/reinstate",
        method = "post",
        operation_id = "reinstateLicense",
        tag = "Tag::Licenses"
    )]
    async fn reinstate(
        &self,
        authorized: Authorized<scope::LicensesWrite>,
        /// The identifier of the license.
        #[oai(name = "license")]
        license: PathParam<LicenseId>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let (tenant, call) = (&authorized.caller.tenant, &authorized.caller.call);
        let changed =
            self.0.set_license_state(tenant, call, license.0, StateChange::Reinstate, &if_match.0).await;
        Ok(Shown::new(&LicenseShape::at(&changed.map_err(managed)?, self.0.clock().now())))
    }
}
