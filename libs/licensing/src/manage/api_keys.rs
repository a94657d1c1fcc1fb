//! API keys: make, show, revoke, and recognise when they are presented.

use model::{Action, ApiKey, ApiKeyId, ApiKeyToken, Invalid, Name, Scopes, Subject, Tenant, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{Page, Tx};
use subtle::ConstantTimeEq as _;

use crate::{Answer, Call, Error, Idempotency, Licensing, audit::Entry};

/// An API key to make.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its name for people.
    pub name: Name,
    /// What it may do.
    pub scopes: Scopes,
    /// The first instant at which it counts no more; never when absent.
    pub expires_at: Option<Timestamp>,
}

/// How much later than the last time a use of an API key is written down.
const TOUCH_SECONDS: i64 = 60;

impl Licensing {
    /// Makes an API key; gives it with its secret, which cannot be seen again.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it would be expired already; [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn create_api_key(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewApiKey,
    ) -> Result<(ApiKey, ApiKeyToken), Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let made = self.make_api_key(&mut tx, call, new, now).await?;
        self.commit(tx).await?;
        Ok(made)
    }

    /// Makes an API key, once for an idempotency key.
    ///
    /// # Errors
    /// Those of [`Self::create_api_key`], and of idempotency keys.
    pub async fn create_api_key_once(
        &self,
        tenant: &Tenant,
        call: &Call,
        new: NewApiKey,
        idempotency: Option<Idempotency<'_, (ApiKey, ApiKeyToken)>>,
    ) -> Result<Answer<(ApiKey, ApiKeyToken)>, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        if let Some(answer) = self.claim(&mut tx, tenant, idempotency.as_ref(), now).await? {
            return Ok(Answer::Replayed(answer));
        }
        let made = self.make_api_key(&mut tx, call, new, now).await?;
        self.settle(tx, tenant, idempotency.as_ref(), Ok(made)).await
    }

    pub(crate) async fn make_api_key(
        &self,
        tx: &mut Tx,
        call: &Call,
        new: NewApiKey,
        now: Timestamp,
    ) -> Result<(ApiKey, ApiKeyToken), Error> {
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::Invalid { field: "expires_at", invalid: Invalid::new("in the future") });
        }
        let token = ApiKeyToken::generate(&self.inner.entropy.bytes())
            .ok_or(Error::Internal("randomness did not suffice for an API key", None))?;
        let key = ApiKey {
            id: ApiKeyId::from_uuid(self.inner.entropy.uuid(now)),
            public_id: token.public_id().to_owned(),
            name: new.name,
            scopes: new.scopes,
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        if !tx.api_keys().insert(&key, &hash(&token)).await? {
            return Err(Error::Internal("two API keys were given one name", None));
        }
        let details = json!({
            "name": key.name.as_str(),
            "public_id": key.public_id,
            "scopes": key.scopes.to_string(),
            "expires_at": key.expires_at.map(|at| at.to_string()),
        });
        self.audit(tx, call, now, Entry::done(Action::ApiKeyCreate, Subject::ApiKey(key.id), details))
            .await?;
        Ok((key, token))
    }

    /// The API key that was presented, if it is one of the tenant and counts. Its use is noted, within a minute.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn authenticate(&self, tenant: &Tenant, token: &ApiKeyToken) -> Result<Option<ApiKey>, Error> {
        let now = self.inner.clock.now();
        // Hashed whether there is such a key or not, so that both take the same time.
        let presented = hash(token);
        let mut tx = self.inner.store.read(tenant.id).await?;
        let found = tx.api_keys().by_public_id(token.public_id()).await?;
        tx.end().await?;
        let key = found
            .filter(|found| bool::from(found.secret_hash.ct_eq(&presented)))
            .map(|found| found.key)
            .filter(|key| key.is_good(now));
        if let Some(key) = &key
            && key.last_used_at.is_none_or(|last| last.plus_seconds(TOUCH_SECONDS) <= now)
        {
            self.inner.bookkeeping.touch(tenant.id, key.id, now);
        }
        Ok(key)
    }

    /// A piece of the list of API keys.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn api_keys(&self, tenant: &Tenant, page: &Page) -> Result<Vec<ApiKey>, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let keys = tx.api_keys().list(page).await?;
        tx.end().await?;
        Ok(keys)
    }

    /// The API key of that identifier.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn api_key(&self, tenant: &Tenant, id: ApiKeyId) -> Result<ApiKey, Error> {
        let mut tx = self.inner.store.read(tenant.id).await?;
        let key = tx.api_keys().by_id(id).await?;
        tx.end().await?;
        key.ok_or(Error::NotFound("API key"))
    }

    /// Revokes an API key: it counts no more from now on. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`] and [`Error::Internal`].
    pub async fn revoke_api_key(&self, tenant: &Tenant, call: &Call, id: ApiKeyId) -> Result<ApiKey, Error> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.write(tenant.id).await?;
        let revoked = tx.api_keys().revoke(id, now).await?;
        let key = tx.api_keys().by_id(id).await?.ok_or(Error::NotFound("API key"))?;
        if revoked {
            let details = json!({ "name": key.name.as_str(), "public_id": key.public_id });
            self.audit(&mut tx, call, now, Entry::done(Action::ApiKeyRevoke, Subject::ApiKey(id), details))
                .await?;
        }
        self.commit(tx).await?;
        Ok(key)
    }
}

/// SHA-256 of the whole key. Its 256 random bits need no slow hash.
fn hash(token: &ApiKeyToken) -> [u8; 32] {
    Sha256::digest(token.reveal().as_bytes()).into()
}
