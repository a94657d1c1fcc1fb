//! `PUT /v1/policies/{policy}/entitlements/{entitlement}`

use licensing::Licensing;
use model::{Entitlement, EntitlementCode, PolicyCode};
use poem_openapi::OpenApi;

use super::{Tag, shape::PolicyShape};
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
pub(crate) struct SetPolicyEntitlement(pub(super) Licensing);

#[OpenApi]
impl SetPolicyEntitlement {
    /// Set an entitlement of a policy
    ///
    /// Adds it, or replaces the one of that code; the others stay. The answer is the policy.
    #[oai(
        path = "/v1/policies/:policy/entitlements/:entitlement",
        method = "put",
        operation_id = "setPolicyEntitlement",
        tag = "Tag::Policies"
    )]
    async fn set(
        &self,
        authorized: Authorized<scope::ProductsWrite>,
        /// The code of the policy.
        #[oai(name = "policy")]
        policy: PathParam<PolicyCode>,
        /// The code of the entitlement.
        #[oai(name = "entitlement")]
        entitlement: PathParam<EntitlementCode>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is changed.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: Body<SetEntitlementRequest, Entitlement>,
    ) -> Result<Shown<PolicyShape>, Problem> {
        let caller = authorized.caller;
        let (tenant, call) = (&caller.tenant, &caller.call);
        let entitlement = (entitlement.0, body.command);
        let set = self.0.set_policy_entitlement(tenant, call, &policy.0, entitlement, &if_match.0).await;
        Ok(Shown::new(&(&set.map_err(managed)?).into()))
    }
}
