//! `PUT /v1/licenses/{license}/entitlements/{entitlement}`

use licensing::Licensing;
use model::{Entitlement, EntitlementCode, LicenseId};
use poem_openapi::OpenApi;

use super::{LicenseShape, Tag};
use crate::{
    http::{
        body::Body,
        credential::{Authorized, scope},
        if_match::IfMatch,
        path::PathParam,
        resource::Shown,
    },
    management::entitlements::SetEntitlementRequest,
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct SetLicenseEntitlement(pub(super) Licensing);

#[OpenApi]
impl SetLicenseEntitlement {
    /// Set an entitlement of a license
    ///
    /// It counts in place of that of the policy, until it expires. `false` switches off what the policy gives.
    #[oai(
        path = "/v1/licenses/:license/entitlements/:entitlement",
        method = "put",
        operation_id = "setLicenseEntitlement",
        tag = "Tag::Licenses"
    )]
    async fn set(
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
        body: Body<SetEntitlementRequest, Entitlement>,
    ) -> Result<Shown<LicenseShape>, Problem> {
        let (tenant, call) = (&authorized.caller.tenant, &authorized.caller.call);
        let set = self
            .0
            .set_license_entitlement(tenant, call, license.0, entitlement.0, body.command, &if_match.0)
            .await;
        Ok(Shown::new(&LicenseShape::at(&set.map_err(managed)?, self.0.clock().now())))
    }
}
