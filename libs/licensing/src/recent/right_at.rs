//! Since when something that is held may be wrong.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// For how long at most something is used again of which Redis does not say whether it is still as it was loaded: so long
/// that an outage of Redis is none of the database, which then answers what is asked again and again.
pub(super) const UNTOLD: Duration = Duration::from_secs(2);

/// An instant at which something that is held was so in the database.
#[derive(Debug)]
pub(super) struct RightAt(Mutex<Instant>);

impl RightAt {
    /// It is loaded after `begun`.
    pub(super) const fn new(begun: Instant) -> Self {
        Self(Mutex::new(begun))
    }

    /// Redis says that it is still right, to one who asked after `asked`.
    pub(super) fn confirm(&self, asked: Instant) {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *at = asked.max(*at);
    }

    /// How long ago that was.
    pub(super) fn age(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_confirmed_is_younger_and_never_older() {
        let now = Instant::now();
        let right_at = RightAt::new(now);
        right_at.confirm(now.checked_sub(UNTOLD).unwrap());
        assert!(right_at.age() < UNTOLD);
        let before = RightAt::new(now.checked_sub(UNTOLD).unwrap());
        assert!(before.age() >= UNTOLD);
        before.confirm(now);
        assert!(before.age() < UNTOLD);
    }
}
