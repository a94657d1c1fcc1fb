//! `GET /v1/signing-keys/{key}`

use licensing::Licensing;
use model::KeyId;
use poem_openapi::OpenApi;

use super::{Tag, shape::SigningKeyShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        path::PathParam,
        reply::Reply,
    },
    problem::{Problem, managed},
};

type KeyReply = Reply<SigningKeyShape, 200>;

/// The operation.
pub(crate) struct GetSigningKey(pub(super) Licensing);

#[OpenApi]
impl GetSigningKey {
    /// Get a signing key
    #[oai(
        path = "/v1/signing-keys/:key",
        method = "get",
        operation_id = "getSigningKey",
        tag = "Tag::SigningKeys"
    )]
    async fn show(
        &self,
        authorized: Authorized<scope::SigningKeysRead>,
        /// The `kid` of the key.
        #[oai(name = "key")]
        key: PathParam<KeyId>,
    ) -> Result<KeyReply, Problem> {
        let key = self.0.signing_key(&authorized.caller.tenant, &key.0).await.map_err(managed)?;
        Ok(Reply::fresh(KeyReply::render(&(&key).into())))
    }
}
