//! `POST /v1/signing-keys`

use licensing::Licensing;
use model::SigningKeyRecord;
use poem_openapi::OpenApi;

use super::{Tag, shape::SigningKeyShape};
use crate::{
    http::{
        credential::{Authorized, scope},
        idempotency::{IdempotencyHeader, identity},
        resource::Created,
    },
    problem::{Problem, managed},
};

/// The operation.
pub(crate) struct PrepareSigningKey(pub(super) Licensing);

#[OpenApi]
impl PrepareSigningKey {
    /// Prepare the next signing key
    ///
    /// It is published at once and signs when it is activated. Give apps time in between to learn it: those that pin keys
    /// need to be told. A conflict when there is a next key already.
    #[oai(
        path = "/v1/signing-keys",
        method = "post",
        operation_id = "prepareSigningKey",
        tag = "Tag::SigningKeys"
    )]
    async fn prepare(
        &self,
        authorized: Authorized<scope::SigningKeysWrite>,
        /// Makes the request safe to repeat: the same key is given the same answer, for a day.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: IdempotencyHeader,
    ) -> Result<Created<SigningKeyShape>, Problem> {
        let caller = authorized.caller;
        let render = |decision: &_| {
            caller
                .render(decision, |made: &SigningKeyRecord| Created::<SigningKeyShape>::render(&made.into()))
        };
        let idempotency = idempotency_key.of(identity("prepareSigningKey", caller.path()), &render);
        let made = self.0.prepare_signing_key(&caller.tenant, &caller.call, idempotency).await;
        Ok(Created::of(made.map_err(managed)?, render, &caller))
    }
}
