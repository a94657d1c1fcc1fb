//! `GET /v1/policies/{policy}`

use licensing::Licensing;
use model::PolicyCode;
use poem_openapi::OpenApi;

use super::{Tag, shape::PolicyShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        resource::Shown,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct GetPolicy(pub(super) Licensing);

#[OpenApi]
impl GetPolicy {
    /// Get a policy
    #[oai(path = "/v1/policies/:policy", method = "get", operation_id = "getPolicy", tag = "Tag::Policies")]
    async fn show(
        &self,
        authorized: Authorized<scope::ProductsRead>,
        /// The code of the policy.
        #[oai(name = "policy")]
        policy: PathParam<PolicyCode>,
    ) -> Result<Shown<PolicyShape>, Problem> {
        let policy = self.0.policy(&authorized.caller.tenant, &policy.0).await.map_err(managed)?;
        Ok(Shown::new(&(&policy).into()))
    }
}
