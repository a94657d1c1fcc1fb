//! Eras: all that was loaded before is void when one ends.

use std::{
    sync::{
        Arc, Mutex as SyncMutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Instant,
};

use store::Store;
use tokio::sync::Mutex;

use super::Role;
use crate::{Error, Licensing};

/// What is known of the epoch in the database.
pub(crate) struct Eras {
    /// Grows whenever all that was loaded before is void.
    era: AtomicU64,
    /// As it was last read.
    epoch: AtomicI64,
    /// How often Redis was out of reach when all was last made void.
    interruptions: AtomicU64,
    /// When the epoch was last read.
    seen: Arc<SyncMutex<Instant>>,
    /// How often somebody wanted the epoch to be raised.
    wanted: AtomicU64,
    /// Up to which of those wants it was raised.
    raised: Mutex<u64>,
}

impl Eras {
    pub(super) fn new(epoch: i64, interruptions: u64) -> Self {
        Self {
            era: AtomicU64::new(0),
            epoch: AtomicI64::new(epoch),
            interruptions: AtomicU64::new(interruptions),
            seen: Arc::new(SyncMutex::new(Instant::now())),
            wanted: AtomicU64::new(0),
            raised: Mutex::new(0),
        }
    }

    /// The era of now.
    pub(super) fn now(&self) -> u64 {
        self.era.load(Ordering::SeqCst)
    }

    /// The epoch as it was last read, for what many servers share.
    pub(super) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// When the epoch was last read.
    pub(super) fn seen(&self) -> Arc<SyncMutex<Instant>> {
        Arc::clone(&self.seen)
    }

    /// Ends the era of this process.
    fn end(&self) {
        self.era.fetch_add(1, Ordering::SeqCst);
    }

    fn note(&self, epoch: i64) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        // The epoch first: whoever sees the new era keeps things under the new epoch.
        if self.epoch.swap(epoch, Ordering::SeqCst) != epoch {
            self.end();
        }
    }

    /// Raises the epoch in the database, once for all who want it while another is raising it.
    async fn raise(&self, store: &Store) -> Result<(), store::Error> {
        let mine = self.wanted.fetch_add(1, Ordering::SeqCst) + 1;
        let mut raised = self.raised.lock().await;
        if *raised >= mine {
            return Ok(());
        }
        let all = self.wanted.load(Ordering::SeqCst);
        self.note(store.bump_cache_epoch().await?);
        *raised = all;
        Ok(())
    }
}

impl Licensing {
    /// Looks whether others have changed something, and makes all void that was loaded before. A server calls this
    /// each [`crate::EPOCH_PERIOD`].
    ///
    /// # Errors
    /// [`Error::Unavailable`]: what was loaded is then used for as long as its time lasts.
    pub async fn watch_epoch(&self) -> Result<(), Error> {
        let eras = &self.inner.recent.eras;
        let interruptions = self.inner.recent.ephemeral.interruptions();
        if interruptions != eras.interruptions.load(Ordering::SeqCst) {
            // Redis may have lost stamps, or have them as they were before.
            eras.raise(&self.inner.store).await?;
            eras.interruptions.store(interruptions, Ordering::SeqCst);
        }
        eras.note(self.inner.store.cache_epoch().await?);
        Ok(())
    }

    /// Makes all void that any server has loaded, after something has changed that no stamp tells of.
    pub(crate) async fn end_era(&self) {
        let recent = &self.inner.recent;
        recent.eras.end();
        if recent.servers == Role::Alone {
            return;
        }
        if let Err(error) = recent.eras.raise(&self.inner.store).await {
            let seconds = ephemeral::LIFETIME_SECONDS;
            tracing::error!(%error, seconds, "other servers may use what they loaded before a change for so long");
        }
    }
}
