//! What Redis grants ahead of time.
//!
//! Whoever asks the same again and again (for the same limits, about the same license that has not changed) need not ask
//! Redis each time. A command takes of the limits for the next moment as well, as many as were asked for in the one before,
//! and marks in Redis that this server relies on the license for so long. Whoever changes the license replaces its stamp,
//! and then waits for the mark to expire before the change is acknowledged. So no more is let in than the limits allow,
//! and nobody is given what was loaded before a change that was acknowledged.
//!
//! Before a grant ends the next is asked for beside the answers, so that nobody waits for Redis who goes on asking.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use foldhash::quality::RandomState;
use redis::Value;

use super::link::Up;
use crate::{Answer, Ask, Clock, Found, Limit, Scope, Stamps, gcra::Bucket, parts::Parts};

/// How long a grant lasts from when it was asked for, and so the longest that a change has to wait.
pub(super) const LASTING: Duration = Duration::from_millis(250);

/// How long Redis is told that it lasts: longer, as clocks do not run alike.
pub(super) const MARKED: Duration = Duration::from_millis(260);

/// When it has so much time left, or less, the next is asked for.
const ENDING: Duration = Duration::from_millis(125);

/// The most that is granted at once.
pub(super) const MOST_AHEAD: u16 = 1_000;

/// No more than this part of what is left is taken ahead, so that others who ask for the same limit find some.
const SHARE: u32 = 8;

/// So many times of what was asked for is granted at most: one who has asked twice in quick succession may never again.
const GROWTH: u32 = 4;

/// For so long it is known what was asked.
const KNOWN: Duration = Duration::from_secs(1);

/// The most that a part remembers, and how many it remembers at least before it looks for what is of no use any more.
const MOST: usize = 256;
const FEW: usize = 16;

/// What those ask who ask again and again.
pub(super) struct Grants {
    clock: Clock,
    parts: Parts<Part>,
}

#[derive(Default)]
struct Part {
    askers: HashMap<Box<[u8]>, Asker, RandomState>,
    /// With so many, it is time to forget those that are of no use any more.
    many: usize,
}

/// What an ask has in common with those that it may be granted with.
pub(super) struct Same {
    bytes: Vec<u8>,
    held: Stamps,
}

/// All who ask the same.
struct Asker {
    /// When Redis was asked last.
    begun: Instant,
    /// How many were answered since then, without it.
    answered: u32,
    /// Whether something was asked for ahead then, and is not known yet.
    waits: bool,
    /// How many may be asked for ahead, as far as is known.
    room: u32,
    grant: Option<Grant>,
}

struct Grant {
    /// The connection over which it was given.
    connection: u64,
    until: Instant,
    left: u32,
    /// How many there were.
    many: u32,
    /// How many were used, less those that were left of the grant before and are in the debts.
    used: i64,
    /// The debts of all limits when it was given, without it, and when that was.
    debts: Vec<u64>,
    given: Duration,
}

/// What Redis is asked for ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct More {
    /// How many; never none.
    pub(super) many: u16,
    connection: u64,
    asked: Instant,
}

/// What an answer says of the asks that come after it.
pub(super) struct Outlook {
    /// Whether what is held of the license is right still. What has changed is not marked.
    pub(super) is_current: bool,
    /// How many may be asked for ahead.
    pub(super) room: u32,
    /// Where what was asked for ahead is taken: the debts of the limits before that was.
    pub(super) taken: Option<Vec<u64>>,
}

/// How an ask is to be answered.
pub(super) enum Ahead {
    /// Like this, while Redis is asked for these.
    Answered(Answer, Option<More>),
    /// By Redis, which is to grant these as well.
    Ask(Option<More>),
}

