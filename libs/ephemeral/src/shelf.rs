//! What a process holds of what it loaded.

use std::{hash::Hash, time::Duration};

use moka::sync::Cache;

use crate::LIFETIME_SECONDS;

/// A bounded number of things that were loaded a moment ago, each for at most [`LIFETIME_SECONDS`].
#[derive(Clone)]
pub struct Shelf<K, V> {
    cache: Cache<K, V>,
}

impl<K, V> Shelf<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A shelf for so many things.
    #[must_use]
    pub fn new(most: u64) -> Self {
        let lifetime = Duration::from_secs(LIFETIME_SECONDS);
        Self { cache: Cache::builder().max_capacity(most).time_to_live(lifetime).build() }
    }

    /// What is there.
    pub fn get(&self, key: &K) -> Option<V> {
        self.cache.get(key)
    }

    /// Puts something there.
    pub fn put(&self, key: K, value: V) {
        self.cache.insert(key, value);
    }

    /// Removes what is there.
    pub fn remove(&self, key: &K) {
        self.cache.invalidate(key);
    }
}
