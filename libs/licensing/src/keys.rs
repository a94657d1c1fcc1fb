//! Signing keys: make, publish, list, rotate.

use model::{Action, KeyId, KeyState, SigningKeyRecord, Subject, Tenant, TenantId, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::Tx;
use zeroize::Zeroizing;

use crate::{Call, Error, Licensing, audit::Entry, vault::Purpose};

/// The published key set of a tenant.
#[derive(Clone, Debug)]
pub struct PublishedKeys {
    /// The JWK Set (RFC 7517 section 5), a JSON text.
    pub json: String,
    /// A strong entity tag over it, without quotes.
    pub etag: String,
}

/// A retired key stays published at least this long: its verdicts are younger than that.
const VERDICTS_LIVE_SECONDS: i64 = 2 * lease::VERDICT_SECONDS;

impl Licensing {
    /// The key set that the tenant publishes: keys that sign or will, and retired ones as long as something they
    /// signed may still be verified.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn published_keys(&self, tenant: &Tenant) -> Result<PublishedKeys, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.read(tenant.id).await?;
        let signed_since = now.plus_seconds(-VERDICTS_LIVE_SECONDS);
        let records = tx.signing_keys().published(now, signed_since).await?;
        tx.end().await?;
        let keys: Result<Vec<_>, _> =
            records.iter().map(|record| lease::PublicKey::from_bytes(record.public)).collect();
        let keys =
            keys.map_err(|error| Error::Internal("a published key is damaged", Some(Box::new(error))))?;
        let json = lease::KeySet::new(keys).to_json();
        let digest = Sha256::digest(json.as_bytes());
        let etag = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(PublishedKeys { json, etag })
    }

    /// All signing keys of a tenant, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn signing_keys(&self, tenant: &Tenant) -> Result<Vec<SigningKeyRecord>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let keys = tx.signing_keys().all().await?;
        tx.end().await?;
        Ok(keys)
    }

    /// Lets the published next key sign, retires the one that signed, and publishes a new next key.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is no next key, or another request rotates them at the same time;
    /// [`Error::Unavailable`] and [`Error::Internal`], with nothing changed.
    pub async fn rotate_keys(&self, tenant: &Tenant, call: &Call) -> Result<Vec<SigningKeyRecord>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if !tx.signing_keys().advance(now).await? {
            drop(tx);
            let keys = self.signing_keys(tenant).await?;
            let has_next = keys.iter().any(|key| key.state == KeyState::Next);
            return Err(Error::Conflict(if has_next {
                "the signing keys were rotated by another request at the same time".into()
            } else {
                "there is no next signing key to rotate to: prepare one first, and give apps time to learn it"
                    .into()
            }));
        }
        self.make_key(&mut tx, tenant.id, call, KeyState::Next, now).await?;
        let keys = tx.signing_keys().all().await?;
        if let Some(active) = keys.iter().find(|key| key.state == KeyState::Active) {
            let entry = Entry::done(Action::KeyRotate, Subject::Key(active.id.clone()), json!({}));
            self.audit(&mut tx, call, now, entry).await?;
        }
        self.commit(tx).await?;
        Ok(keys)
    }

    /// Makes a signing key.
    pub(crate) async fn make_key(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        call: &Call,
        state: KeyState,
        now: Timestamp,
    ) -> Result<(), Error> {
        let record = self.new_key(tenant, state, now)?;
        tx.signing_keys().insert(&record).await?;
        let entry = Entry::done(Action::KeyCreate, Subject::Key(record.id), json!({ "state": state.code() }));
        self.audit(tx, call, now, entry).await
    }

    /// A new signing key, its private half sealed.
    pub(crate) fn new_key(
        &self,
        tenant: TenantId,
        state: KeyState,
        now: Timestamp,
    ) -> Result<SigningKeyRecord, Error> {
        let seed = Zeroizing::new(self.inner.entropy.bytes::<32>());
        let key = lease::SigningKey::from_seed(*seed);
        let id = KeyId::parse(key.kid()).map_err(|invalid| {
            Error::Internal("a thumbprint has the wrong shape", Some(Box::new(invalid)))
        })?;
        let (vault, entropy) = (&self.inner.vault, &self.inner.entropy);
        Ok(SigningKeyRecord {
            state,
            public: key.public().to_bytes(),
            sealed_private: vault.seal(entropy, tenant, Purpose::SigningKey, id.as_str(), seed.as_slice())?,
            created_at: now,
            activated_at: (state == KeyState::Active).then_some(now),
            retired_at: None,
            leases_until: None,
            id,
        })
    }
}
