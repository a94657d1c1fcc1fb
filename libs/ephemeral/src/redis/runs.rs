//! Which servers of Redis this process was connected to, and whether one of them may know stamps as they were.

use std::time::{Duration, Instant};

use crate::LIFETIME_SECONDS;

/// Names a server from its start to its end.
pub(crate) type Run = [u8; 8];

/// A server as it was when a connection was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) run: Run,
    /// Names what it holds since it was last a replica. This may change while it runs, so it is not in keys.
    pub(crate) history: Option<Run>,
}

/// For how long a server may know a stamp under which something is still held: with room for clocks.
const REMEMBERED: Duration = Duration::from_secs(2 * LIFETIME_SECONDS);

/// The servers of a process, as far as it matters.
#[derive(Default)]
pub(super) struct Runs {
    /// The one it is or was last connected to, if it was to any.
    last: Option<Option<Seen>>,
    /// Those it was connected to before, and when it was connected to another.
    left: Vec<(Run, Instant)>,
}

impl Runs {
    /// A connection is made. Says whether stamps may be known there from a time before changes that were told elsewhere: so
    /// it may be where the server cannot be named, unless it is the first; where it was a replica meanwhile; and where it is
    /// there again after another had taken its place.
    pub(super) fn connected(&mut self, seen: Option<Seen>, now: Instant) -> bool {
        let Some(last) = self.last.replace(seen) else { return false };
        let Some(seen) = seen else {
            self.left.extend(last.map(|last| (last.run, now)));
            return true;
        };
        if let Some(last) = last.filter(|last| last.run == seen.run) {
            return last != seen;
        }
        self.left.retain(|(_, at)| now.duration_since(*at) < REMEMBERED);
        self.left.extend(last.map(|last| (last.run, now)));
        let many = self.left.len();
        self.left.retain(|(run, _)| *run != seen.run);
        self.left.len() < many
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Option<Seen> = Some(Seen { run: *b"aaaaaaaa", history: Some(*b"00000000") });
    const B: Option<Seen> = Some(Seen { run: *b"bbbbbbbb", history: Some(*b"11111111") });
    const A_AFTER_B: Option<Seen> = Some(Seen { run: *b"aaaaaaaa", history: Some(*b"22222222") });

    /// What is said of connections that are made one second after the other.
    fn said(runs: &[Option<Seen>]) -> Vec<bool> {
        let (mut all, start) = (Runs::default(), Instant::now());
        let at = |second| start + Duration::from_secs(second);
        runs.iter().zip(0..).map(|(run, second)| all.connected(*run, at(second))).collect()
    }

    #[test]
    fn a_server_that_can_be_named_knows_nothing_old() {
        assert_eq!(said(&[A, A, A]), [false, false, false]);
        assert_eq!(said(&[A, B, B]), [false, false, false]);
    }

    #[test]
    fn what_cannot_be_named_may_be_anything() {
        assert_eq!(said(&[None, None, A, None]), [false, true, false, true]);
    }

    #[test]
    fn a_server_that_was_left_knows_what_was_before() {
        assert_eq!(said(&[A, B, A, A]), [false, false, true, false]);
        assert_eq!(said(&[A, None, A]), [false, true, true]);
    }

    #[test]
    fn a_server_that_was_a_replica_holds_what_another_had() {
        assert_eq!(said(&[A, A_AFTER_B, A_AFTER_B]), [false, true, false]);
    }

    #[test]
    fn nothing_is_held_for_so_long_that_a_server_left_long_ago_matters() {
        let (mut runs, start) = (Runs::default(), Instant::now());
        runs.connected(A, start);
        runs.connected(B, start);
        assert!(!runs.connected(A, start + REMEMBERED));
        assert!(runs.connected(B, start + REMEMBERED));
    }
}
