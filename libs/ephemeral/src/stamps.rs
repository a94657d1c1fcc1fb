//! Stamps: names that are never given twice.

use std::sync::atomic::{AtomicU64, Ordering};

/// Names the state of a tenant, or of a license, between two changes. No two are ever the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp([u8; 16]);

impl Stamp {
    pub(crate) const fn bytes(self) -> [u8; 16] {
        self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// Makes stamps: a number that is this process's alone, and a count.
pub(crate) struct Stamper {
    instance: u64,
    next: AtomicU64,
}

impl Stamper {
    pub(crate) const fn new(instance: u64) -> Self {
        Self { instance, next: AtomicU64::new(0) }
    }

    pub(crate) fn next(&self) -> Stamp {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Stamp(((u128::from(self.instance) << 64) | u128::from(number)).to_be_bytes())
    }
}
