//! `GET /v1/api-keys/{api_key}`

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
pub(crate) struct GetApiKey(pub(super) Licensing);

#[OpenApi]
impl GetApiKey {
    /// Get an API key
    ///
    /// Without its secret, which is kept nowhere.
    #[oai(path = "/v1/api-keys/:api_key", method = "get", operation_id = "getApiKey", tag = "Tag::ApiKeys")]
    async fn show(
        &self,
        authorized: Authorized<scope::ApiKeysRead>,
        /// The identifier of the API key.
        #[oai(name = "api_key")]
        api_key: PathParam<ApiKeyId>,
    ) -> Result<ApiKeyReply, Problem> {
        let key = self.0.api_key(&authorized.caller.tenant, api_key.0).await.map_err(managed)?;
        Ok(Reply::fresh(ApiKeyReply::render(&(&key).into())))
    }
}