impl Same {
    /// Nothing for an ask that is not granted ahead: without limits nothing says how often it may be made, and without
    /// a license that the asker holds each is about something else.
    pub(super) fn of(ask: &Ask<'_>) -> Option<Self> {
        let look_up = ask.license?;
        let held = look_up.held?;
        if !ask.limits.iter().any(|limit| limit.take) {
            return None;
        }
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(ask.tenant.uuid().as_bytes());
        bytes.extend_from_slice(look_up.key_hash);
        bytes.extend_from_slice(&held.tenant.0);
        bytes.extend_from_slice(&held.license.0);
        for Limit { scope, of, quota, take } in ask.limits {
            bytes.push(*scope as u8);
            bytes.push(u8::from(*take));
            bytes.extend_from_slice(&quota.count().to_le_bytes());
            bytes.extend_from_slice(&quota.seconds().to_le_bytes());
            bytes.extend_from_slice(&of.len().to_le_bytes());
            bytes.extend_from_slice(of);
        }
        Some(Self { bytes, held })
    }
}

impl Grants {
    /// The limits follow a clock.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, parts: Parts::default() }
    }

    /// Takes one of what was granted, or says what to ask for.
    pub(super) fn ask(&self, same: &Same, ask: &Ask<'_>, up: &Up, now: Instant) -> Ahead {
        let Some(mut part) = self.parts.of(&same.bytes) else { return Ahead::Ask(None) };
        if let Some(asker) = part.askers.get_mut(same.bytes.as_slice()) {
            let more = |many| More { many, connection: up.serial(), asked: now };
            let Some(grant) = asker.take(up.serial(), now) else {
                return Ahead::Ask(asker.plan(now).map(more));
            };
            let answer = grant.answer(ask, same.held, self.clock.now());
            return Ahead::Answered(answer, asker.renew(now).map(more));
        }
        part.make_room(now);
        part.askers.insert(same.bytes.as_slice().into(), Asker::new(now));
        Ahead::Ask(None)
    }

    /// Notes what Redis answered to who asked for these ahead.
    pub(super) fn note(&self, same: &Same, outlook: Outlook, more: Option<More>) {
        let Some(mut part) = self.parts.of(&same.bytes) else { return };
        let Some(asker) = part.askers.get_mut(same.bytes.as_slice()) else { return };
        asker.room = outlook.room;
        if !outlook.is_current {
            asker.grant = None;
        }
        let Some(more) = more else { return };
        asker.waits = false;
        if let Some(debts) = outlook.taken.filter(|_| outlook.is_current && outlook.room > 0) {
            asker.add(more, debts, self.clock.now());
        }
    }
}

impl Part {
    /// Forgets those that have not asked for a while, so that there are never more than twice as many as do.
    fn make_room(&mut self, now: Instant) {
        if self.askers.len() < self.many.max(FEW) {
            return;
        }
        self.askers.retain(|_, asker| asker.is_known(now));
        if self.askers.len() >= MOST {
            self.askers.clear();
        }
        self.many = (2 * self.askers.len()).min(MOST);
    }
}

impl Asker {
    const fn new(now: Instant) -> Self {
        Self { begun: now, answered: 0, waits: false, room: 0, grant: None }
    }

    /// Whether what is known of it may be of use.
    fn is_known(&self, now: Instant) -> bool {
        now.duration_since(self.begun) < KNOWN
    }

    /// Whether it is soon to be heard what Redis grants.
    fn waits(&self, now: Instant) -> bool {
        self.waits && now.duration_since(self.begun) < LASTING
    }

    fn take(&mut self, connection: u64, now: Instant) -> Option<&Grant> {
        let lasts = |grant: &&mut Grant| grant.until > now && grant.connection == connection;
        let grant = self.grant.as_mut().filter(lasts)?;
        grant.left = grant.left.checked_sub(1)?;
        grant.used += 1;
        self.answered += 1;
        Some(grant)
    }

    /// How many to ask for ahead, so that they last as long as a grant does, when Redis is to be asked anyway.
    fn plan(&mut self, now: Instant) -> Option<u16> {
        if self.waits(now) {
            self.answered += 1;
            return None;
        }
        let ahead = self.expected(self.answered.saturating_add(1), now);
        *self = Self { waits: ahead > 0, room: self.room, ..Self::new(now) };
        Some(ahead).filter(|ahead| *ahead > 0)
    }

