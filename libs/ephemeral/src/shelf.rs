//! What a process holds of what it loaded.

use std::{
    hash::Hash,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;

use crate::LIFETIME_SECONDS;

const LIFETIME: Duration = Duration::from_secs(LIFETIME_SECONDS);

/// A bounded number of things that were loaded a moment ago, each for at most [`LIFETIME_SECONDS`], and not all equally
/// long: what was put there at the same time is not all loaded again at the same time.
pub struct Shelf<K, V> {
    /// Each with the instant until which it is there.
    cache: Cache<K, (Instant, V)>,
    /// How many were put there.
    puts: AtomicU64,
}

impl<K, V> Shelf<K, V>
where
    K: Hash + Eq,
    V: Clone,
{
    /// A shelf for so many things.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { cache: Cache::new(most), puts: AtomicU64::new(0) }
    }

    /// What is there.
    pub fn get(&self, key: &K) -> Option<V> {
        let (until, value) = self.cache.get(key)?;
        (Instant::now() < until).then_some(value)
    }

    /// Puts something there.
    pub fn put(&self, key: K, value: V) {
        let lifetime = lifetime(self.puts.fetch_add(1, Ordering::Relaxed));
        self.cache.insert(key, (Instant::now() + lifetime, value));
    }

    /// Removes what is there.
    pub fn remove(&self, key: &K) {
        self.cache.remove(key);
    }
}

/// How long the thing of this number stays: at least two thirds of the lifetime. Multiples of the golden ratio are spread
/// evenly, however many there are (Knuth, The Art of Computer Programming 3, section 6.4).
fn lifetime(number: u64) -> Duration {
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    LIFETIME.mul_f64(1.0 - spread as f64 / (3.0 * f64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_together_does_not_end_together() {
        let mut per_second = [0; 30];
        for number in 0..1_000 {
            let lifetime = lifetime(number);
            assert!(lifetime <= LIFETIME);
            per_second[lifetime.as_nanos().div_ceil(1_000_000_000) as usize - 1] += 1;
        }
        assert_eq!(per_second[..20], [0; 20]);
        assert!(per_second[20..].iter().all(|many| (99..=101).contains(many)), "{per_second:?}");
    }
}
