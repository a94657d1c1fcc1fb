//! The lives of signing keys: prepare the next one, let it sign, retire, revoke.
//!
//! One key signs at every moment: who takes it out of that state puts the next one into it in the same transaction, and
//! each step is a conditional write, so that of changes at the same time all but one give way.

use std::sync::PoisonError;

use model::{Action, KeyId, KeyState, SigningKeyRecord, Subject, Tenant, Timestamp};
use serde_json::json;
use store::Tx;

use crate::{Answer, Call, Error, Idempotency, Licensing, audit::Entry};

/// What ends the use of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Retire,
    Revoke,
}

impl Licensing {
    /// The signing key of that identifier.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn signing_key(&self, tenant: &Tenant, id: &KeyId) -> Result<SigningKeyRecord, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let key = tx.signing_keys().by_id(id).await?;
        tx.end().await?;
        key.ok_or(Error::NotFound("signing key"))
    }

    /// Makes the key that is to sign next, and publishes it. Once for an idempotency key.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is one already; [`Error::Unavailable`] and [`Error::Internal`]; those of
    /// idempotency keys.
    pub async fn prepare_signing_key(
        &self,
        tenant: &Tenant,
        call: &Call,
        idempotency: Option<Idempotency<'_, SigningKeyRecord>>,
    ) -> Result<Answer<SigningKeyRecord>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let key = self.new_key(tenant.id, KeyState::Next, now)?;
        if !tx.signing_keys().insert_next(&key).await? {
            return Err(Error::Conflict("there is a next signing key already".into()));
        }
        let details = json!({ "state": key.state.code() });
        self.audit(&mut tx, call, now, Entry::done(Action::KeyCreate, Subject::Key(key.id.clone()), details))
            .await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(key)).await
    }

    /// Lets the next key sign, and retires the one that signed. Of the key that signs already, nothing changes.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is retired or revoked, or when the keys are changed by another
    /// request at the same time; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn activate_signing_key(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: &KeyId,
    ) -> Result<SigningKeyRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let key = found(&mut tx, id).await?;
        match key.state {
            KeyState::Active => return Ok(key),
            KeyState::Next => {}
            KeyState::Retired | KeyState::Revoked => {
                return Err(Error::Conflict(format!("the signing key is {} for good", key.state.code())));
            }
        }
        let active = tx.signing_keys().active().await?.ok_or(NO_ACTIVE)?;
        if !tx.signing_keys().retire(&active.id, KeyState::Active, now).await? {
            return Err(lost());
        }
        self.succeed(&mut tx, call, &active.id, id, now).await?;
        let key = found(&mut tx, id).await?;
        self.commit(tx).await?;
        Ok(key)
    }

    /// Takes a key out of use: the next one, which then never signs, or the one that signs, whose place the next one takes
    /// at once. What a retired key signed stays good, and it is published as long as that can matter. Of a retired key,
    /// nothing changes.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is revoked, when it signs and there is no next one, or when the
    /// keys are changed by another request at the same time; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn retire_signing_key(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: &KeyId,
    ) -> Result<SigningKeyRecord, Error> {
        self.end_key(tenant, call, id, End::Retire).await
    }

    /// Revokes a key: it is never published again, and what it signed counts no more. When it signs, the next one takes
    /// its place at once. Of a revoked key, nothing changes.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it signs and there is no next one, or when the keys are changed by
    /// another request at the same time; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn revoke_signing_key(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: &KeyId,
    ) -> Result<SigningKeyRecord, Error> {
        let key = self.end_key(tenant, call, id, End::Revoke).await?;
        // Nothing signs with it any more: which key signs is asked for anew after such a change.
        let mut opened = self.inner.signing_keys.lock().unwrap_or_else(PoisonError::into_inner);
        opened.remove(&(tenant.id, id.clone()));
        drop(opened);
        self.inner.recent.let_key_go(tenant.id);
        Ok(key)
    }

    async fn end_key(
        &self,
        tenant: &Tenant,
        call: &Call,
        id: &KeyId,
        end: End,
    ) -> Result<SigningKeyRecord, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let key = found(&mut tx, id).await?;
        match (key.state, end) {
            (KeyState::Revoked, End::Revoke) | (KeyState::Retired, End::Retire) => return Ok(key),
            (KeyState::Revoked, End::Retire) => {
                return Err(Error::Conflict("the signing key is revoked for good".into()));
            }
            _ => {}
        }
        let (action, ended) = match end {
            End::Retire => (Action::KeyRetire, tx.signing_keys().retire(id, key.state, now).await?),
            End::Revoke => (Action::KeyRevoke, tx.signing_keys().revoke(id, key.state, now).await?),
        };
        if !ended {
            return Err(lost());
        }
        let details = json!({ "before": { "state": key.state.code() } });
        self.audit(&mut tx, call, now, Entry::done(action, Subject::Key(id.clone()), details)).await?;
        if key.state == KeyState::Active {
            let next = tx.signing_keys().all().await?.into_iter().find(|key| key.state == KeyState::Next);
            let next = next.ok_or_else(|| {
                Error::Conflict(
                    "the key signs, and there is no next one to take its place: prepare one first".into(),
                )
            })?;
            self.succeed(&mut tx, call, id, &next.id, now).await?;
        }
        let key = found(&mut tx, id).await?;
        self.commit(tx).await?;
        Ok(key)
    }

    /// Lets the next key sign in the place of one that was just taken out of use.
    async fn succeed(
        &self,
        tx: &mut Tx,
        call: &Call,
        before: &KeyId,
        next: &KeyId,
        now: Timestamp,
    ) -> Result<(), Error> {
        if !tx.signing_keys().activate(next, now).await? {
            return Err(lost());
        }
        let details = json!({ "before": before.as_str() });
        self.audit(tx, call, now, Entry::done(Action::KeyRotate, Subject::Key(next.clone()), details)).await
    }
}

const NO_ACTIVE: Error = Error::Internal("the tenant has no active signing key", None);

fn lost() -> Error {
    Error::Conflict("the signing keys were changed by another request at the same time".into())
}

async fn found(tx: &mut Tx, id: &KeyId) -> Result<SigningKeyRecord, Error> {
    tx.signing_keys().by_id(id).await?.ok_or(Error::NotFound("signing key"))
}