    /// How many to ask for beside, as the grant is about to end.
    fn renew(&mut self, now: Instant) -> Option<u16> {
        let grant = self.grant.as_ref()?;
        let ends = grant.until <= now + ENDING || grant.left < grant.many / 4;
        if !ends || self.waits(now) {
            return None;
        }
        let left = u16::try_from(grant.left).unwrap_or(u16::MAX);
        let more = self.expected(self.answered, now).saturating_sub(left);
        if more == 0 {
            return None;
        }
        (self.begun, self.answered, self.waits) = (now, 0, true);
        Some(more)
    }

    /// How many will be asked for while a grant lasts, after so many were, as far as there is room.
    fn expected(&self, asked: u32, now: Instant) -> u16 {
        let gone = now.duration_since(self.begun);
        let expected = if self.is_known(now) { LASTING * asked } else { Duration::ZERO };
        let expected = expected.as_micros().checked_div(gone.as_micros()).unwrap_or(u128::MAX);
        let most = asked.saturating_mul(GROWTH).min(self.room).min(MOST_AHEAD.into());
        let expected = u32::try_from(expected).unwrap_or(u32::MAX).min(most);
        u16::try_from(expected).unwrap_or(MOST_AHEAD)
    }

    /// What was granted, beside what is left of the grant before: that is taken already, and what is marked anew holds for
    /// it as well.
    fn add(&mut self, More { many, connection, asked }: More, debts: Vec<u64>, given: Duration) {
        let last = self.grant.take().filter(|last| last.until > asked && last.connection == connection);
        let left = last.map_or(0, |last| last.left);
        let many = left + u32::from(many);
        let (until, used) = (asked + LASTING, -i64::from(left));
        self.grant = Some(Grant { connection, until, left: many, many, used, debts, given });
    }
}

impl Grant {
    /// Answers as Redis would, had it been asked for no more than was used.
    fn answer(&self, ask: &Ask<'_>, held: Stamps, now: Duration) -> Answer {
        let passed = u64::try_from(now.saturating_sub(self.given).as_nanos()).unwrap_or(u64::MAX);
        let standing = |(limit, debt): (&Limit<'_>, &u64)| {
            let bucket = Bucket::of(limit.quota);
            let period = i64::try_from(bucket.period).unwrap_or(i64::MAX);
            let taken = if limit.take { period.saturating_mul(self.used) } else { 0 };
            bucket.standing(debt.saturating_add_signed(taken).saturating_sub(passed))
        };
        let limits = ask.limits.iter().zip(&self.debts).map(standing).collect();
        Answer { limits, tenant: Some(held.tenant), license: Found::Current }
    }
}

/// How long to wait for those who rely on what was changed, given what Redis answered to who told it.
pub(super) fn remaining(told: &Value) -> Duration {
    let Value::Int(milliseconds) = told else { return Duration::ZERO };
    Duration::from_millis(u64::try_from(*milliseconds).unwrap_or_default()).min(MARKED)
}

