//! `POST /v1/signing-keys/{key}/activate`

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
pub(crate) struct ActivateSigningKey(pub(super) Licensing);

#[OpenApi]
impl ActivateSigningKey {
    /// Let the next signing key sign
    ///
    /// The key that signed until now is retired; what it signed stays good. There is no next key then: prepare one before the
    /// next rotation. Of the key that signs already, nothing changes; a conflict when it is retired or revoked.
    #[oai(
        path = "/v1/signing-keys/:key/activate",
        method = "post",
        operation_id = "activateSigningKey",
        tag = "Tag::SigningKeys"
    )]
    async fn activate(
        &self,
        authorized: Authorized<scope::SigningKeysWrite>,
        /// The `kid` of the key.
        #[oai(name = "key")]
        key: PathParam<KeyId>,
    ) -> Result<KeyReply, Problem> {
        let caller = authorized.caller;
        let done = self.0.activate_signing_key(&caller.tenant, &caller.call, &key.0).await;
        Ok(Reply::fresh(KeyReply::render(&(&done.map_err(managed)?).into())))
    }
}
