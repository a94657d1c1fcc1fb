//! State in parts, each with its own lock, so that those who need different parts do not wait for each other.

use std::{
    hash::{BuildHasher as _, Hash},
    sync::{Mutex, MutexGuard, PoisonError},
};

use foldhash::quality::RandomState;

const PARTS: u64 = 64;

pub(crate) struct Parts<T> {
    hasher: RandomState,
    parts: Vec<Mutex<T>>,
}

impl<T: Default> Default for Parts<T> {
    fn default() -> Self {
        let parts = std::iter::repeat_with(Mutex::default).take(PARTS as usize).collect();
        Self { hasher: RandomState::default(), parts }
    }
}

impl<T> Parts<T> {
    /// The part of all with this key. What is in there must be right after every statement, so that it still is after a
    /// panic.
    pub(crate) fn of(&self, key: impl Hash) -> Option<MutexGuard<'_, T>> {
        let index = usize::try_from(self.hasher.hash_one(key) % PARTS).unwrap_or_default();
        self.parts.get(index).map(|part| part.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
