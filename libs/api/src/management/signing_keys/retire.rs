//! `POST /v1/signing-keys/{key}/retire`

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
pub(crate) struct RetireSigningKey(pub(super) Licensing);

#[OpenApi]
impl RetireSigningKey {
    /// Take a signing key out of use
    ///
    /// A next key will never sign, and is published no more. The key that signs is replaced by the next one at once; a conflict
    /// when there is none. What a retired key signed stays good, and it is published as long as that can matter: revoke it to
    /// end that. Of a retired key, nothing changes; a conflict when it is revoked.
    #[oai(
        path = "/v1/signing-keys/:key/retire",
        method = "post",
        operation_id = "retireSigningKey",
        tag = "Tag::SigningKeys"
    )]
    async fn retire(
        &self,
        authorized: Authorized<scope::SigningKeysWrite>,
        /// The `kid` of the key.
        #[oai(name = "key")]
        key: PathParam<KeyId>,
    ) -> Result<KeyReply, Problem> {
        let caller = authorized.caller;
        let done = self.0.retire_signing_key(&caller.tenant, &caller.call, &key.0).await;
        Ok(Reply::fresh(KeyReply::render(&(&done.map_err(managed)?).into())))
    }
}
