//! `DELETE /v1/policies/{policy}`

use licensing::Licensing;
use model::PolicyCode;
use poem_openapi::OpenApi;

use super::Tag;
use crate::{
    http::{
        credential::{Authorized, scope},
        if_match::IfMatch,
        path::PathParam,
        resource::NoContent,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct DeletePolicy(pub(super) Licensing);

#[OpenApi]
impl DeletePolicy {
    /// Delete a policy
    ///
    /// Only one that has no licenses.
    #[oai(
        path = "/v1/policies/:policy",
        method = "delete",
        operation_id = "deletePolicy",
        tag = "Tag::Policies"
    )]
    async fn delete(
        &self,
        authorized: Authorized<scope::ProductsWrite>,
        /// The code of the policy.
        #[oai(name = "policy")]
        policy: PathParam<PolicyCode>,
        /// The `ETag` of what you have seen; when it is another by now, nothing is deleted.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
    ) -> Result<NoContent, Problem> {
        let caller = authorized.caller;
        let deleted = self.0.delete_policy(&caller.tenant, &caller.call, &policy.0, &if_match.0).await;
        deleted.map(|()| NoContent).map_err(managed)
    }
}