/// How many may be taken ahead by who asked for these limits, of which some are taken. None by who has presented wrong
/// keys, which are counted elsewhere too.
pub(super) fn room(limits: impl Iterator<Item = (Scope, bool)> + Clone, answer: &Answer) -> u32 {
    let limits = limits.zip(&answer.limits);
    let guesses = limits.clone().any(|((scope, takes), standing)| {
        !takes && scope != Scope::WrongKeysOfTenant && standing.full_after > 0
    });
    let least = limits.filter(|((_, takes), _)| *takes).map(|(_, standing)| standing.left).min();
    least.filter(|_| answer.allows() && !guesses).map_or(0, |left| left / SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(asker: &Asker, milliseconds: u64) -> Instant {
        asker.begun + Duration::from_millis(milliseconds)
    }

    fn known(room: u32, answered: u32) -> Asker {
        Asker { answered, room, ..Asker::new(Instant::now()) }
    }

    #[test]
    fn as_many_are_asked_for_as_were_before() {
        for (answered, milliseconds, ahead) in [
            // Once in a while is no reason.
            (0, 251, 0),
            (0, 5_000, 0),
            (7, 1_001, 0),
            (0, 250, 1),
            (1, 250, 2),
            (6, 280, 6),
            // At once: no more than so many times of what was.
            (0, 0, 4),
            (0, 10, 4),
            (9, 25, 40),
            (900, 250, 901),
            (2_000, 250, 1_000),
        ] {
            let mut asker = known(u32::MAX, answered);
            let now = after(&asker, milliseconds);
            assert_eq!(asker.plan(now).unwrap_or(0), ahead, "{answered} in {milliseconds} ms");
            assert_eq!((asker.begun, asker.answered), (now, 0));
        }
    }

    #[test]
    fn no_more_is_asked_for_than_there_is_room() {
        for room in [0, 1, 3] {
            let mut asker = known(room, 9);
            let now = after(&asker, 100);
            assert_eq!(u32::from(asker.plan(now).unwrap_or(0)), room);
        }
    }

    #[test]
    fn one_asks_ahead_and_the_others_meanwhile_for_themselves() {
        let mut asker = known(100, 3);
        let now = after(&asker, 100);
        assert_eq!(asker.plan(now), Some(10));
        assert_eq!(asker.plan(after(&asker, 1)), None);
        assert_eq!(asker.plan(after(&asker, 2)), None);
        // Nothing was heard of it.
        let now = after(&asker, 250);
        assert_eq!(asker.plan(now), Some(3));
    }

    fn granted(many: u16) -> Asker {
        let mut asker = known(1_000, 0);
        asker.add(More { many, connection: 1, asked: asker.begun }, Vec::new(), Duration::ZERO);
        asker
    }

    #[test]
    fn the_next_grant_is_asked_for_before_this_one_ends() {
        for (used, milliseconds, more) in [
            // There is time, and enough.
            (15, 124, None),
            // As many as are missing.
            (10, 125, Some(10)),
            (16, 200, Some(16)),
            (20, 249, Some(20)),
            // It is soon used up.
            (16, 100, Some(36)),
            // Who asks less often than before has enough.
            (2, 130, None),
        ] {
            let mut asker = granted(20);
            let now = after(&asker, milliseconds);
            assert_eq!((0..used).filter(|_| asker.take(1, now).is_some()).count(), used);
            assert_eq!(asker.renew(now), more, "{used} in {milliseconds} ms");
            if more.is_some() {
                assert_eq!((asker.begun, asker.answered), (now, 0));
                // Once, until it is known what is granted.
                assert_eq!(asker.renew(after(&asker, 1)), None);
            }
        }
    }

    #[test]
    fn what_is_left_of_a_grant_is_used_with_the_next() {
        let mut asker = granted(5);
        let now = after(&asker, 130);
        assert!(asker.take(1, now).is_some());
        asker.add(More { many: 3, connection: 1, asked: now }, Vec::new(), Duration::ZERO);
        let later = after(&asker, 300);
        let used: Vec<_> = std::iter::from_fn(|| asker.take(1, later).map(|grant| grant.used)).collect();
        // The debts have the four that were left.
        assert_eq!(used, [-3, -2, -1, 0, 1, 2, 3]);
        // Of another Redis, or after the end, it begins anew.
        for (connection, milliseconds) in [(2, 130), (1, 250)] {
            let mut asker = granted(5);
            let now = after(&asker, milliseconds);
            asker.add(More { many: 3, connection, asked: now }, Vec::new(), Duration::ZERO);
            assert_eq!(std::iter::from_fn(|| asker.take(connection, now).map(|_| ())).count(), 3);
        }
    }

    #[test]
    fn who_does_not_ask_any_more_is_forgotten() {
        let mut part = Part::default();
        let begun = Instant::now();
        let mut ask = |number: u64, millisecond: u64| {
            let now = begun + Duration::from_millis(millisecond);
            part.make_room(now);
            part.askers.insert(number.to_le_bytes().into(), Asker::new(now));
            part.askers.len()
        };
        // One asks every ten milliseconds, and none of them twice: a hundred within the time for which each is known.
        let most = (0..5_000).map(|number| ask(number, 10 * number)).max();
        assert!(most.is_some_and(|most| (100..=202).contains(&most)), "{most:?}");
        // However many there are.
        let most = (5_000..9_000).map(|number| ask(number, 50_000)).max();
        assert!(most.is_some_and(|most| most <= MOST), "{most:?}");
    }
}
