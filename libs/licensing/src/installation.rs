//! What all verbs work with.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use model::{KeyId, TenantId};
use store::Store;

use crate::{
    Clock, Entropy, Error, MasterKey, RedisHealth, Surroundings, audit::EventOrder, bookkeeping::Bookkeeping,
    recent::Recent, vault::Vault,
};

/// The use cases over one database. Cheap to clone.
#[derive(Clone)]
pub struct Licensing {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) bookkeeping: Bookkeeping,
    pub(crate) event_order: EventOrder,
    pub(crate) recent: Recent,
    /// Signing keys that were opened already. A key never changes under its identifier.
    pub(crate) signing_keys: Mutex<HashMap<(TenantId, KeyId), Arc<lease::SigningKey>>>,
}

impl Licensing {
    /// Opens the use cases over a migrated database.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the database belongs to another master key; [`Error::Unavailable`] and
    /// [`Error::Internal`].
    pub async fn open(
        store: Store,
        master: &MasterKey,
        clock: Clock,
        entropy: Entropy,
        surroundings: Surroundings,
    ) -> Result<Self, Error> {
        lease::install_crypto_provider();
        let vault = Vault::new(master.clone());
        let check = vault.check();
        let mut platform = store.platform().await?;
        let kept = platform.master_key_check(&check, clock.now()).await?;
        platform.commit().await?;
        if kept != check {
            return Err(Error::Conflict(
                "the database was made with another master key: its stored keys cannot be used with this one"
                    .into(),
            ));
        }
        let bookkeeping = Bookkeeping::default();
        let signing_keys = Mutex::default();
        let epoch = store.cache_epoch().await?;
        let recent = Recent::new(surroundings, u64::from_be_bytes(entropy.bytes()), epoch);
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                vault,
                clock,
                entropy,
                bookkeeping,
                event_order: EventOrder::default(),
                recent,
                signing_keys,
            }),
        })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.inner.store.ping().await?)
    }

    /// How it stands with Redis.
    #[must_use]
    pub fn redis_health(&self) -> RedisHealth {
        self.inner.recent.ephemeral.health()
    }

    /// The clock that all verbs use.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// A new identifier for a request, sorted by time.
    #[must_use]
    pub fn request_id(&self) -> Arc<str> {
        let id = self.inner.entropy.uuid(self.inner.clock.now());
        Arc::from(&*id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()))
    }
}
