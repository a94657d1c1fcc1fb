//! `DELETE /v1/licenses/{license}/entitlements/{entitlement}`

use licensing::Licensing;
use model::{EntitlementCode, LicenseId};
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
pub(crate) struct RemoveLicenseEntitlement(pub(super) Licensing);

#[OpenApi]
impl RemoveLicenseEntitlement {
    /// Remove an entitlement of a license
    ///
    /// What the policy says of it counts again. One that only the policy has is not found here.
    #[oai(
        path = "/v1/licenses/:license/entitlements/:entitlement",
        method = "delete",
        operation_id = "removeLicenseEntitlement",
        tag = "Tag::Licenses"
    )]
    async fn remove(
        &self,
        authorized: Authorized<scope::LicensesWrite>,
        /// The identifier of the license.
        #[oai(name = "license")]
        license: PathParam<LicenseId>,
        /// The code of the entitlement.
        #[oai(name = "entitlement")]
        entitlement: PathParam<EntitlementCode>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let (tenant, call) = (&authorized.caller.tenant, &authorized.caller.call);
        let removed =
            self.0.remove_license_entitlement(tenant, call, license.0, &entitlement.0, &if_match.0).await;
        Ok(Shown::new(&LicenseShape::at(&removed.map_err(managed)?, self.0.clock().now())))
    }
}
