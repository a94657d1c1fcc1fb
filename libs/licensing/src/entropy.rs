//! Where randomness comes from.

use std::sync::{Arc, Mutex, PoisonError};

use model::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng};
use uuid::Uuid;

/// Makes secrets and identifiers: from the operating system, or repeatably from a seed in tests.
#[derive(Clone)]
pub enum Entropy {
    /// The thread's generator, seeded and reseeded by the operating system.
    System,
    /// A generator that always makes the same values in the same order.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Entropy {
    /// A repeatable source, for tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Uniformly random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that makes randomness")]
            Self::System => rand::rng().fill_bytes(&mut bytes),
            Self::Seeded(generator) => {
                generator.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
            }
        }
        bytes
    }

    /// A uniformly random number.
    #[must_use]
    pub fn number(&self) -> u32 {
        u32::from_be_bytes(self.bytes())
    }

    /// A UUID of version 7 (RFC 9562 section 5.7): sorted by `now`, unguessable within the millisecond.
    #[must_use]
    pub fn uuid(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.unix_micros() / 1_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(…)")
    }
}
