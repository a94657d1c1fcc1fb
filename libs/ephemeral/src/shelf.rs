//! What a process holds of what it loaded.

use std::{
    hash::Hash,
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;

use crate::LIFETIME_SECONDS;

const LIFETIME: Duration = Duration::from_secs(LIFETIME_SECONDS);

/// A bounded number of things that were loaded a moment ago, each for at most [`LIFETIME_SECONDS`].
pub struct Shelf<K, V> {
    /// Each with the instant at which it was put there.
    cache: Cache<K, (Instant, V)>,
}

impl<K, V> Shelf<K, V>
where
    K: Hash + Eq,
    V: Clone,
{
    /// A shelf for so many things.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { cache: Cache::new(most) }
    }

    /// What is there.
    pub fn get(&self, key: &K) -> Option<V> {
        let (put, value) = self.cache.get(key)?;
        (put.elapsed() < LIFETIME).then_some(value)
    }

    /// Puts something there.
    pub fn put(&self, key: K, value: V) {
        self.cache.insert(key, (Instant::now(), value));
    }

    /// Removes what is there.
    pub fn remove(&self, key: &K) {
        self.cache.remove(key);
    }
}
