//! `POST /v1/signing-keys/{key}/revoke`

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
pub(crate) struct RevokeSigningKey(pub(super) Licensing);

#[OpenApi]
impl RevokeSigningKey {
    /// Revoke a signing key
    ///
    /// For a key that others may know: it is never published again, and what it signed counts no more as soon as apps have
    /// fetched the key set anew, which they may keep for 5 minutes. The key that signs is replaced by the next one at once; a
    /// conflict when there is none. Of a revoked key, nothing changes.
    #[oai(
        path = "/v1/signing-keys/:key/revoke",
        method = "post",
        operation_id = "revokeSigningKey",
        tag = "Tag::SigningKeys"
    )]
    async fn revoke(
        &self,
        authorized: Authorized<scope::SigningKeysWrite>,
        /// The `kid` of the key.
        #[oai(name = "key")]
        key: PathParam<KeyId>,
    ) -> Result<KeyReply, Problem> {
        let caller = authorized.caller;
        let done = self.0.revoke_signing_key(&caller.tenant, &caller.call, &key.0).await;
        Ok(Reply::fresh(KeyReply::render(&(&done.map_err(managed)?).into())))
    }
}
