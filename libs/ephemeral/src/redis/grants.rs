//! What Redis grants ahead of time.
//!
//! Whoever asks the same again and again (for the same limits, about the same license that has not changed) need not ask
//! Redis each time. A command takes of the limits for the next moment as well, as many as were asked for in the one before,
//! and marks in Redis that this server relies on the license for so long. Whoever changes the license replaces its stamp,
//! and then waits for the mark to expire before the change is acknowledged. So no more is let in than the limits allow,
//! and nobody is given what was loaded before a change that was acknowledged.

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

/// The most that is granted at once.
pub(super) const MOST_AHEAD: u16 = 1_000;

/// No more than this part of what is left is taken ahead, so that others who ask for the same limit find some.
const SHARE: u32 = 8;

/// So many times of what was asked for is granted at most: one who has asked twice in quick succession may never again.
const GROWTH: u32 = 4;

/// The most that a part remembers.
const MOST: usize = 256;

/// What those ask who ask again and again.
pub(super) struct Grants {
    clock: Clock,
    parts: Parts<Part>,
}

type Part = HashMap<Box<[u8]>, Asker, RandomState>;

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

pub(super) struct Grant {
    /// The connection over which it was given.
    connection: u64,
    until: Instant,
    left: u16,
    used: u16,
    /// The debts of all limits when it was given, and when that was.
    debts: Vec<u64>,
    given: Duration,
}

/// How an ask is to be answered.
pub(super) enum Ahead {
    /// Like this.
    Answered(Answer),
    /// By Redis, which is to grant so many more.
    Ask(u16),
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
        let Some(mut part) = self.parts.of(&same.bytes) else { return Ahead::Ask(0) };
        if let Some(asker) = part.get_mut(same.bytes.as_slice()) {
            return match asker.take(up, now) {
                Some(grant) => Ahead::Answered(grant.answer(ask, same.held, self.clock.now())),
                None => Ahead::Ask(asker.plan(now)),
            };
        }
        if part.len() >= MOST {
            part.retain(|_, asker| asker.is_known(now));
            if part.len() >= MOST {
                part.clear();
            }
        }
        part.insert(same.bytes.as_slice().into(), Asker::new(now));
        Ahead::Ask(0)
    }

    /// Notes what Redis answered to who asked for so many ahead, and granted.
    pub(super) fn note(
        &self,
        same: &Same,
        ask: &Ask<'_>,
        answer: &Answer,
        ahead: u16,
        granted: Option<Grant>,
    ) {
        let Some(mut part) = self.parts.of(&same.bytes) else { return };
        let Some(asker) = part.get_mut(same.bytes.as_slice()) else { return };
        asker.room = room(ask, answer);
        if ahead > 0 {
            asker.waits = false;
            // What has changed meanwhile is not marked.
            let of_use = granted.filter(|_| asker.room > 0 && answer.license == Found::Current);
            asker.grant = of_use.map(|grant| Grant { given: self.clock.now(), ..grant });
        }
    }
}

impl Asker {
    const fn new(now: Instant) -> Self {
        Self { begun: now, answered: 0, waits: false, room: 0, grant: None }
    }

    /// Whether what is known of it may be of use.
    fn is_known(&self, now: Instant) -> bool {
        now.duration_since(self.begun) < GROWTH * LASTING
    }

    fn take(&mut self, up: &Up, now: Instant) -> Option<&Grant> {
        let lasts = |grant: &&mut Grant| grant.until > now && grant.connection == up.serial();
        let grant = self.grant.as_mut().filter(lasts)?;
        grant.left = grant.left.checked_sub(1)?;
        grant.used += 1;
        self.answered += 1;
        Some(grant)
    }

    /// How many to ask for ahead, so that they last as long as a grant does.
    fn plan(&mut self, now: Instant) -> u16 {
        let gone = now.duration_since(self.begun);
        if self.waits && gone < LASTING {
            self.answered += 1;
            return 0;
        }
        let asked = self.answered.saturating_add(1);
        let expected = if self.is_known(now) { LASTING * asked } else { Duration::ZERO };
        let expected = expected.as_micros().checked_div(gone.as_micros()).unwrap_or(u128::MAX);
        let most = asked.saturating_mul(GROWTH).min(self.room).min(MOST_AHEAD.into());
        let ahead = u32::try_from(expected).unwrap_or(u32::MAX).min(most);
        let ahead = u16::try_from(ahead).unwrap_or(MOST_AHEAD);
        *self = Self { waits: ahead > 0, room: self.room, ..Self::new(now) };
        ahead
    }
}

impl Grant {
    /// One of so many, to who asked for it at `asked`; `debts` are those of the limits without it.
    pub(super) fn new(up: &Up, asked: Instant, left: u16, debts: Vec<u64>) -> Self {
        let (connection, until) = (up.serial(), asked + LASTING);
        Self { connection, until, left, used: 0, debts, given: Duration::ZERO }
    }

    /// Answers as Redis would, had it been asked for no more than was used.
    fn answer(&self, ask: &Ask<'_>, held: Stamps, now: Duration) -> Answer {
        let passed = u64::try_from(now.saturating_sub(self.given).as_nanos()).unwrap_or(u64::MAX);
        let standing = |(limit, debt): (&Limit<'_>, &u64)| {
            let bucket = Bucket::of(limit.quota);
            let taken = if limit.take { bucket.period * u64::from(self.used) } else { 0 };
            bucket.standing((debt + taken).saturating_sub(passed))
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

/// How many may be taken ahead. None of who has presented wrong keys, which are counted elsewhere too.
fn room(ask: &Ask<'_>, answer: &Answer) -> u32 {
    let limits = || ask.limits.iter().zip(&answer.limits);
    let guesses = limits().any(|(limit, standing)| {
        !limit.take && limit.scope != Scope::WrongKeysOfTenant && standing.full_after > 0
    });
    let least = limits().filter(|(limit, _)| limit.take).map(|(_, standing)| standing.left).min();
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
            assert_eq!(asker.plan(now), ahead, "{answered} in {milliseconds} ms");
            assert_eq!((asker.begun, asker.answered), (now, 0));
        }
    }

    #[test]
    fn no_more_is_asked_for_than_there_is_room() {
        for room in [0, 1, 3] {
            let mut asker = known(room, 9);
            let now = after(&asker, 100);
            assert_eq!(u32::from(asker.plan(now)), room);
        }
    }

    #[test]
    fn one_asks_ahead_and_the_others_meanwhile_for_themselves() {
        let mut asker = known(100, 3);
        let now = after(&asker, 100);
        assert_eq!(asker.plan(now), 10);
        assert_eq!(asker.plan(after(&asker, 1)), 0);
        assert_eq!(asker.plan(after(&asker, 2)), 0);
        // Nothing was heard of it.
        let now = after(&asker, 250);
        assert_eq!(asker.plan(now), 3);
    }
}
