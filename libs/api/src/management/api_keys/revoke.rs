//! `POST /v1/api-keys/{api_key}/revoke`

use licensing::Licensing;
use model::ApiKeyId;
use poem_openapi::OpenApi;

use super::{Tag, shape::ApiKeyShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        reply::Reply,
    },
    problem::{Problem, managed},
};

type ApiKeyReply = Reply<ApiKeyShape, 200>;

/// The operation.
pub(crate) struct RevokeApiKey(pub(super) Licensing);

#[OpenApi]
impl RevokeApiKey {
    /// Revoke an API key
    ///
    /// It counts no more from the next request on. Revoking it again changes nothing.
    #[oai(
        path = "/v1/api-keys/:api_key/revoke",
        method = "post",
        operation_id = "revokeApiKey",
        tag = "Tag::ApiKeys"
    )]
    async fn revoke(
        &self,
        authorized: Authorized<scope::ApiKeysWrite>,
        /// The identifier of the API key.
        #[oai(name = "api_key")]
        api_key: PathParam<ApiKeyId>,
    ) -> Result<ApiKeyReply, Problem> {
        let caller = authorized.caller;
        let key = self.0.revoke_api_key(&caller.tenant, &caller.call, api_key.0).await.map_err(managed)?;
        Ok(Reply::fresh(ApiKeyReply::render(&(&key).into())))
    }
}
