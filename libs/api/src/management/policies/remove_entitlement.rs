//! `DELETE /v1/policies/{policy}/entitlements/{entitlement}`

use licensing::Licensing;
use model::{EntitlementCode, PolicyCode};
use poem_openapi::OpenApi;

use super::{Tag, shape::PolicyShape};
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
pub(crate) struct RemovePolicyEntitlement(pub(super) Licensing);

#[OpenApi]
impl RemovePolicyEntitlement {
    /// Remove an entitlement of a policy
    ///
    /// The answer is the policy without it.
    #[oai(
        path = "/v1/policies/:policy/entitlements/:entitlement",
        method = "delete",
        operation_id = "removePolicyEntitlement",
        tag = "Tag::Policies"
    )]
    async fn remove(
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
    ) -> Result<Shown<PolicyShape>, Problem> {
        let caller = authorized.caller;
        let (tenant, call) = (&caller.tenant, &caller.call);
        let removed =
            self.0.remove_policy_entitlement(tenant, call, &policy.0, &entitlement.0, &if_match.0).await;
        Ok(Shown::new(&(&removed.map_err(managed)?).into()))
    }
}
