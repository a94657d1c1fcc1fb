//! `POST /v1/licenses/{license}/revoke`

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
pub(crate) struct RevokeLicense(pub(super) Licensing);

#[OpenApi]
impl RevokeLicense {
    /// Revoke a license
    ///
    /// It can never be used again: from this answer on nothing is signed for it, and nothing undoes that. Leases that apps
    /// have already count until they end. Revoking it again changes nothing.
    #[oai(
        path = "/v1/licenses/:license/revoke",
        method = "post",
        operation_id = "revokeLicense",
        tag = "Tag::Licenses"
    )]
    async fn revoke(
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
            self.0.set_license_state(tenant, call, license.0, StateChange::Revoke, &if_match.0).await;
        Ok(Shown::new(&LicenseShape::at(&changed.map_err(managed)?, self.0.clock().now())))
    }
}
